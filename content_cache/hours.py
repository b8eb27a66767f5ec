"""P Is it open? HSDS schedules and a moment -> open until, closed until, or unknown and why.

Three answers, and never a guess: hours that are only words, or lack their end, are unknown at the times they speak of.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from content_cache import schedules as reading
from content_cache.schedules import Plan
from content_cache.timetable import Timetable, timetable

AHEAD = 9
"""Days looked at, from the day before today: a whole week to come, and last night."""
FARTHEST = 400
"""Days within which the next opening of what happens rarely is looked for."""
_FIELDS = (
    "valid_from", "valid_to", "dtstart", "timezone", "until", "count", "wkst", "freq", "interval", "byday", "byweekno",
    "bymonthday", "byyearday", "opens_at", "closes_at", "attending_type",
)  # fmt: skip
Why = Literal["untold", "words", "ended", "half told"]


@dataclass(frozen=True)
class Open:
    """``until`` in the site's time; None: no end within a week."""

    until: datetime.datetime | None


@dataclass(frozen=True)
class Closed:
    """``opens`` in the site's time, None where no opening is known to come."""

    opens: datetime.datetime | None


@dataclass(frozen=True)
class Unknown:
    """``untold``: no schedule at all. ``words``: only for people to read. ``ended``: validity is over. ``half told``: no hour."""

    why: Why


State = Open | Closed | Unknown
Plans = tuple[Plan, ...]


def zone_of(name: str) -> ZoneInfo:
    """The site's time zone; UTC for a name that no table knows (the site file and the publisher refuse those)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def plans(schedules: Iterable[Mapping[str, Any]]) -> tuple[Plan, ...]:
    """The schedules as understood."""
    return tuple(reading.read(schedule) for schedule in schedules)


def state_at(known: tuple[Plan, ...], here: datetime.datetime) -> State:
    """The state at a moment in the site's time."""
    table = around(known, here)
    state = _state(table, here)
    if state == Closed(None) and table.told and not table.ended:
        return Closed(_far_opening(known, here.date(), _zone(here)))
    return state


def around(known: tuple[Plan, ...], here: datetime.datetime) -> Timetable:
    """The timetable around a moment's day at the site, from the day before."""
    return _around(known, here.date(), _zone(here))


def _zone(here: datetime.datetime) -> ZoneInfo:
    assert isinstance(here.tzinfo, ZoneInfo), "a moment in the site's time"
    return here.tzinfo


@lru_cache(maxsize=4_000)
def _around(known: tuple[Plan, ...], today: datetime.date, zone: ZoneInfo) -> Timetable:
    """Made once a day for all services that share their hours."""
    return timetable(known, today - datetime.timedelta(days=1), AHEAD, zone)


def _state(table: Timetable, here: datetime.datetime) -> State:
    now, today = int(here.timestamp()) // 60, table.days[1]
    for begin, end in table.open:
        if begin <= now < end:
            last = table.days[-1].date
            return Open(None if end >= _minute(last, here) else _at(end, here))
    if any(begin <= now < end for begin, end in table.unsure):
        return Unknown("half told")
    if today.words:
        return Unknown("words")
    if table.ended:
        return Unknown("ended")
    if not table.told:
        return Unknown("untold")
    coming = min((begin for begin, _ in (*table.open, *table.unsure) if begin > now), default=None)
    return Closed(None if coming is None else _at(coming, here))


def _at(minute: int, here: datetime.datetime) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(minute * 60, here.tzinfo)


def _minute(date: datetime.date, here: datetime.datetime) -> int:
    return int(datetime.datetime.combine(date, datetime.time.min, here.tzinfo).timestamp()) // 60


@lru_cache(maxsize=500)
def _far_opening(known: tuple[Plan, ...], today: datetime.date, zone: ZoneInfo) -> datetime.datetime | None:
    for ahead in range(AHEAD - 1, FARTHEST, 56):
        later = timetable(known, today + datetime.timedelta(days=ahead), 56, zone)
        for begin, _ in sorted((*later.open, *later.unsure)):
            return datetime.datetime.fromtimestamp(begin * 60, zone)
    return None


def groups(document: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The schedules that hold at each place of a nested service: the place's own, else the service's, else the building's.

    Closures of all three hold.
    """
    own = list(document.get("schedules", ()))
    found = []
    places: Iterable[Mapping[str, Any]] = document.get("service_at_locations") or ({},)
    for there in places:
        levels = [list(there.get("schedules", ())), own, list(there.get("location", {}).get("schedules", ()))]
        opened = next((level for level in levels if any(not _closure(s) for s in level)), [])
        found.append([*(s for s in opened if not _closure(s)), *(s for level in levels for s in level if _closure(s))])
    return found


def _closure(schedule: Mapping[str, Any]) -> bool:
    return any(a.get("link_type") == reading.HOURS and a.get("value") == "closed" for a in schedule.get("attributes", ()))


def essence(document: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """What of a service decides whether it is open, without names and ids: services with the same hours have the same essence."""
    if document.get("status", "active") != "active":
        return []
    found = []
    for group in groups(document):
        kept = []
        for schedule in group:
            one = {name: schedule[name] for name in _FIELDS if schedule.get(name) not in (None, "")}
            marks = [a["value"] for a in schedule.get("attributes", ()) if a.get("link_type") == reading.HOURS and "value" in a]
            kept.append(one | ({"attributes": [{"link_type": reading.HOURS, "value": v} for v in sorted(marks)]} if marks else {}))
        found.append(sorted(kept, key=str))
    return sorted(found, key=str)


def best(states: Iterable[State]) -> State:
    """Of several places: open where one is, else unknown where one is, else the next to open."""
    kept = list(states)
    opened = [state for state in kept if isinstance(state, Open)]
    if opened:
        ends = [state.until for state in opened]
        return Open(None if None in ends else max(end for end in ends if end is not None))
    unknown = [state for state in kept if isinstance(state, Unknown)]
    if unknown:
        return unknown[0]
    return Closed(min((s.opens for s in kept if isinstance(s, Closed) and s.opens is not None), default=None))
