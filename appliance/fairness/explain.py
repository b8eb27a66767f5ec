"""P The share of one person, with its reason, in numbers that the portal puts into words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from appliance.fairness.plan import Plan

Reason = Literal["equal", "alone", "captive", "uplink-down"]
BUSY = 250
"""Bytes a second, both ways, from which a person counts as using the line now."""


@dataclass(frozen=True)
class Share:
    """What one person can have now (bit/s), among how many, and why."""

    down_bps: int
    up_bps: int
    active_people: int
    reason: Reason

    def as_answer(self) -> dict[str, int | str]:
        """For the gate's socket."""
        return asdict(self)


def busy_marks(before: dict[int, int], after: dict[int, int], seconds: float) -> frozenset[int]:
    """Who used the line between two readings (mark -> bytes both ways) taken ``seconds`` apart."""
    if seconds <= 0:
        return frozenset()
    return frozenset(mark for mark, octets in after.items() if octets - before.get(mark, 0) >= BUSY * seconds)


def share(plan: Plan, busy: frozenset[int], mark: int, *, uplink_up: bool) -> Share:
    """The share of the person ``mark`` (0: captive). Whoever asks is counted among the busy: it is what they would get."""
    others = len(busy - {mark})
    if mark == 0:
        return Share(0, 0, others, "captive")
    if not uplink_up:
        return Share(0, 0, others + 1, "uplink-down")
    return Share(plan.down.rate // (others + 1), plan.up.crowd // (others + 1), others + 1, "equal" if others else "alone")
