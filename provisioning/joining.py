"""W One attempt to join the hub: makes the key, fetches the certificate, deletes the token; and renews it when it is old.

Every step may be cut short by a power cut: the key is on the disk before the hub hears of it, the certificate is written after all
else that came with it, and the token goes last. Whatever stands there, the next run goes on from it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import time
from pathlib import Path
from typing import Any, Literal

from appliance import clock, facts, lifetime
from appliance.errors import BadInput, CampboxError, NotSo, Refused, Unreachable
from appliance.files import read_json, write_json
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.moment import Moment
from provisioning.agent import is_useless
from provisioning.identity import parse_answer, parse_identity
from provisioning.patience import is_over, next_wait

log = logging.getLogger("enrol")
State = Literal["enrolled", "waiting", "refused"]


def run() -> None:
    """One attempt. What went wrong stands in the facts; the next attempt goes on from there."""
    start_logging()
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    try:
        _run(layout)
    except (CampboxError, OSError) as error:
        why = str(error) if isinstance(error, CampboxError) else f"this box's own files: {error.strerror or type(error).__name__}"
        _tell(layout, "waiting", why)
        log.warning("%s", why)


def _run(layout: Layout) -> None:
    folder, moment = layout.identity_dir, clock.now()
    standing = _Standing(folder)
    useless = is_useless(str(layout.facts("enrol")))  # the files do not fit each other, or one is gone: all come anew
    # A token beside a certificate is a left-over of a power cut, or a new card's: showing it again is right for both.
    renewing = standing.there and not (folder / "token").exists()
    if standing.there and standing.is_good(moment) and not standing.is_ending(moment) and not useless:
        _tell(layout, "enrolled", "")
    if renewing and not standing.is_due(moment) and not useless:
        return
    untrusted_identity = read_json(layout.identity_file)
    if untrusted_identity is None:
        _tell(layout, "waiting", "no identity file: this box belongs to no hub yet")
        return
    patience = _Patience(layout, folder)
    if not patience.over():
        return
    try:
        _enrol(folder, untrusted_identity, renewing=renewing)
    except CampboxError as error:
        outcome: Literal["waiting", "refused"] = "refused" if isinstance(error, (Refused, BadInput)) else "waiting"
        log.warning("%s: %s; again in %.0f s", outcome, error, patience.again(outcome))
        if not standing.there or not standing.is_good(moment) or useless:
            _tell(
                layout,
                outcome,
                (standing.words(moment) or ("what enrolment brought is of no use: " if useless else "")) + str(error),
            )
        elif standing.is_ending(moment):
            _tell(layout, "enrolled", standing.words(moment) + str(error))
        return
    log.info("enrolled")
    _tell(layout, "enrolled", "")
    if _Standing(folder).is_due(clock.now()):
        log.warning("the new certificate is due again already: the clocks of hub and box differ; again in %.0f s", patience.again())
    elif useless:
        patience.again()  # telemetry may not have seen it when the next run comes
    else:
        patience.end()


def _enrol(folder: Path, untrusted_identity: Any, *, renewing: bool) -> None:
    """The whole exchange. Raises Refused or BadInput when time will not mend it, Unreachable or NotSo when it may."""
    # cryptography and http take 0.2 s to load: not in the runs that have nothing to do
    from provisioning import box_key, hub_link

    identity = parse_identity(untrusted_identity)
    if clock.now().trust == "none":
        raise NotSo("this box does not know the date yet", mend="it will once a time server answers")
    token = None if renewing else box_key.read_token(folder)
    if token is None and not renewing:
        raise Refused("no token: the card carried none, or it was used", mend="make a new ticket for this box")
    box_key.sweep(folder)
    key = box_key.load_or_make_key(folder)
    ca_pem = hub_link.fetch_authority(identity)
    asked = {"box": str(identity.box), "csr": box_key.request(key, str(identity.box))}
    body = hub_link.enrol(identity, ca_pem, asked if token is None else {**asked, "token": token})
    try:
        enrolled = parse_answer(body)
        box_key.check_certificate(enrolled.certificate, ca_pem, key, str(identity.box))
        begins, ends = lifetime.dates(enrolled.certificate.encode("ascii"))
        if not lifetime.is_good(begins, ends, clock.now()):
            raise BadInput("the hub sent a certificate that is not valid now: its clock is wrong, or this box's")
    except BadInput as error:
        raise Unreachable(error.what, where=identity.host) from error
    box_key.keep(folder, enrolled, ca_pem, renewed=renewing)
    box_key.forget_token(folder)


class _Standing:
    """The certificate that the box has: its own dates, never the file's. One that cannot be read is renewed like an old one."""

    def __init__(self, folder: Path) -> None:
        self.there, self.begins, self.ends = True, 0.0, 0.0
        try:
            self.begins, self.ends = lifetime.dates((folder / "cert.pem").read_bytes())
        except FileNotFoundError:
            self.there = False
        except ValueError:
            log.warning("the certificate cannot be read")
        except OSError as error:
            raise NotSo(f"the certificate cannot be read: {error.strerror}", where=str(folder), mend="see to the card") from error

    def is_due(self, moment: Moment) -> bool:
        return lifetime.is_due(self.begins, self.ends, moment)

    def is_ending(self, moment: Moment) -> bool:
        return lifetime.is_ending(self.ends, moment)

    def is_good(self, moment: Moment) -> bool:
        return lifetime.is_good(self.begins, self.ends, moment)

    def words(self, moment: Moment) -> str:
        """What a person must know before the reason; nothing while there is no certificate, or time enough."""
        if not self.there or not self.is_ending(moment):
            return ""
        if not self.ends:
            return "the certificate cannot be read and is not renewed: "
        day = time.strftime("%Y-%m-%d", time.gmtime(self.ends))
        return f"the certificate {'ended' if moment.wall >= self.ends else 'ends'} on {day} and is not renewed: "


def _tell(layout: Layout, state: State, why: str) -> None:
    told = {"state": state, "why": why}
    if facts.read(layout, "enrol") != told:
        facts.tell(layout, "enrol", told)


class _Patience:
    """When the next attempt is due, kept in RAM between runs. A new identity file or token begins anew."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.path = layout.service_run("enrol") / "patience.json"
        self.about = _fingerprint(layout.identity_file, folder / "token")
        self.wait, self.due = self._remembered()

    def _remembered(self) -> tuple[float, float]:
        """What was waited last and when the next attempt is due; zeroes for what is of another card or cannot be read."""
        try:
            told = read_json(self.path)
            if isinstance(told, dict) and told.get("about") == self.about:
                return float(told["wait"]), float(told["due"])
        except (NotSo, KeyError, TypeError, ValueError, OverflowError):
            log.warning("when to ask the hub again cannot be read: it is asked now")
        return 0.0, 0.0

    def over(self) -> bool:
        return is_over(self.due, clock.now().uptime)

    def again(self, outcome: Literal["waiting", "refused"] = "waiting") -> float:
        base, wait = next_wait(outcome, self.wait, random.random())
        write_json(self.path, {"about": self.about, "wait": base, "due": clock.now().uptime + wait}, 0o600)
        return wait

    def end(self) -> None:
        self.path.unlink(missing_ok=True)


def _fingerprint(*paths: Path) -> str:
    """Tells whether one of the files was replaced; says nothing of their content."""
    stamps = [(path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None for path in paths]
    return hashlib.sha256(repr(stamps).encode()).hexdigest()
