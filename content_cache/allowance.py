"""P Whether the box may use its link for content now, and how fast: the site's hours, the month's volume, and people first."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.moment import Trust

BUSY = 0.7
"""A line that people fill to this part is needed by them."""
BACKGROUND_PART = 0.1
"""Of the line, while anybody uses it: as much as the box's own upload is given (appliance.fairness)."""
PATIENCE = 86_400
"""Seconds after which content no longer waits for people: from then on it takes the background's part and no more."""
SOON = 10
"""Seconds at the background's pace that nobody notices, however full the line is."""
SLOWEST = 1_000
"""Bytes a second that are always taken once it was decided to fetch."""


@dataclass(frozen=True)
class Spent:
    """Bytes fetched over the uplink since ``period``, the first day (ISO) of the month of account."""

    period: str = ""
    octets: int = 0


@dataclass(frozen=True)
class Line:
    """One look at the line: ``octets`` received by all, ``own`` of them by this program, ``rate`` in bit/s, ``at`` in seconds."""

    at: float
    octets: int
    own: int
    rate: int
    active: int


@dataclass(frozen=True)
class Pace:
    """``limit`` bytes a second, None for as fast as it goes; 0 is a pause."""

    limit: float | None
    why: str = ""


FREE = Pace(None)


def within(hours: Sequence[tuple[int, int]], minute: int) -> bool:
    """Whether a minute of the day lies in one of the spans (from, until); one that ends before it begins goes over midnight."""
    if not hours:
        return True
    return any(begin <= minute < end if begin < end else minute >= begin or minute < end for begin, end in hours)


def may_begin(hours: Sequence[tuple[int, int]], here: datetime.datetime, trust: Trust) -> bool:
    """Whether the site's hours allow it. A box that does not know the time cannot keep hours and is not kept from content."""
    return trust == "none" or within(hours, here.hour * 60 + here.minute)


def period_of(today: datetime.date, reset_day: int) -> str:
    """The first day of the month of account that ``today`` lies in."""
    first = today.replace(day=reset_day)
    if today < first:
        first = (first.replace(day=1) - datetime.timedelta(days=1)).replace(day=reset_day)
    return first.isoformat()


def this_month(spent: Spent, today: datetime.date, reset_day: int, trust: Trust) -> Spent:
    """The account as it stands today.

    It begins anew when a month has begun by a clock that was compared with others. A clock that was not may open an account where
    there is none, but neither ends one nor carries one into the past; one that lies in the future was opened by a wrong clock and
    keeps its bytes under the right date.
    """
    now = period_of(today, reset_day)
    if not spent.period:
        return Spent(now, spent.octets)
    if trust != "synced" or now == spent.period:
        return spent
    return Spent(now, spent.octets if spent.period > now else 0)


def left(spent: Spent, budget: int | None) -> int | None:
    """Bytes that may still be fetched this month; None without a limit."""
    return None if budget is None else max(0, budget - spent.octets)


def pace(before: Line | None, now: Line, waited: float, rest: int) -> Pace:
    """How fast content may come while people use the line; ``waited`` is for how many seconds it has stood back already.

    ``rest`` bytes are still to come: what is soon over is not worth waiting for, and most patches are.

    The box's own downloads arrive before the shaper: nothing but reading slowly keeps them out of people's way.
    """
    if now.active <= 0:
        return FREE
    background = max(SLOWEST, now.rate * BACKGROUND_PART / 8)
    if rest > background * SOON and waited < PATIENCE and before is not None and _used_by_people(before, now) >= BUSY:
        return Pace(0, "people need the link")
    return Pace(background)


def _used_by_people(before: Line, now: Line) -> float:
    seconds, rate = now.at - before.at, max(1, now.rate)
    octets = (now.octets - before.octets) - (now.own - before.own)
    return 0.0 if seconds <= 0 or octets <= 0 else octets * 8 / seconds / rate
