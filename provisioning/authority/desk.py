"""W The authority's desk: makes tickets, and answers an enrolment request with a certificate or a refusal."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance import files
from appliance.errors import BadInput, NotSo
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.values import BoxId
from provisioning.authority import certificates, revocation
from provisioning.authority.store import Store
from provisioning.enrolment import TICKET_LIFE, TOKEN_BYTES, Asked, Refusal, Ticket, decide, token_hash
from provisioning.identity import Identity

LARGEST_BODY = 16 * 1024
PATIENCE = 10.0
"""Seconds for which one enrolment waits until the list of ended keys is another one's no more."""


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: dict[str, Any]


def make_ticket(layout: Layout, *, box: BoxId, site: BoxId, host: str, port: int, now: float) -> dict[str, Any]:
    """A new ticket; the content of the identity file that goes onto the card. The token is nowhere else from here on."""
    identity = Identity(box, site, host, port, certificates.pin(certificates.authority_pem(layout)))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ticket = Ticket(str(box), str(site), issued=now, expires=now + TICKET_LIFE)
    Store(layout).add_ticket(token_hash(token), ticket)
    return {**identity.as_json(token), "expires": int(ticket.expires)}


def answer(untrusted_body: bytes, hub_config: HubConfig, layout: Layout, now: float) -> Answer:
    """Answer one request to enrol or to renew (the same without a token). Raises NotSo while the hub is not ready."""
    try:
        box, hash, untrusted_csr = _read(untrusted_body)
        key = certificates.read_request(untrusted_csr)
    except BadInput as error:
        return _refuse(400, "bad-request", error.what, error.mend or "send what the box's agent sends")
    root = _catalogue_root(layout)
    fingerprint = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    store = Store(layout)
    decision = store.judge(hash, Asked(str(box), fingerprint, hash is not None), now, decide)
    if isinstance(decision, Refusal):
        return _refuse(403, decision.code, decision.what, decision.mend)
    certificate = certificates.issue(layout, str(box), key, now)
    store.remember_certificate(f"{certificate.serial_number:x}", str(box), fingerprint, now)
    revoke(layout)  # before the answer: what the new key is told includes that the old one has ended
    body = {
        "certificate": certificates.as_pem(certificate),
        "ca": certificates.authority_pem(layout),
        "mqtt": {"host": hub_config.host, "port": hub_config.mqtt_port},
        "catalogue": {"url": f"https://{_bracketed(hub_config.host)}:{hub_config.https_port}/catalogue/", "root": root},
    }
    return Answer(200, body)


def revoke(layout: Layout) -> bool:
    """Put every certificate of a key that another has replaced on the list that the broker reads; whether the list changed.

    One at a time, from the question to the list: else a slow one takes off the list what a quicker one has put there since.
    """
    place = certificates.folder(layout)
    with files.lock(place / "crl.lock", PATIENCE):
        return revocation.write(place, Store(layout).superseded(), certificates.owner())


def _read(untrusted_body: bytes) -> tuple[BoxId, str | None, str]:
    """Box, hash of the token (None without one) and certificate request. Raises BadInput."""
    if len(untrusted_body) > LARGEST_BODY:
        raise BadInput("the request is too long")
    try:
        values = json.loads(untrusted_body)
    except (ValueError, RecursionError) as error:
        raise BadInput("the request is not JSON") from error
    if not isinstance(values, dict):
        raise BadInput("the request is not an object")
    box, token, csr = values.get("box"), values.get("token"), values.get("csr")
    if not isinstance(box, str) or not isinstance(csr, str) or not (token is None or isinstance(token, str)):
        raise BadInput("box, token and csr must be texts")
    return BoxId(box), None if token is None else token_hash(token), csr


def _catalogue_root(layout: Layout) -> str:
    """The newest root of the signed catalogue's keys. Raises NotSo when nothing was published yet."""
    metadata = layout.data / "hub" / "publish" / "repository" / "metadata"
    roots = sorted(metadata.glob("*root.json"), key=_version)
    if not roots:
        raise NotSo("this hub has no catalogue keys yet", where=str(metadata), mend="start it once: campbox hub up")
    return roots[-1].read_text("utf-8")


def _version(path: Path) -> int:
    """3 for ``3.root.json``; a plain ``root.json`` counts as the first."""
    number = path.name.partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _refuse(status: int, code: str, what: str, mend: str) -> Answer:
    return Answer(status, {"error": code, "what": what, "mend": mend})
