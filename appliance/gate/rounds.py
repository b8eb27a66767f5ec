"""W What time brings to the gate: ends, silence, the uplink, the day; each deed for itself."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from appliance.gate import admission, reachability
from appliance.gate.elements import FreeMark, Lower, Raise
from appliance.gate.ruleset import NEWCOMERS

if TYPE_CHECKING:
    from appliance.gate.service import Gate

log = logging.getLogger(__name__)
FLAG_SECONDS, FLAG_EVERY = 40, 10.0
"""The flag "uplink down" falls by itself if the gate dies; it is raised anew this often."""
KEEP_EVERY, LOOK_EVERY = 5.0, 60.0


@dataclass
class _Due:
    """When each repeated deed was last done; whether a new day has begun for which the kernel has not counted anew yet."""

    keep: float = 0.0
    look: float = 0.0
    flag: float = 0.0
    day: bool = False


class Rounds:
    """The gate's repeated deeds, and when each was last done."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._due = _Due()

    def begin(self, now: float) -> None:
        """The gate has just taken up what the kernel knows, and shared out."""
        self._due = _Due(keep=now, look=now, flag=now - FLAG_EVERY)

    def look_soon(self) -> None:
        """The kernel has just refused what it does not refuse while all is well: look with the next tick."""
        self._due.look = self._gate.edges.clock() - LOOK_EVERY

    def tick(self) -> None:
        """What time brings; call it once a second while ``busy``, else every few seconds.

        Each deed is done, whatever becomes of those before it; the last failure is raised when all have been tried.
        """
        gate = self._gate
        now = gate.edges.clock()
        deeds = (self._prune, self._greet, self._judge_uplink, self._look, self._keep_up, self._read, self._keep_volumes)
        with ExitStack() as stack:  # which calls the last one first
            stack.callback(gate.tidy_again)
            if gate.desk is not None:
                stack.callback(gate.desk.tick)
            stack.callback(gate.kept.tick)
            for deed in reversed(deeds):
                stack.callback(deed, now)

    def _prune(self, now: float) -> None:
        gate = self._gate
        gate.carry_out(admission.prune(gate.knowledge, now))

    def _greet(self, now: float) -> None:
        gate = self._gate
        if gate.knowledge.grace_until is not None:
            gate.carry_out(admission.greet(gate.knowledge, gate.edges.neighbours.everyone(), now))
            if gate.knowledge.guests:
                gate.somebody_is_online()

    def _look(self, now: float) -> None:
        gate = self._gate
        if now - self._due.look < LOOK_EVERY:
            return
        self._due.look = now
        if not gate.edges.kernel.stands():
            gate.stand_again()
        for shaper in gate.edges.shapers:
            shaper.look()
        listing, access = gate.edges.kernel.listing(), gate.config.access
        gate.carry_out(admission.look(gate.knowledge, listing, access.idle, now, access.session))
        gate.kept.look(listing.stamp)
        gate.edges.kernel.perform(gate.quota.kept_commands(listing.spent))
        if listing.offline and gate.reachability.state == "up":
            gate.edges.kernel.perform([Lower("offline")])
        # What nobody's mark has carried is not the next one's who bears it.
        nobodys = gate.meter.both().keys() - gate.knowledge.marks - {NEWCOMERS}
        freed = [FreeMark(mark) for mark in sorted(nobodys)]
        gate.edges.kernel.perform(freed)
        gate.meter.forget_freed(freed)

    def _keep_up(self, now: float) -> None:
        gate = self._gate
        if now - self._due.keep >= KEEP_EVERY:
            self._due.keep = now
            with ExitStack() as deeds:
                deeds.callback(gate.share_out, rates=True)
                gate.edges.interfaces.keep()

    def _read(self, _: float) -> None:
        gate = self._gate
        if gate.meter.age >= gate.quota.read_every:
            # Costs milliseconds, and is done besides for whoever looks at a page; this one keeps the comparison fresh.
            gate.meter.read()

    def _keep_volumes(self, _: float) -> None:
        gate = self._gate
        self._due.day = gate.quota.turned() or self._due.day
        if self._due.day:
            gate.new_day()
            self._due.day = False
        if gate.memory is not None and gate.quota.limit is not None:
            gate.kept.keep(replace(gate.memory, day=gate.quota.date))
        if (over := gate.quota.cut()) is not None:
            gate.carry_out(over)

    def _judge_uplink(self, now: float) -> None:
        gate = self._gate
        known, edges = gate.reachability, gate.edges
        judged = reachability.judge(known, edges.last_success(), now, edges.heard())
        changed = judged.state != known.state
        if judged.state == "down" and (changed or now - self._due.flag >= FLAG_EVERY):
            gate.edges.kernel.perform([Raise("offline", FLAG_SECONDS)])
            self._due.flag = now
        elif judged.state == "up" and changed:
            gate.edges.kernel.perform([Lower("offline")])
        gate.reachability = judged  # once the kernel has it: what it refused is judged anew with the next tick
        if reachability.told(judged) != reachability.told(known):
            edges.tell(reachability.told(judged))
        if changed:
            log.info("the uplink is %s", judged.state)
            gate.edges.conntrack.forget_all_led()
