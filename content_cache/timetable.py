"""P Schedules -> the openings of some days, as minutes since 1970: variants, closures, midnight and clock changes resolved."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from content_cache.recurrence import happenings
from content_cache.schedules import DAY, Plan

_ONE = datetime.timedelta(days=1)
Stretch = tuple[int, int]
"""From (included) to (excluded), in minutes: of the wall after a day's midnight, or since 1970 in UTC."""


@dataclass(frozen=True)
class Opening:
    """One opening that begins on a day: minutes of the wall after its midnight; ``closes`` None where nobody said."""

    opens: int
    closes: int | None
    plan: Plan


@dataclass(frozen=True)
class Day:
    """One day at the site.

    ``told``: it is open though no hour is known. ``words``: part of its hours is only words. ``changed``: a closure or a
    variant rules it.
    """

    date: datetime.date
    openings: tuple[Opening, ...]
    told: bool
    words: bool
    closed: bool
    changed: bool


@dataclass(frozen=True)
class Timetable:
    """The days asked for, and what they mean on the world's clock.

    ``open`` and ``unsure`` (something is said to be open, but not until when) are merged and in order. ``ended``: every
    schedule's validity was over before the first of ``days``. ``told``: there is a schedule at all.
    """

    days: tuple[Day, ...]
    open: tuple[Stretch, ...]
    unsure: tuple[Stretch, ...]
    ended: bool
    told: bool


def timetable(plans: Sequence[Plan], first: datetime.date, days: int, zone: ZoneInfo) -> Timetable:
    """The openings that begin on ``days`` days from ``first``."""
    dates = [first + _ONE * n for n in range(days)]
    made = [_day(plans, date, zone) for date in dates]
    openings = [(day.date, opening) for day in made for opening in day.openings]
    sure = [(date, o.opens, o.closes) for date, o in openings if o.closes is not None]
    unsure = [(date, o.opens, DAY) for date, o in openings if o.closes is None]
    unsure += [(day.date, 0, DAY) for day in made if day.told]
    hours = [plan for plan in plans if plan.kind != "closed"]
    return Timetable(
        tuple(made),
        merged(_instants(sure, zone)),
        merged(_instants(unsure, zone)),
        bool(hours) and all(plan.last < first for plan in hours),
        bool(hours),
    )


def _day(plans: Sequence[Plan], date: datetime.date, zone: ZoneInfo) -> Day:
    shut = [plan for plan in plans if plan.kind == "closed"]
    ruling = list(_ruling([plan for plan in plans if plan.kind != "closed" and plan.in_force(date)]))
    closed = any(plan.opens is None and _happens(plan, date) for plan in shut)
    here = [plan for plan in ruling if plan.kind == "open"]
    openings = [] if closed else [o for plan in here for o in _of_plan(plan, date, zone)]
    cuts = [cut for plan in shut if plan.opens is not None for cut in _cuts(plan, date, zone)]
    kept = [Opening(a, b, o.plan) for o in openings for a, b in _without(o, cuts)]
    everyday = [plan for plan in plans if plan.kind == "open" and plan.in_force(date)]
    return Day(
        date,
        tuple(sorted(set(kept), key=lambda o: (o.opens, o.closes or 0, o.plan.id))),
        not closed and any(plan.opens is None and _happens(plan, date) for plan in here),
        not closed and any(plan.kind == "words" for plan in ruling),
        closed,
        closed or kept != openings or len(here) != len(everyday),
    )


def _ruling(plans: list[Plan]) -> Iterator[Plan]:
    """Without those that a variant replaces: one whose validity is narrower and lies within theirs (docs/adr/0090)."""
    for plan in plans:
        variants = (other for other in plans if not other.adds and other.how == plan.how)
        if not any(within(other, plan) for other in variants):
            yield plan


def within(inner: Plan, outer: Plan) -> bool:
    """Whether one's validity is narrower and lies within the other's."""
    return inner is not outer and outer.first <= inner.first and inner.last <= outer.last and _length(inner) < _length(outer)


def _length(plan: Plan) -> datetime.timedelta:
    return plan.last - plan.first


def _happens(plan: Plan, date: datetime.date) -> bool:
    # Asked for by the month, so that the answer for one rule serves every day and every place that has it.
    begin = date.replace(day=1)
    end = (begin + 31 * _ONE).replace(day=1) - _ONE
    return plan.in_force(date) and (plan.rule is None or date in happenings(plan.rule, begin, end))


def _of_plan(plan: Plan, date: datetime.date, zone: ZoneInfo) -> Iterator[Opening]:
    """Its openings that begin on this day of the site, wherever the clock stands by which it was written."""
    if plan.opens is None:
        return
    if plan.offset is None:
        if _happens(plan, date):
            yield Opening(plan.opens, plan.closes, plan)
        return
    for written in (date - _ONE, date, date + _ONE):
        if not _happens(plan, written):
            continue
        begin = _epoch(written) + plan.opens - plan.offset
        wall, opens = _wall(begin, zone)
        if wall == date:
            length = None if plan.closes is None else plan.closes - plan.opens
            yield Opening(opens, None if length is None else _after(begin + length, date, zone), plan)


def _cuts(plan: Plan, date: datetime.date, zone: ZoneInfo) -> Iterator[Stretch]:
    """The closed hours that touch openings of this day, counted from its midnight."""
    for days in (-1, 0, 1, 2):
        for one in _of_plan(plan, date + _ONE * days, zone):
            yield one.opens + DAY * days, (one.closes if one.closes is not None else DAY) + DAY * days


def _without(opening: Opening, cuts: list[Stretch]) -> Iterator[tuple[int, int | None]]:
    """What is left of an opening. One whose end nobody told is cut only where the cut covers its beginning."""
    if opening.closes is None:
        covered = [end for begin, end in cuts if begin <= opening.opens < end]
        yield max([opening.opens, *covered]), None
        return
    at = opening.opens
    for begin, end in sorted(cuts):
        if begin < opening.closes and end > at:
            if begin > at:
                yield at, begin
            at = end
    if at < opening.closes:
        yield at, opening.closes


def _instants(walls: Iterable[tuple[datetime.date, int, int]], zone: ZoneInfo) -> list[Stretch]:
    return [(instant(date, opens, zone), instant(date, closes, zone)) for date, opens, closes in walls]


def instant(date: datetime.date, minutes: int, zone: ZoneInfo) -> int:
    """Minutes since 1970 of a time on the wall.

    RFC 5545 section 3.3.5: a time that happens twice means the first; one that never happens is read with the offset before
    the gap. That is what fold=0 gives.
    """
    midnight = datetime.datetime.combine(date + _ONE * (minutes // DAY), datetime.time.min)
    return int((midnight + datetime.timedelta(minutes=minutes % DAY)).replace(tzinfo=zone).timestamp()) // 60


def _epoch(date: datetime.date) -> int:
    return (date - datetime.date(1970, 1, 1)).days * DAY


def _wall(minute: int, zone: ZoneInfo) -> tuple[datetime.date, int]:
    here = datetime.datetime.fromtimestamp(minute * 60, zone)
    return here.date(), here.hour * 60 + here.minute


def _after(minute: int, date: datetime.date, zone: ZoneInfo) -> int:
    wall, minutes = _wall(minute, zone)
    return (wall - date).days * DAY + minutes


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """In order, empty ones left out, those that touch made one."""
    kept = list[Stretch]()
    for begin, end in sorted(s for s in stretches if s[0] < s[1]):
        if kept and begin <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((begin, end))
    return tuple(kept)
