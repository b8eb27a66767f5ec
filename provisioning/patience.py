"""P When to knock at the hub again: soon at first, then ever more seldom, never all boxes at the same moment."""

from __future__ import annotations

from typing import Literal

AT_MOST = 900.0
"""Seconds between two attempts, whatever happened: the technician's guide promises 15 minutes."""
FIRST, LONGEST, REFUSED = 20.0, 560.0, 560.0
"""Seconds: after the first failure, after many, and after a refusal that time alone will not mend.

Half as much again is 840; the timer that starts each attempt adds up to 30, and a hub that answers slowly 20 a step.
"""


def next_wait(outcome: Literal["waiting", "refused"], previous: float, draw: float) -> tuple[float, float]:
    """The wait to remember and the wait to keep, in seconds; ``draw`` is a random number from 0 to 1.

    The kept one lies between half and one and a half of the remembered one: after a power cut every box of a camp asks at once.
    """
    base = REFUSED if outcome == "refused" else min(LONGEST, max(FIRST, previous * 2))
    return base, base * (0.5 + draw)


def is_over(due: float, uptime: float) -> bool:
    """Whether an attempt is due. One that lies further away than any wait was written by another clock: it counts for nothing."""
    return not uptime < due <= uptime + AT_MOST
