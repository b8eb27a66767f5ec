"""E What is known of the hub and of what came from it."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

from appliance import clock, facts
from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.files import read_json
from appliance.layout import Layout
from provisioning.identity import pin_of
from provisioning.selftest.facts_net import is_up
from provisioning.selftest.outcome import Facts

_CONNECT = 4.0
_NOT_NOW = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


def hub(config: SiteConfig, layout: Layout) -> Facts:
    """Where the hub is, whether it answers, and whether it is the one on the card."""
    if config.hub is None:
        return {"wanted": False}
    identity, place = _json(layout.identity_file), _json(layout.identity_dir / "mqtt.json")
    enrolled, authority = facts.read(layout, "enrol"), layout.identity_dir / "ca.pem"
    found = {
        "wanted": True,
        "identity": bool(identity),
        "enrolled": "host" in place and authority.exists() and (layout.identity_dir / "cert.pem").exists(),
        "state": str(enrolled.get("state", "")),
        "why": str(enrolled.get("why", "")),
        "uplink": is_up(layout),
        "host": str(place.get("host", "")),
        "pin_right": None,
        "reached": "silent",
    }
    if found["enrolled"]:
        found["pin_right"] = pin_of(ssl.PEM_cert_to_DER_cert(authority.read_text("ascii"))) == identity.get("pin")
        found["reached"] = _reach(str(place["host"]), int(place["port"]), authority)
    return found


def _reach(host: str, port: int, authority: Path) -> str:
    """``yes`` once the hub has proved itself by its certificate; else what stood in the way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    try:
        connection = socket.create_connection((host, port), timeout=_CONNECT)
        with connection, context.wrap_socket(connection, server_hostname=host):
            return "yes"
    except ssl.SSLCertVerificationError as error:
        return "clock" if error.verify_code in _NOT_NOW else "untrusted"
    except socket.gaierror:
        return "no-name"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"


def certificate(config: SiteConfig, layout: Layout) -> Facts:
    """When the box's own certificate ends."""
    from cryptography import x509  # 0.1 s to load

    if config.hub is None:
        return {"wanted": False}
    why = str(facts.read(layout, "enrol").get("why", ""))
    try:
        found = x509.load_pem_x509_certificate((layout.identity_dir / "cert.pem").read_bytes())
    except (OSError, ValueError):
        return {"wanted": True, "days_left": None, "not_yet": False, "why": why}
    now = clock.now().wall
    left = found.not_valid_after_utc.timestamp() - now
    return {"wanted": True, "days_left": left // 86_400, "not_yet": found.not_valid_before_utc.timestamp() > now, "why": why}


def catalogue(config: SiteConfig, layout: Layout) -> Facts:
    """What the sync says of the catalogue on the box."""
    told = facts.read(layout, "sync")
    return {
        "wanted": config.hub is not None,
        "services": int(told.get("services", 0)),
        "date": str(told.get("snapshot_date", "")),
        "state": str(told.get("state", "")),
        "why": str(told.get("why", "")),
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
    except NotSo:
        return {}
    return value if isinstance(value, dict) else {}
