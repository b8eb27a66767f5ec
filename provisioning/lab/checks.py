"""W The checks of ``demo --check``: what the phones met, what reached the hub, and the privacy scan, calm and under kills."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TypeVar

from rich.console import Console

from appliance import facts
from provisioning.lab import places, scan
from provisioning.lab.camp import Camp
from provisioning.lab.full_disk import FullDisk
from provisioning.lab.judging import Outcome
from provisioning.lab.pace import patient

T = TypeVar("T")
PATIENCE = 90.0
"""Seconds to wait for what takes its time: a report, a restart."""
KILLED = ("portal", "catalogue", "dnsmasq-captive", "dnsmasq-admitted")
ROUNDS = 3


def whole_camp(camp: Camp, console: Console, story: FullDisk | None = None) -> int:
    """Print one line an expectation with its figure; 0 when all hold. ``story``: that of a disk that fills up."""
    wrong = total = 0
    for who, outcome in _everything(camp, story):
        total, wrong = total + 1, wrong + (not outcome.holds)
        sign = "ok      " if outcome.holds else "NOT SO  "
        console.print(f"{sign}{who:10}  {outcome.expect}: {outcome.figure}", markup=False)
    console.print(f"{total - wrong} of {total} expectations hold", markup=False)
    return 1 if wrong else 0


def _everything(camp: Camp, story: FullDisk | None) -> Iterator[tuple[str, Outcome]]:
    for rider in camp.roster.riders:
        for outcome in rider.outcomes:
            yield rider.short, outcome
    yield "box", _services(camp)
    if story is not None:
        for outcome in story.outcomes(_await, reports, latest):
            yield "disk", outcome
    yield "box", _catalogue(camp)
    yield "hub", _telemetry(camp)
    yield "camp", privacy("after the journeys", camp.phones)
    yield "camp", _kill_under_load(camp)
    yield "camp", privacy(f"after {', '.join(KILLED)} were killed under load", camp.phones)


def privacy(when: str, phones: int) -> Outcome:
    """The planted-identifier scan of everything below the demo's folder."""
    sought = scan.devices()
    done = scan.scan([places.ROOT], sought)
    figure = f"{len(sought)} identifiers sought in {done.files} files, {done.bytes / 1e6:.1f} MB, {len(done.finds)} found"
    for find in done.finds[:5]:
        figure += f"; {find.what} in {find.file} at {find.offset}"
    # Each phone has a MAC, an IPv4 and at least two IPv6 addresses: a scan that looks for fewer has lost sight of them.
    return Outcome(f"no planted identifier in any file, {when}", not done.finds and len(sought) > 4 * phones, figure)


def _services(camp: Camp) -> Outcome:
    assert camp.supervisor is not None
    children = {**camp.hub.supervisor.children, **camp.supervisor.children}
    again = sorted(name for name, child in children.items() if child.service.kind == "daemon" and child.starts > 1)
    return Outcome("every service runs and none had to be started again", not again, ", ".join(again) or f"{len(camp.pids())} run")


def _catalogue(camp: Camp) -> Outcome:
    told = _await(camp, lambda: facts.read(camp.box, "sync"), lambda found: bool(found.get("services")))
    holds = told.get("state") in ("current", "updated") and int(told.get("services", 0)) > 0
    return Outcome("the signed catalogue was fetched and verified", holds, f"{told.get('state')}, {told.get('services')} services")


def _telemetry(camp: Camp) -> Outcome:
    """Judged where it arrives: rows of this box in the hub's own store."""
    rows = _await(camp, lambda: reports(camp), lambda found: found > 0)
    return Outcome("telemetry of the box stands in the hub's store", rows > 0, f"{rows} reports")


def reports(camp: Camp) -> int:
    """How many reports of the camp's box the hub's store holds."""
    with closing(sqlite3.connect(f"file:{camp.hub.layout.data}/hub/store.sqlite?mode=ro", uri=True)) as store:
        try:
            (count,) = store.execute("SELECT count(*) FROM reports WHERE box = ?", (str(camp.config.site.id),)).fetchone()
        except sqlite3.OperationalError:
            return 0
    return int(count)


def latest(camp: Camp, metric: str) -> int:
    """The newest value of a metric of the camp's box that the hub's store holds; 0 where there is none."""
    with closing(sqlite3.connect(f"file:{camp.hub.layout.data}/hub/store.sqlite?mode=ro", uri=True)) as store:
        try:
            found = store.execute("SELECT latest FROM boxes WHERE box = ?", (str(camp.config.site.id),)).fetchone()
        except sqlite3.OperationalError:
            return 0
    return int(json.loads(found[0]).get(metric, 0)) if found else 0


def _kill_under_load(camp: Camp) -> Outcome:
    """Kill the servers that meet people, three times over, while every phone reads and searches."""
    load = [camp.roster.begin(rider, ("catalogue", "welcome", "about_me") * ROUNDS) for rider in camp.roster.riders]
    killed = 0
    for _ in range(ROUNDS):
        _tend(camp, 0.7)
        there = _await(camp, camp.pids, lambda pids: all(name in pids for name in KILLED))
        for pid in [there[name] for name in KILLED if name in there]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                killed += 1
    for process in load:
        while process.poll() is None:
            _tend(camp, 0.1)
    back = _await(camp, camp.pids, lambda pids: all(name in pids for name in KILLED))
    holds = all(name in back for name in KILLED) and killed == ROUNDS * len(KILLED)
    return Outcome("servers killed under load come back", holds, f"{killed} killed, {len(load)} phones reading")


def _await(camp: Camp, ask: Callable[[], T], enough: Callable[[T], bool]) -> T:
    deadline = time.monotonic() + patient(PATIENCE)
    while not enough(found := ask()) and time.monotonic() < deadline:
        _tend(camp, 0.2)
    return found


def _tend(camp: Camp, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        camp.tick()
        time.sleep(0.05)
