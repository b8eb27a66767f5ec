"""P One HSDS schedule -> what can be known of it: openings, closures, or words that nobody should guess from.

The fields are those of RFC 5545 as the specification names them. The camp profile (docs/adr/0090) adds one attribute of a
schedule, ``link_type`` "hours": its value "closed" makes the schedule a closure, "also" adds its openings to those of wider
schedules instead of replacing them.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from content_cache.recurrence import Rule, Unclear

DAY = 1440
"""Minutes of a day on the wall; what the clocks are set to on two days of a year is the time zone's business."""
HOURS = "hours"
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?\s*(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?\Z")
Kind = Literal["open", "closed", "words"]


@dataclass(frozen=True)
class Plan:
    """A schedule as understood. Times are minutes after the midnight with which the opening's own day begins.

    ``rule`` gives the days; None: every day from ``first`` to ``last`` (closures only). ``opens`` None: open, hours not told.
    ``closes`` None: the end is not told; it is past ``DAY`` when it falls on the next day. ``offset``: minutes east of UTC
    where the source wrote them, else the site's own time. ``how`` is the attending type: a telephone line's hours are not the
    desk's. ``adds``: replaces nothing.
    """

    kind: Kind
    rule: Rule | None = None
    first: datetime.date = datetime.date.min
    last: datetime.date = datetime.date.max
    opens: int | None = None
    closes: int | None = None
    offset: int | None = None
    how: str = ""
    adds: bool = False
    id: str = ""

    def in_force(self, day: datetime.date) -> bool:
        """Whether that day lies within its validity."""
        return self.first <= day <= self.last


def read(schedule: Mapping[str, Any]) -> Plan:
    """Whatever a source wrote becomes a plan; what is unclear or impossible becomes "words"."""
    listed = schedule.get("attributes")
    attributes = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, (list, tuple)) else []
    marks = {str(one.get("value")) for one in attributes if one.get("link_type") == HOURS}
    bare = Plan(
        "words",
        first=_date(schedule.get("valid_from")) or datetime.date.min,
        last=_date(schedule.get("valid_to")) or datetime.date.max,
        how=str(schedule.get("attending_type") or ""),
        id=str(schedule.get("id") or ""),
    )
    try:
        opens, closes, offset = _times(schedule)
        rule = _rule(schedule, closes_whole_days="closed" in marks)
    except Unclear:
        return bare
    kind: Kind = "closed" if "closed" in marks else "open"
    return replace(bare, kind=kind, rule=rule, opens=opens, closes=closes, offset=offset, adds="also" in marks)


def _times(schedule: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """Opening, closing, and the offset both are written in."""
    opens, opens_offset = _clock(schedule.get("opens_at"))
    closes, closes_offset = _clock(schedule.get("closes_at"))
    zone = schedule.get("timezone")
    offset = opens_offset
    if offset is None and isinstance(zone, (int, float)) and not isinstance(zone, bool) and abs(zone) <= 14:
        offset = round(zone * 60)
    if closes is not None and opens is None:
        raise Unclear("an end without a beginning")
    if opens is not None and closes is not None:
        if (closes_offset is None) != (opens_offset is None):
            raise Unclear("two times by two clocks, one of them not named")
        if closes_offset is not None and opens_offset is not None:
            closes += opens_offset - closes_offset
        # Camp profile: closing at or before opening means the following day; 00:00 to 00:00 is day and night.
        closes += DAY * (closes <= opens)
        if not opens < closes <= opens + DAY:
            raise Unclear("an opening longer than a day")
    return opens, closes, offset


def _clock(untrusted: object) -> tuple[int | None, int | None]:
    """Minutes after midnight, and minutes east of UTC where they stand behind it."""
    if untrusted is None or untrusted == "":
        return None, None
    found = _TIME.match(untrusted.strip()) if isinstance(untrusted, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if found is None or minutes > DAY:
        raise Unclear("no time of day")
    if found[3] is None:
        return minutes, None
    if found[3] == "Z":
        return minutes, 0
    sign = -1 if found[3][0] == "-" else 1
    return minutes, sign * (int(found[3][1:3]) * 60 + int(found[3][-2:]))


def _rule(schedule: Mapping[str, Any], *, closes_whole_days: bool) -> Rule | None:
    first, last, start = _date(schedule.get("valid_from")), _date(schedule.get("valid_to")), _date(schedule.get("dtstart"))
    if schedule.get("freq"):
        return Rule.read(schedule, start, _date(schedule.get("until")))
    if schedule.get("byday") or schedule.get("bymonthday"):
        raise Unclear("days, but not how often")
    if start is not None:
        return Rule.once(start)
    if closes_whole_days and (first or last):
        return None
    if first is not None and first == last:
        return Rule.once(first)
    raise Unclear("no days")


def _date(untrusted: object) -> datetime.date | None:
    if untrusted is None or untrusted == "":
        return None
    try:
        return datetime.date.fromisoformat(str(untrusted)[:10])
    except ValueError:
        return None
