"""W What the link to the hub is opened with: the files that enrolment brought, read anew when their content changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from appliance.errors import NotSo
from appliance.files import read_json
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry.mqtt import Endpoint, Link, MqttLink

_IDENTITY = ("key.pem", "ca.pem", "mqtt.json", "cert.pem")


def identity(layout: Layout) -> bytes:
    """A digest of all that opens the link, by content: a file may be replaced without looking newer. Raises NotSo."""
    digest = hashlib.sha256()
    for name in _IDENTITY:
        try:
            content = (layout.identity_dir / name).read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise NotSo(f"cannot read {name}: {error.strerror}", where=str(layout.identity_dir), mend="see to the card") from error
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.digest()


def connector(layout: Layout, box: BoxId) -> Callable[[bytes], Link | None]:
    """What makes the link once enrolment has brought key, certificate and the broker's address.

    It raises NotSo while what was brought is of no use, as a certificate that does not fit the key, or is there in part.
    """
    folder = layout.identity_dir

    def connect(death: bytes) -> Link | None:
        if not (folder / "cert.pem").exists():  # which is written last
            return None
        where = read_json(folder / "mqtt.json")
        try:
            host, port = str(where["host"]), int(where["port"])
            if not host or not 0 < port < 65_536:
                raise ValueError("no address of the hub")
            return MqttLink(str(box), Endpoint(host, port, folder), death)
        except (OSError, KeyError, TypeError, ValueError) as error:  # ssl.SSLError is an OSError
            mend = "it is made anew when the certificate is renewed; else use a new ticket"
            raise NotSo(f"what enrolment brought cannot be used: {error}", where=str(folder), mend=mend) from error

    return connect
