"""P A slow, plain opinion on whether something is open: it walks minute by minute and shares no code with the rules it judges.

It knows no dateutil: whether a day is meant is told by counting days, weeks and months; what the wall's clock shows is found by
looking at every minute.
"""

from __future__ import annotations

import calendar
import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

CODES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
MINUTE, DAY = datetime.timedelta(minutes=1), datetime.timedelta(days=1)
LONG_AGO, NEVER = datetime.date(1, 1, 1), datetime.date(9999, 12, 31)


def minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:5])


def date(schedule: dict[str, Any], name: str, default: datetime.date) -> datetime.date:
    return datetime.date.fromisoformat(schedule[name]) if schedule.get(name) else default


def mark(schedule: dict[str, Any]) -> set[str]:
    return {a["value"] for a in schedule.get("attributes", [])}


def matches(schedule: dict[str, Any], day: datetime.date) -> bool:
    """The rule without its COUNT."""
    start = date(schedule, "dtstart", LONG_AGO)
    if day < start or day > date(schedule, "until", NEVER):
        return False
    interval = schedule.get("interval", 1)
    if schedule["freq"] == "WEEKLY":
        first = CODES.index(schedule.get("wkst", "MO"))
        week = (day.toordinal() - 1 - first) // 7 - (start.toordinal() - 1 - first) // 7
        wanted = schedule["byday"].split(",") if schedule.get("byday") else [CODES[start.weekday()]]
        return week % interval == 0 and CODES[day.weekday()] in wanted
    months = (day.year - start.year) * 12 + day.month - start.month
    if months % interval:
        return False
    length = calendar.monthrange(day.year, day.month)[1]
    if schedule.get("bymonthday"):
        wanted_days = [int(part) for part in schedule["bymonthday"].split(",")]
        return day.day in wanted_days or day.day - length - 1 in wanted_days
    if schedule.get("byday"):
        code = CODES[day.weekday()]
        nth, back = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
        return any(part in (code, f"{nth}{code}", f"+{nth}{code}", f"{back}{code}") for part in schedule["byday"].split(","))
    return day.day == start.day


def happens(schedule: dict[str, Any], day: datetime.date) -> bool:
    """Is this day one on which the schedule happens?"""
    if not date(schedule, "valid_from", LONG_AGO) <= day <= date(schedule, "valid_to", NEVER):
        return False
    if not schedule.get("freq"):
        if schedule.get("dtstart"):
            return day == date(schedule, "dtstart", NEVER)
        return True
    if not matches(schedule, day):
        return False
    if schedule.get("count"):
        walk, seen = date(schedule, "dtstart", LONG_AGO), 0
        while walk <= day:
            seen += matches(schedule, walk)
            walk += DAY
        return seen <= schedule["count"]
    return True


def replaced(schedule: dict[str, Any], every: list[dict[str, Any]], day: datetime.date) -> bool:
    """Does a variant with a narrower validity within this one's rule on that day?"""
    begin, end = date(schedule, "valid_from", LONG_AGO), date(schedule, "valid_to", NEVER)
    for other in every:
        first, last = date(other, "valid_from", LONG_AGO), date(other, "valid_to", NEVER)
        if other is schedule or mark(other) or not first <= day <= last:
            continue
        if begin <= first and last <= end and (first, last) != (begin, end):
            return True
    return False


@lru_cache(maxsize=50)
def walls(zone: ZoneInfo, first: datetime.date, days: int) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Every minute of the world from three days before until four days after, with what the wall's clock shows then."""
    at = datetime.datetime.combine(first - 3 * DAY, datetime.time.min, datetime.UTC)
    end = datetime.datetime.combine(first + (days + 4) * DAY, datetime.time.min, datetime.UTC)
    found = []
    while at < end:
        found.append((at, at.astimezone(zone).replace(tzinfo=None)))
        at += MINUTE
    return found


def moment(shown: list[tuple[datetime.datetime, datetime.datetime]], wanted: datetime.datetime) -> datetime.datetime:
    """The first minute at which the wall shows this; where it never does, what a clock nobody had set would show."""
    before = None
    for at, wall in shown:
        if wall == wanted:
            return at
        if wall < wanted:
            before = (at, wall)
        elif before is not None:
            return before[0] + (wanted - before[1])
    raise AssertionError("outside the days that were walked")


def open_minutes(schedules: list[dict[str, Any]], zone: ZoneInfo, first: datetime.date, days: int) -> dict[datetime.datetime, bool]:
    """Every minute of those days (UTC) and whether it is open."""
    shown = walls(zone, first, days)
    openings, closures = [s for s in schedules if "closed" not in mark(s)], [s for s in schedules if "closed" in mark(s)]
    shut_walls = [
        (on + minutes(s["opens_at"]) * MINUTE, on + length(s) * MINUTE)
        for n in range(-3, days + 3)
        for s in closures
        if s.get("opens_at") and happens(s, first + n * DAY)
        for on in [datetime.datetime.combine(first + n * DAY, datetime.time.min)]
    ]
    pieces: list[tuple[datetime.datetime, datetime.datetime]] = []
    for n in range(-1, days + 1):
        day = first + n * DAY
        if any(not s.get("opens_at") and happens(s, day) for s in closures):
            continue
        for schedule in openings:
            if not happens(schedule, day) or replaced(schedule, openings, day):
                continue
            midnight = datetime.datetime.combine(day, datetime.time.min)
            inside = [
                midnight + m * MINUTE
                for m in range(minutes(schedule["opens_at"]), length(schedule))
                if not any(a <= midnight + m * MINUTE < b for a, b in shut_walls)
            ]
            pieces += runs(inside)
    spans = [(moment(shown, begin), moment(shown, end)) for begin, end in pieces]
    return {at: any(begin <= at < end for begin, end in spans) for at, wall in shown if first <= wall.date() < first + days * DAY}


def length(schedule: dict[str, Any]) -> int:
    """Minutes after midnight at which it closes."""
    opens, closes = minutes(schedule["opens_at"]), minutes(schedule["closes_at"])
    return closes if closes > opens else closes + 1440


def runs(walls_inside: list[datetime.datetime]) -> list[tuple[datetime.datetime, datetime.datetime]]:
    """Minutes after each other as stretches."""
    found: list[tuple[datetime.datetime, datetime.datetime]] = []
    for at in walls_inside:
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + MINUTE)
        else:
            found.append((at, at + MINUTE))
    return found
