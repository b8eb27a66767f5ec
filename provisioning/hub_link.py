"""E The way to the hub's authority: the pinned certificate first, then one request over TLS that trusts nothing else."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from appliance.errors import NotSo, Refused, Unreachable
from provisioning.identity import LARGEST_ANSWER, Identity, pin_of

TIMEOUT = 20.0
"""Seconds for each step of a connection: the link may be a satellite's."""

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED = 9, 10  # X509_verify_cert_error_string(3)


class ClockWrong(NotSo):
    """The hub's certificate is not valid at the time this box believes it is."""


def fetch_authority(identity: Identity) -> str:
    """The hub's authority in PEM, checked against the pin. Raises Refused for another one, Unreachable when nobody answers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what comes is believed for its hash alone
    status, body = _exchange(identity, context, "GET", "/ca.pem", None)
    try:
        text = body.decode("ascii")
        der = ssl.PEM_cert_to_DER_cert(text[text.index(_BEGIN) : text.index(_END) + len(_END)])
    except ValueError as error:
        raise Unreachable(f"no authority at the hub (answer {status})", where=identity.host) from error
    if pin_of(der) != identity.pin:
        raise Refused("the hub is not the one on the card: its pin is another", where=identity.host, mend="use a new ticket")
    return ssl.DER_cert_to_PEM_cert(der)


def enrol(identity: Identity, ca_pem: str, request: dict[str, Any]) -> bytes:
    """Ask for a certificate; the hub must prove itself by ``ca_pem`` and its name.

    Raises Refused with the hub's own words for an answer 4xx, Unreachable for none or a bad one, ClockWrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    status, body = _exchange(identity, context, "POST", "/enrol/v1", json.dumps(request))
    if status == 200:
        return body
    what, mend = _words(body)
    if 400 <= status < 500 and status not in (404, 408, 429):
        raise Refused(what or f"answer {status}", where=identity.host, mend=mend)
    raise Unreachable(what or f"answer {status}", where=identity.host, mend=mend)


def _exchange(identity: Identity, context: ssl.SSLContext, method: str, path: str, body: str | None) -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection(identity.host, identity.port, timeout=TIMEOUT, context=context)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read(LARGEST_ANSWER + 1)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in (_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED):
            raise ClockWrong("the hub's certificate is not valid at this box's time", where=identity.host) from error
        raise Refused(f"the hub does not prove itself: {error.verify_message}", where=identity.host) from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable("the hub does not answer", where=identity.host) from error
    finally:
        connection.close()


def _words(untrusted_body: bytes) -> tuple[str, str]:
    """What the hub said was wrong and how to mend it, made fit for a log line."""
    try:
        values = json.loads(untrusted_body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(values, dict):
        return "", ""
    return _printable(values.get("what")), _printable(values.get("mend"))


def _printable(untrusted: Any) -> str:
    return "".join(c for c in untrusted if c.isprintable())[:200] if isinstance(untrusted, str) else ""
