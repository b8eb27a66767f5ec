"""What is understood of one schedule, field by field; whatever is unclear becomes words."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from content_cache.recurrence import Rule
from content_cache.schedules import Plan, read

DAY = datetime.date(2026, 11, 20)


def times(opens: Any, closes: Any = None, **more: Any) -> tuple[str, int | None, int | None, int | None]:
    plan = read({"dtstart": "2026-11-20", "opens_at": opens, "closes_at": closes, **more})
    return plan.kind, plan.opens, plan.closes, plan.offset


WORDS = ("words", None, None, None)


@pytest.mark.parametrize(
    ("opens", "closes", "told"),
    [
        ("08:00", "16:30", ("open", 480, 990, None)),
        ("8:05", None, ("open", 485, None, None)),
        (" 08:00:59.5 ", "", ("open", 480, None, None)),
        ("00:00", "24:00", ("open", 0, 1440, None)),
        ("24:00", "01:00", ("open", 1440, 1500, None)),
        ("24:01", None, WORDS),
        ("25:00", None, WORDS),
        ("08:60", None, WORDS),
        ("08:00am", None, WORDS),
        (800, None, WORDS),
        (None, "16:00", WORDS),
        ("", None, ("open", None, None, None)),
        ("20:00", "06:00", ("open", 1200, 1800, None)),
        ("08:00", "08:00", ("open", 480, 1920, None)),
        ("08:00", "08:01", ("open", 480, 481, None)),
        ("08:01", "08:00", ("open", 481, 1920, None)),
    ],
)
def test_times_are_minutes_after_midnight_and_an_end_at_or_before_the_beginning_is_of_the_next_day(
    opens: Any, closes: Any, told: tuple[str, int | None, int | None, int | None]
) -> None:
    assert times(opens, closes) == told


@pytest.mark.parametrize(
    ("opens", "closes", "told"),
    [
        ("08:00Z", "10:00Z", ("open", 480, 600, 0)),
        ("08:00+02:00", "10:00+0200", ("open", 480, 600, 120)),
        ("08:00-05:30", None, ("open", 480, None, -330)),
        ("08:00+14:59", None, ("open", 480, None, 899)),
        ("08:00+15:00", None, WORDS),
        ("08:00", "10:00Z", WORDS),
        ("08:00Z", "10:00", WORDS),
        ("08:00+02:00", "10:00Z", ("open", 480, 720, 120)),  # 10:00 in London is noon by the clock of the beginning
        ("08:00+02:00", "05:30Z", ("open", 480, 480 + 1410, 120)),
        ("00:00+14:00", "23:00-14:00", WORDS),  # an opening of two days
    ],
)
def test_a_time_with_an_offset_is_by_its_own_clock(
    opens: Any, closes: Any, told: tuple[str, int | None, int | None, int | None]
) -> None:
    assert times(opens, closes) == told


@pytest.mark.parametrize(
    ("zone", "offset"),
    [(0, 0), (2, 120), (5.75, 345), (-14, -840), (14, 840), (14.5, None), (-15, None), (True, None), ("2", None), (None, None)],
)
def test_the_zone_in_hours_holds_where_the_times_name_none(zone: Any, offset: int | None) -> None:
    assert times("08:00", "10:00", timezone=zone) == ("open", 480, 600, offset)
    assert times("08:00Z", "10:00Z", timezone=3) == ("open", 480, 600, 0)


def marked(value: Any, **fields: Any) -> dict[str, Any]:
    return {**fields, "attributes": [{"link_type": "hours", "value": value}, {"link_type": "other", "value": "closed"}]}


def test_a_mark_of_another_kind_decides_nothing() -> None:
    other = {"dtstart": "2026-11-20", "attributes": [{"link_type": "payment", "value": "closed"}, {}]}
    assert read(other).kind == "open" and not read(other).adds
    assert read(marked("also", dtstart="2026-11-20")).adds and read(marked("also", dtstart="2026-11-20")).kind == "open"
    closed = read(marked("closed", dtstart="2026-11-20"))
    assert closed.kind == "closed" and not closed.adds


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"freq": "WEEKLY", "byday": "FR"}, Rule(days=((0, 4),))),
        ({"freq": "WEEKLY", "byday": "FR", "until": "2026-12-01"}, Rule(days=((0, 4),), until=datetime.date(2026, 12, 1))),
        ({"freq": "WEEKLY", "byday": "FR", "dtstart": "2026-11-20"}, Rule(days=((0, 4),), start=DAY)),
        ({"dtstart": "2026-11-20T08:00:00"}, Rule(start=DAY, count=1)),
        ({"valid_from": "2026-11-20", "valid_to": "2026-11-20"}, Rule(start=DAY, count=1)),
    ],
)
def test_the_days_come_from_a_rule_a_start_or_a_validity_of_one_day(fields: dict[str, Any], rule: Rule) -> None:
    assert read(fields).rule == rule and read(fields).kind == "open"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"byday": "FR", "dtstart": "2026-11-20"},
        {"bymonthday": "3", "dtstart": "2026-11-20"},
        {"valid_from": "2026-11-20"},
        {"valid_to": "2026-11-20"},
        {"valid_from": "2026-11-20", "valid_to": "2026-11-21"},
        {"dtstart": "no date"},
        {"freq": "WEEKLY", "byday": "FR", "until": "no date"},
    ],
)
def test_without_certain_days_it_is_only_words(fields: dict[str, Any]) -> None:
    plan = read({**fields, "opens_at": "08:00"})
    assert plan.kind == "words" and plan.rule is None and plan.opens is None


@pytest.mark.parametrize("bounds", [{"valid_from": "2026-11-20"}, {"valid_to": "2026-11-20"}])
def test_a_closure_with_one_bound_holds_on_every_day_within_it(bounds: dict[str, Any]) -> None:
    plan = read(marked("closed", **bounds))
    assert plan.kind == "closed" and plan.rule is None and plan.in_force(DAY)
    assert read(marked("closed")).kind == "words", "a closure of no days closes nothing"


def test_what_is_told_beside_the_hours_is_kept_also_of_words() -> None:
    fields = {"id": "x", "attending_type": "telephone", "valid_from": "2026-11-20", "valid_to": "2026-11-30"}
    plan = read(fields)
    assert plan == Plan("words", first=DAY, last=datetime.date(2026, 11, 30), how="telephone", id="x")
    assert read({}) == Plan("words")
    opened = read({**fields, "dtstart": "2026-11-20", "opens_at": "08:00"})
    assert (opened.kind, opened.first, opened.last, opened.how, opened.id) == ("open", plan.first, plan.last, "telephone", "x")


def test_a_validity_holds_on_its_first_and_its_last_day() -> None:
    plan = read({"valid_from": "2026-11-20", "valid_to": "2026-11-21"})
    days = [DAY + datetime.timedelta(days=n) for n in range(-1, 3)]
    assert [plan.in_force(day) for day in days] == [False, True, True, False]
    assert read({"valid_from": "", "valid_to": None}).in_force(datetime.date.min)


WEEKLY = {"freq": "WEEKLY", "byday": "MO", "dtstart": "2026-01-05"}
NUMBERS = (float("inf"), float("-inf"), float("nan"), 10**400, 2**63, -1, True, [2], 1.5)
ODD: list[dict[str, Any]] = [
    {"attributes": None}, {"attributes": [5, None, "x"]}, {"attributes": "closed"}, {"attributes": 7},
    *({**WEEKLY, name: number} for name in ("interval", "count") for number in NUMBERS),
    {"freq": ["WEEKLY"]}, {"freq": "WEEKLY", "byday": 5}, {"freq": "WEEKLY", "wkst": [5], "byday": "MO"}, {"timezone": 10**400},
]  # fmt: skip


@pytest.mark.parametrize("schedule", ODD)
def test_r5_an_odd_schedule_is_words_and_hides_no_other(schedule: dict[str, Any]) -> None:
    assert read(schedule).kind == "words"


@pytest.mark.parametrize("beside", [None, 5, "x", [], {}])
def test_r5_an_odd_attribute_hides_none_beside_it(beside: object) -> None:
    assert read({**WEEKLY, "attributes": [beside, {"link_type": "hours", "value": "closed"}]}).kind == "closed"
