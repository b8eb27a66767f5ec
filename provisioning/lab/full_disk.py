"""W The checks of ``demo --check --data-disk 2MB``: the disk fills up while half the phones are to come, and is emptied again."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from appliance import facts
from appliance.errors import Unreachable
from appliance.files import write_atomically
from appliance.gate.client import ask
from provisioning.lab.camp import Camp
from provisioning.lab.data_disk import DataDisk
from provisioning.lab.judging import AFTER_TAP, Outcome, taps_and_pages
from provisioning.lab.roster import Rider

Await = Callable[[Camp, Callable[[], Any], Callable[[Any], bool]], Any]
Reports = Callable[[Camp], int]
"""How many reports of the box the hub holds."""
Latest = Callable[[Camp, str], int]
"""The newest value of a metric that the hub holds."""
_ASKED_AGAIN = 3
"""Phones whose whole connection is tried once more after the gate was killed."""


class FullDisk:
    """The story of one disk. ``tend`` is called until everybody is here; then ``outcomes`` says how it went."""

    def __init__(self, camp: Camp, disk: DataDisk) -> None:
        self.camp, self.disk, self.met_full = camp, disk, list[Rider]()
        self._before: set[str] = set()

    def tend(self) -> None:
        """Fill it up once half the phones are here: the others tap on a full disk."""
        riders = self.camp.roster.riders
        here = [rider for rider in riders if rider.finished]
        if not self.disk.full and 2 * len(here) >= self.camp.phones and len(here) < self.camp.phones:
            self._before = {rider.name for rider in riders if any(o.expect == AFTER_TAP for o in rider.outcomes)}
            self.disk.fill()
            self.camp.say(f"the box's disk is full; still to tap: {self.camp.phones - len(self._before)}")

    def outcomes(self, wait: Await, reports: Reports, latest: Latest) -> Iterator[Outcome]:
        """Everything that is expected of it."""
        if not self.disk.full:  # one phone: there was no half
            self.disk.fill()
        yield from taps_and_pages({r.name: r.outcomes for r in self.camp.roster.riders if r.name not in self._before})
        yield self._gate_killed(wait)
        yield self._said(wait)
        before, version = reports(self.camp), self._sync().get("version", 0)
        lost = wait(self.camp, self._lost, bool)
        self.disk.make_room()
        self.camp.say("there is room again")
        yield self._reports_go_on(wait, reports, before)
        yield self._told_of_the_lost(wait, latest, lost)
        yield self._catalogue_goes_on(wait, version)

    def _gate_killed(self, wait: Await) -> Outcome:
        """R3: who is online is known by the kernel; whether it is the same boot, without the disk."""
        before, pid = self._people(), self.camp.pids().get("gate", 0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        wait(self.camp, lambda: self.camp.pids().get("gate", pid), lambda found: found != pid)
        after = wait(self.camp, self._people, lambda found: found >= 0)
        riders = self.camp.roster.riders[:_ASKED_AGAIN]
        tried = [outcome for rider in riders for outcome in self.camp.roster.act(rider.name, rider.kind, ("online",))]
        wrong = [outcome for outcome in tried if not outcome.holds]
        figure = f"{before} people before, {after} after; {len(tried) - len(wrong)} of {len(tried)} of {len(riders)} phones"
        return Outcome("the gate, killed on a full disk, keeps everybody online", before == after > 0 and not wrong, figure)

    def _people(self) -> int:
        """How many are online; -1 while the gate does not answer."""
        try:
            return int(ask(self.camp.box, {"do": "facts"}).get("people_online", -1))
        except Unreachable:
            return -1

    def _said(self, wait: Await) -> Outcome:
        """A new edition is published that the box has no room for."""
        self.camp.hub.publish_again(self.camp.config)
        told = wait(self.camp, self._looked, lambda found: found.get("state") == "refused")
        holds = told.get("state") == "refused" and any(words in told["why"] for words in ("MB free", "No space left"))
        return Outcome("the box says that it has no room for a new catalogue", holds, f"{told.get('state')}: {told.get('why')}")

    def _looked(self) -> dict[str, Any]:
        """What the box's last look found; another one is asked for unless one is under way."""
        assert self.camp.supervisor is not None
        if "sync" not in self.camp.supervisor.pids():
            write_atomically(self.camp.box.service_run("sync") / "now", "")
            self.camp.supervisor.run_now("sync")
        return self._sync()

    def _sync(self) -> dict[str, Any]:
        return facts.read(self.camp.box, "sync")

    def _lost(self) -> int:
        """Measurements that the box knows it could not keep."""
        return int(facts.read(self.camp.box, "telemetry").get("lost", 0))

    def _reports_go_on(self, wait: Await, reports: Reports, before: int) -> Outcome:
        now = wait(self.camp, lambda: reports(self.camp), lambda found: found > before)
        return Outcome("after making room reports go on, without a restart", now > before, f"{before} before, {now} after")

    def _told_of_the_lost(self, wait: Await, latest: Latest, lost: int) -> Outcome:
        told = wait(self.camp, lambda: latest(self.camp, "outbox_lost"), lambda found: found >= lost)
        known = self._lost()
        return Outcome("the hub is told how many reports were lost", told >= lost > 0, f"{told} at the hub, {known} at the box")

    def _catalogue_goes_on(self, wait: Await, version: int) -> Outcome:
        told = wait(self.camp, self._looked, lambda found: found.get("version", 0) > version)
        holds = told.get("version", 0) > version and told.get("state") in ("updated", "current")
        return Outcome("after making room the new catalogue comes", holds, f"{version} before, {told.get('version')} after")
