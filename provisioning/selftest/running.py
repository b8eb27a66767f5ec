"""W One run of the self-test: every check is asked, what fails is asked again while there is patience, the result is published."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NoReturn

from appliance import clock, facts
from appliance.config import SiteConfig, parse
from appliance.errors import CampboxError, CommandFailed, MissingComponent
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.services import services
from provisioning.selftest import facts_box, facts_hub, facts_net
from provisioning.selftest.checks import CHECKS, Check, failed, line, result
from provisioning.selftest.due import patience
from provisioning.selftest.outcome import Facts, Outcome
from provisioning.selftest.outcome import failed as bad

log = logging.getLogger("selftest")
AGAIN = 3.0
"""Seconds between two rounds."""
_FAULTS = (
    CampboxError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, MemoryError,
    struct.error, HTTPException,
)  # fmt: skip
"""What looking at a machine that is not whole may end with, in its libraries as well."""
Sources = Mapping[str, Callable[[], Facts]]
Say = Callable[[str, Outcome], None]


def sources(config: SiteConfig, layout: Layout) -> Sources:
    """Where the facts of each check come from."""
    folder = layout.service_data("selftest")
    hub = config.hub is not None and layout.identity_file.exists()
    access = config.access
    table = services("box", radio=config.radio is not None, hub=hub, garden=bool(access.garden), api=access.api_name is not None)
    return {
        "power": facts_box.power,
        "card": lambda: {**facts_box.card(folder), "storage": facts.read(layout, "storage")},
        "clock": facts_box.clock,
        "services": lambda: facts_box.services(table, layout),
        "wifi": lambda: facts_net.wifi(config),
        "phone": lambda: _phone(config, layout),
        "uplink": lambda: facts_net.uplink(config, layout),
        "hub": lambda: facts_hub.hub(config, layout),
        "certificate": lambda: facts_hub.certificate(config, layout),
        "catalogue": lambda: facts_hub.catalogue(config, layout),
    }


def look(asked: Sources, until: float, *, say: Say, now: Callable[[], float], wait: Callable[[float], None]) -> dict[str, Outcome]:
    """Every check's outcome. A failing one is asked again until it passes or ``until`` has come; ``say`` hears each once."""
    outcomes: dict[str, Outcome] = {}
    waiting = list(CHECKS)
    while waiting:
        known: dict[str, Facts] = {}
        for check in waiting:
            outcomes[check.name] = _judge(check, asked, known)
        last = now() + AGAIN >= until
        for check in waiting:
            if last or outcomes[check.name].ok is not False:
                say(check.name, outcomes[check.name])
        waiting = [] if last else _again(waiting, outcomes)
        if waiting:
            wait(AGAIN)
    return outcomes


def _judge(check: Check, asked: Sources, known: dict[str, Facts]) -> Outcome:
    """One line. What cannot be looked at at all fails by itself: it must not hide the others."""
    try:
        if check.source not in known:
            known[check.source] = asked[check.source]()
        return check.judge(known[check.source])
    except _FAULTS as error:
        log.warning("%s cannot be looked at: %s: %s", check.name, type(error).__name__, error)
        return bad(
            f"it cannot be looked at: {type(error).__name__}: {error}", "Flash the card anew; if it stays, report this line."
        )


def _again(asked: list[Check], outcomes: Mapping[str, Outcome]) -> list[Check]:
    return [check for check in asked if outcomes[check.name].ok is False]


def _phone(config: SiteConfig, layout: Layout) -> Facts:
    os.environ.setdefault("XDG_CACHE_HOME", str(layout.service_run("selftest")))  # where scapy keeps what it has read: RAM
    from provisioning.selftest import cable  # scapy takes 0.3 s to load
    from provisioning.selftest.phone import NOTHING, Phone

    try:
        with cable.laid(config.lan.bridge) as wire:
            return {**Phone(wire, config).visit(), "problem": ""}
    except (CommandFailed, MissingComponent) as error:
        return {**NOTHING, "problem": error.what}
    except OSError as error:
        return {**NOTHING, "problem": error.strerror or "refused"}


def _run(layout: Layout, *, lines: bool) -> None:
    config = parse(layout.config_file.read_text("utf-8"), str(layout.config_file))
    began, before = time.monotonic(), facts.read(layout, "selftest")
    first = not before or before.get("state") == "running"
    outcomes: dict[str, Outcome] = {}

    def seconds() -> float:
        return time.monotonic() - began

    def say(name: str, outcome: Outcome) -> None:
        outcomes[name] = outcome
        if first and len(outcomes) < len(CHECKS):  # a result of an hour ago stays until there is a new one
            facts.tell(layout, "selftest", result(outcomes, at=clock.now().uptime, seconds=seconds()))
        if lines:
            sys.stdout.write(json.dumps(line(name, outcome)) + "\n")
            sys.stdout.flush()

    look(sources(config, layout), began + patience(first=first), say=say, now=time.monotonic, wait=time.sleep)
    found = result(outcomes, at=clock.now().uptime, seconds=seconds())
    facts.tell(layout, "selftest", found)
    log.info("%s %s", found["state"], ", ".join(failed(found["checks"])))


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """One at a time: a technician's run waits for the timer's, they would play the same phone."""
    descriptor = os.open(layout.service_run("selftest") / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _end(*_: object) -> NoReturn:
    raise SystemExit(143)


def main(*, lines: bool) -> int:
    """One run; 1 when it could not be made."""
    start_logging()
    # A dead name server must not eat the time of the others: resolv.conf(5).
    os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")
    signal.signal(signal.SIGTERM, _end)  # so that the cable is taken away
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
    try:
        with _alone(layout):
            _run(layout, lines=lines)
    except CampboxError as error:
        log.error("%s", error)
        return error.exit_code
    except OSError as error:
        log.error("the self-test cannot run: %s", error.strerror)
        return 1
    return 0
