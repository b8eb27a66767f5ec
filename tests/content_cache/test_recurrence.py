"""Rules of RFC 5545: which are understood, which are not, and the days they give."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from content_cache.recurrence import MOST_INTERVAL, MOST_TIMES, Rule, Unclear, happenings

START = datetime.date(2026, 11, 2)  # a Monday


def rule(start: datetime.date | None = None, until: datetime.date | None = None, **fields: Any) -> Rule:
    return Rule.read({"freq": "WEEKLY", **fields}, start, until)


def monthly(start: datetime.date | None = None, **fields: Any) -> Rule:
    return Rule.read({"freq": "MONTHLY", **fields}, start, None)


def days(made: Rule, first: str, last: str) -> list[str]:
    found = happenings(made, datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
    return [day.isoformat()[5:] for day in sorted(found)]


def test_every_field_of_a_rule_is_understood() -> None:
    made = rule(START, datetime.date(2027, 1, 1), byday="mo, FR", interval=2, wkst="SU")
    assert made == Rule(False, 2, ((0, 0), (0, 4)), (), (), 6, START, datetime.date(2027, 1, 1), None)
    assert rule(byday="MO", byweekno="1,53") == Rule(days=((0, 0),), week_numbers=(1, 53))
    assert monthly(bymonthday="1,-1,31") == Rule(True, month_days=(-1, 1, 31))
    assert monthly(byday="+2TU,-1FR") == Rule(True, days=((-1, 4), (2, 1)))
    assert rule(START, byday="MO", count=3.0).count == 3
    assert rule(byday="MO", interval="", count=None, wkst="").interval == 1


def test_every_weekday_of_a_month_is_its_first_to_its_fifth() -> None:
    assert monthly(byday="SA,1MO").days == ((1, 0), *((n, 5) for n in range(1, 6)))
    assert monthly(byday="SA").days == ((0, 5),)


@pytest.mark.parametrize(
    "fields",
    [
        {"freq": "DAILY"}, {"byyearday": "3"}, {"until": "soon"}, {"byday": "1MO"}, {"byday": "XX"}, {"byday": ["MO"]},
        {"byday": "6MO"}, {"byday": ""}, {"bymonthday": "3"}, {"wkst": "XX"}, {"wkst": 0},
        {"interval": 0}, {"interval": MOST_INTERVAL + 1}, {"interval": "2"}, {"interval": True}, {"interval": 1.5},
        {"count": 0}, {"count": MOST_TIMES + 1}, {"byweekno": "54"}, {"byweekno": "0"}, {"byweekno": "1", "interval": 2},
    ],
)  # fmt: skip
def test_what_says_no_certain_days_of_the_week_is_unclear(fields: dict[str, Any]) -> None:
    with pytest.raises(Unclear):
        Rule.read({"freq": "WEEKLY", "byday": "MO", **fields}, None if fields == {"byday": ""} else START, None)


@pytest.mark.parametrize(
    "fields", [{"byday": "MO", "byweekno": "3"}, {"byday": "MO", "bymonthday": "3"}, {"bymonthday": "32"}, {"bymonthday": "x"}]
)
def test_what_says_no_certain_days_of_the_month_is_unclear(fields: dict[str, Any]) -> None:
    with pytest.raises(Unclear):
        monthly(START, **fields)


@pytest.mark.parametrize("fields", [{"interval": 2}, {"count": 3}])
def test_what_depends_on_a_beginning_needs_one(fields: dict[str, Any]) -> None:
    assert rule(START, byday="MO", **fields).start == START
    with pytest.raises(Unclear):
        rule(byday="MO", **fields)
    assert rule(byday="MO", interval=1).start is None


def test_the_bounds_themselves_are_understood() -> None:
    assert (MOST_INTERVAL, MOST_TIMES) == (120, 2_000)
    assert rule(START, byday="MO", interval=MOST_INTERVAL).interval == 120
    assert rule(START, byday="MO", count=MOST_TIMES).count == 2_000
    assert rule(START, byday="MO", interval=1, count=1).count == 1


@pytest.mark.parametrize(
    ("start", "interval", "day", "there"),
    [
        ((2026, 2, 1), 12, "29", True), ((2026, 2, 1), 12, "30", False), ((2026, 2, 1), 12, "-30", False),
        ((2026, 4, 1), 12, "30", True), ((2026, 4, 1), 12, "31", False), ((2026, 12, 1), 12, "31", True),
        ((2026, 2, 1), 1, "31", True), ((2026, 2, 1), 12, "29,31", True), ((2026, 4, 1), 2, "31", True),
        ((2026, 2, 1), 24, "30", False),
    ],
)  # fmt: skip
def test_a_day_that_none_of_its_months_has_is_unclear(start: tuple[int, int, int], interval: int, day: str, there: bool) -> None:
    if there:
        assert monthly(datetime.date(*start), bymonthday=day, interval=interval).month_days
    else:
        with pytest.raises(Unclear):
            monthly(datetime.date(*start), bymonthday=day, interval=interval)


def test_both_ends_of_the_days_asked_for_count() -> None:
    every = rule(byday="MO")
    assert days(every, "2026-11-02", "2026-11-09") == ["11-02", "11-09"]
    assert days(every, "2026-11-03", "2026-11-08") == []
    assert days(every, "2026-11-09", "2026-11-02") == []


def test_nothing_happens_before_the_beginning_or_after_the_end() -> None:
    assert days(rule(START, byday="MO"), "2026-10-01", "2026-11-09") == ["11-02", "11-09"]
    assert days(rule(START, datetime.date(2026, 11, 9), byday="MO"), "2026-11-01", "2026-12-31") == ["11-02", "11-09"]
    assert days(rule(START, datetime.date(2026, 11, 8), byday="MO"), "2026-11-01", "2026-12-31") == ["11-02"]
    assert days(rule(START, START, byday="MO"), "2026-11-01", "2026-12-31") == ["11-02"]
    assert days(rule(START, byday="MO"), "2026-09-01", "2026-11-01") == []


def test_one_single_day() -> None:
    once = Rule.once(START)
    assert days(once, "2026-11-02", "2026-11-02") == ["11-02"]
    assert days(once, "2026-11-03", "2026-11-30") == days(once, "2026-10-01", "2026-11-01") == []


def test_a_count_counts_from_the_beginning_however_late_one_looks() -> None:
    thrice = rule(START, byday="MO,TU", count=3)
    assert days(thrice, "2026-11-01", "2026-12-31") == ["11-02", "11-03", "11-09"]
    assert days(thrice, "2026-11-08", "2026-12-31") == ["11-09"] and days(thrice, "2026-11-10", "2027-12-31") == []


@pytest.mark.parametrize("years", [0, 1, 10])
def test_a_rhythm_keeps_its_weeks_and_months_however_long_ago_it_began(years: int) -> None:
    first = datetime.date(2026 + years, 1, 1)
    third = rule(START, byday="MO,WE", interval=3)
    found = happenings(third, first, first + datetime.timedelta(days=400))
    weeks = {((day - START).days // 7, day.weekday()) for day in found}
    assert weeks and all(week % 3 == 0 and day in (0, 2) for week, day in weeks)
    expected = [START + datetime.timedelta(days=n) for n in range(4_500) if n // 7 % 3 == 0 and n % 7 in (0, 2)]
    assert sorted(found) == [day for day in expected if first <= day <= first + datetime.timedelta(days=400)]
    fifth = monthly(datetime.date(2026, 8, 15), bymonthday="10,20", interval=5)
    expected = [
        datetime.date(2026 + (7 + n) // 12, (7 + n) % 12 + 1, day) for n in range(0, 150, 5) for day in (10, 20) if n or day > 15
    ]
    last = first + datetime.timedelta(days=700)
    assert sorted(happenings(fifth, first, last)) == [day for day in expected if first <= day <= last]


def test_a_rule_without_days_takes_its_day_from_its_beginning() -> None:
    assert days(rule(START, interval=2), "2027-11-01", "2027-11-30") == ["11-01", "11-15", "11-29"]
    assert days(monthly(datetime.date(2026, 1, 31)), "2026-11-01", "2026-12-31") == ["12-31"]


def test_the_weeks_of_a_year_are_those_of_its_numbers() -> None:
    first = rule(datetime.date(2026, 1, 1), byday="MO", byweekno="2,3")
    assert days(first, "2027-01-01", "2027-12-31") == ["01-11", "01-18"]


def test_the_week_begins_where_the_rule_says() -> None:
    # RFC 5545 section 3.3.10: the example of WKST.
    start = datetime.date(1997, 8, 5)
    monday = rule(start, byday="TU,SU", interval=2, count=4, wkst="MO")
    sunday = rule(start, byday="TU,SU", interval=2, count=4, wkst="SU")
    assert days(monday, "1997-08-01", "1997-12-31") == ["08-05", "08-10", "08-19", "08-24"]
    assert days(sunday, "1997-08-01", "1997-12-31") == ["08-05", "08-17", "08-19", "08-31"]
