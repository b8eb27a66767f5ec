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


def spans(made: Week, day: int) -> list[tuple[str, str | None, bool, bool]]:
    return [(one.opens, one.closes, one.overnight, one.all_day) for one in made.days[day]]


@pytest.mark.parametrize(
    ("opens", "closes", "read"),
    [
        ("18:00", "06:05", ("18:00", "06:05", True, False)),
        ("18:00", "00:00", ("18:00", "00:00", True, False)),
        ("18:00", "23:59", ("18:00", "23:59", False, False)),
        ("00:00", "24:00", ("00:00", "00:00", False, True)),
        ("00:01", "24:00", ("00:01", "00:00", True, False)),
        ("00:00", "23:59", ("00:00", "23:59", False, False)),
        ("00:00", None, ("00:00", None, False, False)),
        ("09:05", "09:05", ("09:05", "09:05", True, False)),
    ],
)
def test_an_opening_reads_as_people_say_it(opens: str, closes: str | None, read: tuple[str, str | None, bool, bool]) -> None:
    made = week(rule("WE", opens, closes))
    assert spans(made, 2) == [read] and made.open_days == {2} and made.today is None
    (span,) = week(rule("WE", opens, closes, attending_type="telephone")).days[2]
    assert (span.how, span.schedule_id) == ("telephone", "x")


def test_today_and_the_six_days_after_it_each_under_its_weekday() -> None:
    every = rule("MO,TU,WE,TH,FR,SA,SU", "08:00", "12:00")
    made = coming("2026-11-20T23:59", every)  # a Friday
    assert made.today == 4 and made.open_days == set(range(7)) and made.changed == {} and made.known
    last = coming("2026-11-20T00:00", every, closure(valid_from="2026-11-26", valid_to="2026-11-26"))
    assert last.changed == {3: datetime.date(2026, 11, 26)} and last.days[3] == ()
    for date in ("2026-11-19", "2026-11-27"):
        assert coming("2026-11-20T00:00", every, closure(valid_from=date, valid_to=date)).changed == {}


def test_a_week_that_is_only_closed_is_known() -> None:
    made = coming("2026-11-20T12:00", closure(valid_from="2026-11-01", valid_to="2026-11-30"))
    assert made.open_days == frozenset() and made.known and len(made.changed) == 7
    assert not coming("2026-11-20T12:00").known and not week().known


def test_the_usual_week_has_its_weekly_pauses_and_no_closures_of_some_dates() -> None:
    usual = rule("FR,SA", "08:00", "16:00")
    pause = closure(freq="WEEKLY", byday="FR", opens_at="12:00", closes_at="13:30")
    assert spans(week(usual, pause), 4) == [("08:00", "12:00", False, False), ("13:30", "16:00", False, False)]
    assert spans(week(usual, closure(freq="WEEKLY", byday="FR")), 4) == []
    assert spans(week(usual, closure(valid_from="2024-01-05", valid_to="2024-01-05")), 4) == [("08:00", "16:00", False, False)]
    assert spans(week(usual, pause | {"freq": "MONTHLY", "byday": "1FR"}), 4) == [("08:00", "16:00", False, False)]


@pytest.mark.parametrize("more", [{"count": 5, "dtstart": "2026-11-23"}, {"byday": "", "dtstart": "2026-11-23"}])
def test_what_ends_by_count_or_names_no_day_is_not_usual(more: dict[str, Any]) -> None:
    assert not week(rule("MO", "08:00", "12:00") | more).known
    assert week(rule("MO", "08:00", "12:00", interval=1, dtstart="2026-11-23", until="2026-12-01")).open_days == {0}


def test_an_addition_is_usual_beside_what_it_adds_to() -> None:
    usual = rule("MO", "08:00", "12:00", valid_from="2026-01-01", valid_to="2026-12-31")
    evening = rule("MO", "18:00", "20:00", valid_from="2026-03-01", valid_to="2026-03-31")
    added = evening | {"attributes": [{"link_type": "hours", "value": "also"}]}
    assert [span.opens for span in week(usual, evening).days[0]] == ["08:00"]
    assert [span.opens for span in week(usual, added).days[0]] == ["08:00", "18:00"]


def test_the_validity_of_a_week_is_from_its_first_schedule_to_its_last() -> None:
    first = rule("MO", "08:00", None, valid_from="2014-02-01", valid_to="2014-12-31")
    second = rule("TU", "08:00", None, valid_from="2014-01-01", valid_to="2014-11-30")
    made = week(first, second, closure(valid_from="2013-01-01", valid_to="2016-01-01"))
    assert (made.valid_from, made.valid_to) == ("2014-01-01", "2014-12-31")
    assert week(first, rule("TU", "08:00", None)).valid_from == "2014-02-01" and week(rule("TU", "08:00", None)).valid_from is None
