"""P Who a box is (the identity file) and what the hub answers when it enrols: untrusted text in, frozen values out."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from appliance.errors import BadInput
from appliance.values import BoxId, parse_ip

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_PIN = re.compile(r"sha256:[0-9a-f]{64}\Z")
LARGEST_ANSWER = 256 * 1024
"""Bytes; a TUF root with a dozen keys is 6 kB."""


@dataclass(frozen=True)
class Identity:
    """Box and site, the hub's address, and the pin: the SHA-256 of the hub's authority."""

    box: BoxId
    site: BoxId
    host: str
    port: int
    pin: str

    def as_json(self, token: str | None = None) -> dict[str, Any]:
        """The identity file's content; with ``token`` as it goes onto a card."""
        hub = {"host": self.host, "port": self.port}
        values = {"box": str(self.box), "site": str(self.site), "hub": hub, "pin": self.pin}
        return values if token is None else {**values, "token": token}


@dataclass(frozen=True)
class Enrolled:
    """What the hub answered, its form checked; whether the certificate is ours is checked by who holds the key."""

    certificate: str
    mqtt_host: str
    mqtt_port: int
    catalogue_url: str
    catalogue_root: str


def pin_of(certificate_der: bytes) -> str:
    """The pin of an authority: over its whole certificate, DER."""
    return f"sha256:{hashlib.sha256(certificate_der).hexdigest()}"


def parse_identity(untrusted: Any) -> Identity:
    """Check an identity file's content. Raises BadInput."""
    values = _dict(untrusted, "the identity")
    hub = _dict(values.get("hub"), "hub")
    return Identity(
        box=BoxId(_text(values.get("box"), "box")),
        site=BoxId(_text(values.get("site"), "site")),
        host=parse_host(_text(hub.get("host"), "hub.host")),
        port=parse_port(hub.get("port")),
        pin=_pin(_text(values.get("pin"), "pin")),
    )


def parse_answer(untrusted_body: bytes) -> Enrolled:
    """Check the hub's answer to an enrolment. Raises BadInput."""
    if len(untrusted_body) > LARGEST_ANSWER:
        raise BadInput("the hub's answer is too long")
    try:
        values = _dict(json.loads(untrusted_body), "the answer")
    except (ValueError, RecursionError) as error:
        raise BadInput("the hub's answer is not JSON") from error
    mqtt, catalogue = _dict(values.get("mqtt"), "mqtt"), _dict(values.get("catalogue"), "catalogue")
    url = _text(catalogue.get("url"), "catalogue.url")
    if not re.match(r"https://[a-z0-9.:\[\]-]+/[A-Za-z0-9._~/-]*\Z", url):
        raise BadInput("catalogue.url is not an https address")
    return Enrolled(
        certificate=_text(values.get("certificate"), "certificate"),
        mqtt_host=parse_host(_text(mqtt.get("host"), "mqtt.host")),
        mqtt_port=parse_port(mqtt.get("port")),
        catalogue_url=url,
        catalogue_root=_text(catalogue.get("root"), "catalogue.root"),
    )


def parse_host(untrusted_host: str) -> str:
    """A host name in lower case or an IP address. Raises BadInput."""
    if _HOST.match(untrusted_host):
        return untrusted_host
    try:
        return str(parse_ip(untrusted_host))
    except BadInput as error:
        raise BadInput("not a host name or address", mend='for example "hub.example.org"') from error


def parse_port(untrusted_port: Any) -> int:
    """A TCP port. Raises BadInput."""
    if not isinstance(untrusted_port, int) or isinstance(untrusted_port, bool) or not 1 <= untrusted_port <= 65_535:
        raise BadInput("not a port", mend="a whole number from 1 to 65535")
    return untrusted_port


def _pin(untrusted_pin: str) -> str:
    if not _PIN.match(untrusted_pin):
        raise BadInput("not a pin", mend='copy the line "sha256:..." that campbox hub up printed')
    return untrusted_pin


def _dict(untrusted: Any, name: str) -> dict[str, Any]:
    if not isinstance(untrusted, dict):
        raise BadInput(f"{name} is missing or not an object")
    return untrusted


def _text(untrusted: Any, name: str) -> str:
    if not isinstance(untrusted, str) or not untrusted:
        raise BadInput(f"{name} is missing or not a text")
    return untrusted
