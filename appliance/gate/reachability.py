"""P Is the internet there? Successes and the time in, up or down out; no wrong state lasts longer than 15 s."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

PATIENCE = 15.0
"""Seconds without one success after which the uplink counts as down."""

Way = Literal["up", "down"]


@dataclass(frozen=True)
class Reachability:
    """``since``: when the present state began; ``success``: the last success, or the start, when it is not known yet."""

    state: Way
    since: float
    success: float


def begin(now: float, *, down: bool = False) -> Reachability:
    """The state at the start: up until ``PATIENCE`` has passed, or down where the kernel says that it was."""
    return Reachability("down" if down else "up", now, now)


def judge(known: Reachability, last_success: float | None, now: float) -> Reachability:
    """The state now. ``last_success`` is when a check last reached something, None if none has."""
    success = known.success if last_success is None else max(known.success, last_success)
    fresh = last_success is not None and last_success > known.success
    if known.state == "down":
        return Reachability("up", now, success) if fresh else known
    if now - success >= PATIENCE:
        return Reachability("down", now, success)
    return replace(known, success=success)


def patience_left(known: Reachability, now: float) -> float:
    """Seconds until ``judge`` calls the uplink down if nothing is heard of it by then; infinite where it is down already."""
    return max(0.0, known.success + PATIENCE - now) if known.state == "up" else math.inf
