"""P The days on which a schedule happens: RFC 5545 section 3.3.10 by dateutil, within what HSDS 3.1 names of it."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dateutil import rrule

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""RFC 5545 section 3.3.10, in the order of ISO weekdays."""
MOST_TIMES = 2_000
MOST_INTERVAL = 120
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)\Z")
_FREQUENCIES = ("WEEKLY", "MONTHLY")


class Unclear(ValueError):
    """A rule from which no day can be told for certain."""


@dataclass(frozen=True)
class Rule:
    """``start`` is DTSTART, absent only where nothing depends on it. ``days``: (which of the month or 0, ISO weekday)."""

    monthly: bool = False
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    week_start: int = 0
    start: datetime.date | None = None
    until: datetime.date | None = None
    count: int | None = None

    @classmethod
    def once(cls, day: datetime.date) -> Rule:
        """One single day: without a frequency, DTSTART is the only one (RFC 5545 section 3.8.5.3)."""
        return cls(start=day, count=1)

    @classmethod
    def read(cls, schedule: Mapping[str, Any], start: datetime.date | None, until: datetime.date | None) -> Rule:
        """Raises Unclear where the fields do not say for certain which days are meant."""
        if schedule.get("freq") not in _FREQUENCIES or schedule.get("byyearday"):
            raise Unclear("a frequency that HSDS does not know")
        if schedule.get("until") and until is None:
            raise Unclear("an end that is no date")
        monthly = schedule["freq"] == "MONTHLY"
        rule = cls(
            monthly, _whole(schedule.get("interval"), 1, MOST_INTERVAL) or 1, _weekdays(schedule.get("byday"), monthly),
            _numbers(schedule.get("bymonthday"), 31), _numbers(schedule.get("byweekno"), 53), _week_start(schedule.get("wkst")),
            start, until, _whole(schedule.get("count"), 1, MOST_TIMES),
        )  # fmt: skip
        return rule._anchored()

    def _anchored(self) -> Rule:
        if self.start is None and (self.interval > 1 or self.count is not None or not (self.days or self.month_days)):
            raise Unclear("nothing says when it began, and the days depend on it")
        if self.monthly and self.week_numbers or not self.monthly and self.month_days:
            raise Unclear("days that this frequency cannot have")
        if (self.days and self.month_days) or (self.week_numbers and self.interval > 1):
            raise Unclear("two conditions at once")
        if self.month_days and max(self._longest_months()) < min(abs(day) for day in self.month_days):
            # dateutil would look for such a day until the year 9999.
            raise Unclear("a day that none of its months has")
        return self

    def _longest_months(self) -> set[int]:
        start = self.start.month if self.start else 1
        months = {(start - 1 + self.interval * n) % 12 + 1 for n in range(12)}
        return {29 if month == 2 else calendar.monthrange(2001, month)[1] for month in months}


def _whole(untrusted: object, least: int, most: int) -> int | None:
    if untrusted is None or untrusted == "":
        return None
    if isinstance(untrusted, bool) or not isinstance(untrusted, (int, float)):
        raise Unclear("no whole number")
    if not least <= untrusted <= most:  # first: neither NaN nor an infinite number has a whole part
        raise Unclear("a number out of bounds")
    if untrusted != int(untrusted):
        raise Unclear("no whole number")
    return int(untrusted)


def _weekdays(untrusted: object, monthly: bool) -> tuple[tuple[int, int], ...]:
    found = set()
    for part in _parts(untrusted):
        read = _BYDAY.match(part)
        if read is None or (read[1] and not monthly):
            raise Unclear("no weekday")
        found.add((int(read[1] or 0), DAYS.index(read[2])))
    if any(n for n, _ in found):
        # dateutil wants a day to be both where "SA,1MO" means either: every Saturday is the first to the fifth one.
        found = {(n, day) for which, day in found for n in ([which] if which else range(1, 6))}
    return tuple(sorted(found))


def _numbers(untrusted: object, most: int) -> tuple[int, ...]:
    parts = _parts(untrusted)
    if not all(re.fullmatch(r"[+-]?[1-9]\d?", part) and abs(int(part)) <= most for part in parts):
        raise Unclear("no number of a day or a week")
    return tuple(sorted({int(part) for part in parts}))


def _week_start(untrusted: object) -> int:
    if untrusted is None or untrusted == "":
        return 0
    if untrusted not in DAYS:
        raise Unclear("no weekday")
    return DAYS.index(str(untrusted))


def _parts(untrusted: object) -> list[str]:
    if untrusted is None or untrusted == "":
        return []
    if not isinstance(untrusted, (str, int)):
        raise Unclear("not a list")
    return [part.strip().upper() for part in str(untrusted).split(",") if part.strip()]


@lru_cache(maxsize=2_000)
def happenings(rule: Rule, first: datetime.date, last: datetime.date) -> frozenset[datetime.date]:
    """The days from ``first`` to ``last`` on which the rule happens."""
    begin = rule.start or first - datetime.timedelta(days=40)
    if rule.count == 1 and not rule.days and not rule.month_days:
        return frozenset({begin} if first <= begin <= last else ())
    end = min(last, rule.until or last)
    if end < first or begin > end:
        return frozenset()
    made = rrule.rrule(
        rrule.MONTHLY if rule.monthly else rrule.WEEKLY, dtstart=_midnight(_near(rule, begin, first)), interval=rule.interval,
        wkst=rule.week_start, byweekday=[rrule.weekday(day, n or None) for n, day in rule.days] or None,
        bymonthday=rule.month_days or None, byweekno=rule.week_numbers or None,
        count=rule.count, until=None if rule.count else _midnight(end),
    )  # fmt: skip
    return frozenset(m.date() for m in made.between(_midnight(first), _midnight(end), inc=True))


def _near(rule: Rule, begin: datetime.date, first: datetime.date) -> datetime.date:
    """A day of the same rhythm not long before ``first``: nobody walks through all the weeks since a rule began.

    Counting and rules that take their day from DTSTART need the true one.
    """
    if rule.count or not (rule.days or rule.month_days) or first <= begin:
        return begin
    if not rule.monthly:
        weeks = (first - begin).days // 7 // rule.interval * rule.interval
        return begin + datetime.timedelta(weeks=weeks)
    months = ((first.year - begin.year) * 12 + first.month - begin.month) // rule.interval * rule.interval
    year, month = divmod(begin.year * 12 + begin.month - 1 + max(0, months - rule.interval), 12)
    # The first of the month: every day of it counts, as all months after the first do in any case.
    return max(begin, datetime.date(year, month + 1, 1))


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time.min)
