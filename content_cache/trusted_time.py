"""P What time it is at least, for a box without a battery clock; and whether signed metadata has expired."""

from __future__ import annotations

import datetime

from appliance.moment import BUILT, Moment


def at_least(moment: Moment, saved: float, signed: float) -> Moment:
    """The moment, not before what is known: the day of the build, the newest signed date, the last time that was saved.

    The saved time was right when it was saved, so far as anybody knew; a clock that was compared since then knows better.
    """
    floor = max(BUILT, signed, saved if moment.trust != "synced" else 0.0)
    return moment if moment.wall >= floor else Moment(floor, moment.uptime, "none")


def has_expired(expires: float, moment: Moment) -> bool:
    """Whether metadata that was signed until ``expires`` (seconds since 1970; 0 when there is none) is too old by this moment.

    Time that is too early calls nothing expired that is not; so what is said here is true by every clock that may be late.
    """
    return 0 < expires <= moment.wall


def seconds(date: str) -> float:
    """Seconds since 1970 of an ISO date with its zone; 0 for what is none."""
    try:
        parsed = datetime.datetime.fromisoformat(date)
    except ValueError:
        return 0.0
    return parsed.timestamp() if parsed.tzinfo else 0.0
