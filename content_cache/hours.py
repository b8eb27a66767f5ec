"""P Opening hours: HSDS schedules -> the week as people read it. Times are the site's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""RFC 5545 section 3.3.10, in the order of ISO weekdays."""
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::\d\d)?")


@dataclass(frozen=True, order=True)
class Span:
    """One opening; ``closes`` is None where nobody said. ``overnight``: it closes on the following day."""

    opens: str
    closes: str | None
    overnight: bool
    all_day: bool
    schedule_id: str


@dataclass(frozen=True)
class Week:
    """``days`` holds, from Monday, the openings of each day; ``open_days`` those that are open though no hour is known."""

    days: tuple[tuple[Span, ...], ...]
    open_days: frozenset[int]
    valid_to: str | None
    valid_from: str | None

    @property
    def known(self) -> bool:
        """Whether there is anything to show day by day."""
        return bool(self.open_days)


def week(schedules: Iterable[Mapping[str, Any]]) -> Week:
    """Only rules that hold every week are put into days; anything rarer is told by its own words, elsewhere."""
    days: list[set[Span]] = [set() for _ in DAYS]
    open_days = set[int]()
    kept = list(schedules)
    for schedule in kept:
        if schedule.get("freq") != "WEEKLY" or schedule.get("interval", 1) != 1:
            continue
        span = _span(schedule)
        for code in str(schedule.get("byday", "")).split(","):
            if code.strip() in DAYS:
                number = DAYS.index(code.strip())
                open_days.add(number)
                if span:
                    days[number].add(span)
    ends = [str(s["valid_to"]) for s in kept if s.get("valid_to")]
    begins = [str(s["valid_from"]) for s in kept if s.get("valid_from")]
    lasting = len(ends) == len(kept)
    return Week(
        tuple(tuple(sorted(spans, key=lambda s: (s.opens, s.closes or "", s.schedule_id))) for spans in days),
        frozenset(open_days),
        max(ends) if ends and lasting else None,
        min(begins) if begins else None,
    )


def _span(schedule: Mapping[str, Any]) -> Span | None:
    opens, closes = _clock(schedule.get("opens_at")), _clock(schedule.get("closes_at"))
    if opens is None:
        return None
    all_day = opens == closes == "00:00"
    return Span(opens, closes, closes is not None and closes <= opens and not all_day, all_day, str(schedule.get("id", "")))


def _clock(untrusted: object) -> str | None:
    found = _TIME.match(untrusted) if isinstance(untrusted, str) else None
    return f"{found[1]}:{found[2]}" if found else None
