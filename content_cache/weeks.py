"""P The week as people read it: the seven days from today, or the usual week for a box that does not know the date."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from content_cache.hours import around
from content_cache.schedules import DAY, Plan
from content_cache.timetable import Day, Opening, timetable, within


@dataclass(frozen=True)
class Span:
    """One opening as people read it; ``closes`` is None where nobody said. ``overnight``: it closes on the following day."""

    opens: str
    closes: str | None
    overnight: bool
    all_day: bool
    schedule_id: str
    how: str = ""


@dataclass(frozen=True)
class Week:
    """Seven days by ISO weekday, Monday first. ``open_days`` are open, some with no hour known.

    ``changed`` holds the dates of days on which a closure or a variant rules, by weekday. ``today`` is None in the usual week.
    """

    days: tuple[tuple[Span, ...], ...]
    open_days: frozenset[int]
    valid_to: str | None
    valid_from: str | None
    changed: Mapping[int, datetime.date]
    today: int | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to show day by day."""
        return bool(self.open_days or self.changed)


def coming_week(known: tuple[Plan, ...], here: datetime.datetime) -> Week:
    """Today and the six days after it at the site, each under its weekday."""
    days = around(known, here).days[1:8]
    return _week(known, days, {day.date.weekday(): day.date for day in days if day.changed}, here.weekday())


def usual_week(known: tuple[Plan, ...]) -> Week:
    """The week without variants and closures of some dates: for a box that does not know the date, and for what has ended."""
    lasting = [plan for plan in known if plan.kind == "open" and plan.rule is not None and _every_week(plan)]
    endless = [plan for plan in lasting if plan.adds or not any(within(plan, other) for other in lasting)]
    some_week = datetime.date(2024, 1, 1)
    timeless = tuple(_without_dates(plan) for plan in (*endless, *(p for p in known if p.kind == "closed" and _every_week(p))))
    return _week(known, timetable(timeless, some_week, 7, ZoneInfo("UTC")).days, {}, None)


def _every_week(plan: Plan) -> bool:
    rule = plan.rule
    return rule is not None and not rule.monthly and rule.interval == 1 and bool(rule.days) and rule.count is None


def _without_dates(plan: Plan) -> Plan:
    assert plan.rule is not None
    rule = type(plan.rule)(days=plan.rule.days)
    return Plan(plan.kind, rule, opens=plan.opens, closes=plan.closes, how=plan.how, adds=True, id=plan.id)


def _week(known: Sequence[Plan], days: Sequence[Day], changed: Mapping[int, datetime.date], today: int | None) -> Week:
    spans: list[tuple[Span, ...]] = [()] * 7
    for day in days:
        spans[day.date.weekday()] = tuple(_span(opening) for opening in day.openings)
    bounded = [plan for plan in known if plan.kind != "closed"]
    ends = [plan.last for plan in bounded]
    begins = [plan.first for plan in bounded if plan.first != datetime.date.min]
    return Week(
        tuple(spans),
        frozenset(day.date.weekday() for day in days if day.openings or day.told),
        max(ends).isoformat() if ends and max(ends) != datetime.date.max else None,
        min(begins).isoformat() if begins else None,
        changed,
        today,
    )


def _span(opening: Opening) -> Span:
    opens, closes = opening.opens, opening.closes
    all_day = opens == 0 and closes == DAY
    late = closes is not None and closes > DAY
    shut = None if closes is None else "00:00" if all_day else _clock(closes)
    return Span(_clock(opens), shut, late or (closes == DAY and not all_day), all_day, opening.plan.id, opening.plan.how)


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
