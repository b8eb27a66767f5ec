"""The week as people read it: the usual one, and the one that is coming."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.hours import plans
from content_cache.recurrence import DAYS
from content_cache.weeks import Week, coming_week, usual_week

AMMAN = ZoneInfo("Asia/Amman")


def rule(byday: str, opens: str | None, closes: str | None, **more: Any) -> dict[str, Any]:
    return {"id": "x", "freq": "WEEKLY", "byday": byday, "opens_at": opens, "closes_at": closes, **more}


def week(*schedules: dict[str, Any]) -> Week:
    return usual_week(plans(schedules))


def coming(text: str, *schedules: dict[str, Any]) -> Week:
    return coming_week(plans(schedules), datetime.datetime.fromisoformat(text).replace(tzinfo=AMMAN))


def closure(**fields: Any) -> dict[str, Any]:
    return {"id": "shut", "attributes": [{"link_type": "hours", "value": "closed"}], **fields}


def test_each_day_has_its_openings_in_order() -> None:
    made = week(rule("MO,TU", "14:00", "17:00"), rule("MO", "08:00:00", "12:00:00"))
    assert [(s.opens, s.closes) for s in made.days[0]] == [("08:00", "12:00"), ("14:00", "17:00")]
    assert [(s.opens, s.closes) for s in made.days[1]] == [("14:00", "17:00")]
    assert made.open_days == {0, 1}


@pytest.mark.parametrize(
    ("opens", "closes", "overnight", "all_day"),
    [
        ("18:00", "06:00", True, False),
        ("00:00", "00:00", False, True),
        ("08:00", "16:00", False, False),
        ("08:00", None, False, False),
    ],
)
def test_past_midnight_and_round_the_clock(opens: str, closes: str | None, overnight: bool, all_day: bool) -> None:
    (span,) = week(rule("FR", opens, closes)).days[4]
    assert (span.overnight, span.all_day) == (overnight, all_day)


def test_a_day_without_hours_is_open_all_the_same() -> None:
    made = week(rule("SU", None, None))
    assert made.open_days == {6} and made.days[6] == () and made.known


@pytest.mark.parametrize("more", [{"freq": "MONTHLY"}, {"freq": None}, {"interval": 2}, {"interval": 2, "dtstart": "2026-11-23"}])
def test_what_does_not_hold_every_week_is_in_no_usual_day(more: dict[str, Any]) -> None:
    assert not week(rule("MO", "08:00", "12:00") | more).known


def test_what_happens_this_week_is_in_the_coming_week() -> None:
    monthly = rule("4MO", "08:00", "12:00", freq="MONTHLY")
    assert coming("2026-11-21T10:00", monthly).open_days == {0} and not coming("2026-11-24T10:00", monthly).known


def test_it_ends_only_when_every_schedule_ends() -> None:
    first, second = rule("MO", "08:00", None, valid_to="2014-12-31"), rule("TU", "08:00", None, valid_to="2015-12-31")
    assert week(first, second).valid_to == "2015-12-31"
    assert week(first, rule("TU", "08:00", None)).valid_to is None
    assert week().valid_to is None


def test_a_variant_is_not_usual_and_rules_while_it_holds() -> None:
    usual, ramadan = rule("MO,TU", "08:00", "16:00"), rule("MO", "10:00", "14:00", valid_from="2026-02-18", valid_to="2026-03-19")
    assert [s.opens for s in week(usual, ramadan).days[0]] == ["08:00"]
    made = coming("2026-02-16T12:00", usual, ramadan)
    assert [s.opens for s in made.days[0]] == ["08:00"] and 0 not in made.changed
    made = coming("2026-02-20T12:00", usual, ramadan)
    assert [s.opens for s in made.days[0]] == ["10:00"] and not made.days[1]
    assert made.changed[1] == datetime.date(2026, 2, 24) and made.today == 4


def test_a_closed_day_is_empty_and_dated() -> None:
    made = coming("2026-11-21T12:00", rule("MO,TU", "08:00", "16:00"), closure(valid_from="2026-11-23", valid_to="2026-11-23"))
    assert made.days[0] == () and made.days[1] and made.changed == {0: datetime.date(2026, 11, 23)}


@given(st.lists(st.fixed_dictionaries({
    "freq": st.sampled_from(["WEEKLY", "MONTHLY", None]),
    "byday": st.text(max_size=12) | st.lists(st.sampled_from(DAYS)).map(",".join),
    "opens_at": st.text(max_size=8) | st.times().map(lambda t: t.strftime("%H:%M")) | st.none(),
    "closes_at": st.text(max_size=8) | st.times().map(lambda t: t.strftime("%H:%M")) | st.none(),
})))  # fmt: skip
def test_no_schedule_crashes_and_every_opening_is_on_an_open_day(schedules: list[dict[str, Any]]) -> None:
    for made in (week(*schedules), coming("2026-11-21T10:00", *schedules)):
        assert {n for n, spans in enumerate(made.days) if spans} <= made.open_days
