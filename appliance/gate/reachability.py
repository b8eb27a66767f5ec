"""P Is the internet there? What was heard and the time in, up or down out; no wrong state lasts longer than 15 s."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

PATIENCE = 15.0
"""Seconds without one success after which the uplink counts as down."""

Way = Literal["up", "down"]


@dataclass(frozen=True)
class Reachability:
    """``since``: when the present state began; ``success``: the last success, or the start, when it is not known yet.

    ``portal``: it is down because somebody on the way answers in the internet's place: the provider wants a login or money.
    """

    state: Way
    since: float
    success: float
    portal: bool = False


@dataclass(frozen=True)
class Heard:
    """When (monotonic seconds, None for never) the internet was last ``reached``, somebody else's answer was ``foreign``, and
    two checks in a row were answered at every host by somebody else: then it is ``refuted``, not only missing."""

    reached: float | None = None
    foreign: float | None = None
    refuted: float | None = None


def begin(now: float, *, down: bool = False) -> Reachability:
    """The state at the start: up until ``PATIENCE`` has passed, or down where the kernel says that it was."""
    return Reachability("down" if down else "up", now, now)


def judge(known: Reachability, last_success: float | None, now: float, heard: Heard = Heard()) -> Reachability:
    """The state now. ``last_success`` is when the internet was last reached, None if it was not.

    What refutes it is no silence to be patient with. One host that is blocked (a foreign answer beside a success) does not.
    """
    success = known.success if last_success is None else max(known.success, last_success)
    fresh = last_success is not None and last_success > known.success
    portal = heard.foreign is not None and heard.foreign > success and now - heard.foreign < PATIENCE
    if known.state == "down":
        return Reachability("up", now, success) if fresh else replace(known, portal=portal)
    if now - success >= PATIENCE:
        return Reachability("down", now, success, portal)
    if heard.refuted is not None and heard.refuted > success:
        return Reachability("down", now, success, portal=True)
    return replace(known, success=success)


def told(known: Reachability) -> dict[str, Any]:
    """What the other services are told; ``why`` is "portal" or empty."""
    return {"uplink": known.state, "why": "portal" if known.portal else ""}


def patience_left(known: Reachability, now: float) -> float:
    """Seconds until ``judge`` calls the uplink down if nothing is heard of it by then; infinite where it is down already."""
    return max(0.0, known.success + PATIENCE - now) if known.state == "up" else math.inf
