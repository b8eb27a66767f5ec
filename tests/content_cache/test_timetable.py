"""Openings of some days: nights, closures and variants, minute by minute on the wall."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from content_cache.hours import plans
from content_cache.timetable import Day, Timetable, instant, merged, timetable, within

UTC = ZoneInfo("UTC")
FRIDAY = datetime.date(2026, 11, 20)


def shut(**fields: Any) -> dict[str, Any]:
    return {**fields, "attributes": [{"link_type": "hours", "value": "closed"}]}


def on(*schedules: dict[str, Any], days: int = 3, first: datetime.date = FRIDAY) -> Timetable:
    return timetable(plans(schedules), first, days, UTC)


def once(opens: str | None, closes: str | None, day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    return {"dtstart": day, "opens_at": opens, "closes_at": closes, **more}


def walls(day: Day) -> list[tuple[int, int | None]]:
    return [(one.opens, one.closes) for one in day.openings]


NIGHT = once("20:00", "06:00")


@pytest.mark.parametrize(
    ("closure", "left"),
    [
        (once("01:00", "03:00", "2026-11-21"), [(1200, 1500), (1620, 1800)]),
        (once("00:00", "02:00", "2026-11-21"), [(1200, 1440), (1560, 1800)]),
        (once("05:00", "08:00", "2026-11-21"), [(1200, 1740)]),
        (once("06:00", "08:00", "2026-11-21"), [(1200, 1800)]),
        (once("22:00", "02:00", "2026-11-20"), [(1200, 1320), (1560, 1800)]),
        (once("18:00", "20:00", "2026-11-20"), [(1200, 1800)]),
        (once("18:00", "20:01", "2026-11-20"), [(1201, 1800)]),
        (once("01:00", "03:00", "2026-11-20"), [(1200, 1800)]),
        (once("20:00", "06:00", "2026-11-20"), []),
    ],
)
def test_a_closure_after_midnight_cuts_the_night_that_began_the_day_before(
    closure: dict[str, Any], left: list[tuple[int, int]]
) -> None:
    assert walls(on(NIGHT, shut(**closure)).days[0]) == left


def test_a_closure_that_began_the_night_before_cuts_the_morning() -> None:
    closed = shut(**once("22:00", "09:00", "2026-11-19"))
    assert walls(on(once("08:00", "12:00"), closed).days[0]) == [(540, 720)]


def test_a_closure_whose_end_nobody_told_lasts_until_midnight() -> None:
    assert walls(on(NIGHT, shut(**once("22:00", None))).days[0]) == [(1200, 1320), (1440, 1800)]


def test_several_closures_cut_one_opening_in_whichever_order_they_stand() -> None:
    one, other = shut(**once("09:00", "10:00")), shut(**once("11:00", "11:30"))
    for closures in ([one, other], [other, one]):
        assert walls(on(once("08:00", "12:00"), *closures).days[0]) == [(480, 540), (600, 660), (690, 720)]
    wide = shut(**once("08:30", "11:00"))
    assert walls(on(once("08:00", "12:00"), wide, one).days[0]) == [(480, 510), (660, 720)]


@pytest.mark.parametrize(("closes", "begins"), [("07:59", 480), ("08:00", 480), ("08:01", 481), ("10:00", 600)])
def test_an_opening_without_an_end_begins_when_the_closure_over_its_beginning_is_over(closes: str, begins: int) -> None:
    assert walls(on(once("08:00", None), shut(**once("07:00", closes))).days[0]) == [(begins, None)]


def test_a_closure_after_the_beginning_of_an_opening_without_an_end_leaves_it() -> None:
    assert walls(on(once("08:00", None), shut(**once("08:01", "09:00"))).days[0]) == [(480, None)]
    assert walls(on(once("08:00", None), shut(**once("08:00", "09:00"))).days[0]) == [(540, None)]


def test_a_day_that_is_closed_has_no_openings_and_says_that_it_changed() -> None:
    usual = {"freq": "WEEKLY", "byday": "FR,SA,SU", "opens_at": "08:00", "closes_at": "12:00"}
    made = on(usual, shut(valid_from="2026-11-21", valid_to="2026-11-21"))
    assert [(walls(day), day.closed, day.changed) for day in made.days] == [
        ([(480, 720)], False, False), ([], True, True), ([(480, 720)], False, False),
    ]  # fmt: skip


def test_a_pause_changes_its_day_and_no_other() -> None:
    usual = {"freq": "WEEKLY", "byday": "FR,SA", "opens_at": "08:00", "closes_at": "12:00"}
    made = on(usual, shut(**once("09:00", "10:00")))
    assert [day.changed for day in made.days] == [True, False, False] and not any(day.closed for day in made.days)


def test_a_day_that_is_open_at_no_told_hour_is_unsure_from_midnight_to_midnight() -> None:
    made = on(once(None, None))
    begin = instant(FRIDAY, 0, UTC)
    assert made.days[0].told and not made.days[1].told and made.unsure == ((begin, begin + 1440),) and made.open == ()
    assert on(once("09:00", None)).unsure == ((begin + 540, begin + 1440),)
    assert not on(once(None, None), shut(valid_from="2026-11-20", valid_to="2026-11-20")).days[0].told


def test_words_are_of_the_days_on_which_they_hold_and_no_closed_day_has_any() -> None:
    words = {"description": "ask inside", "valid_from": "2026-11-21", "valid_to": "2026-11-22"}
    closed = shut(valid_from="2026-11-22", valid_to="2026-11-22")
    assert [day.words for day in on(words, closed).days] == [False, True, False]


def test_it_has_ended_when_every_validity_was_over_before_the_first_day() -> None:
    first, second = (once("08:00", "12:00", valid_to=last) for last in ("2026-11-18", "2026-11-19"))
    assert on(first, second).ended
    assert not on(first, once("08:00", "12:00", valid_to="2026-11-20")).ended
    assert not on().ended and not on().told and on(first).told
    assert not on(shut(valid_from="2026-11-01", valid_to="2026-11-02")).ended, "a closure is no schedule that could end"


def test_a_variant_rules_only_within_the_wider_one_and_only_of_its_way_of_attending() -> None:
    year = once("08:00", "12:00", valid_from="2026-01-01", valid_to="2026-12-31")
    month = once("10:00", "11:00", valid_from="2026-11-01", valid_to="2026-11-30")
    beyond = once("10:00", "11:00", valid_from="2026-11-01", valid_to="2027-01-01")
    assert walls(on(year, month).days[0]) == walls(on(month, year).days[0]) == [(600, 660)]
    assert on(year, month).days[0].changed
    assert walls(on(year, beyond).days[0]) == [(480, 720), (600, 660)]
    assert walls(on(year, month | {"attending_type": "telephone"}).days[0]) == [(480, 720), (600, 660)]
    added = month | {"attributes": [{"link_type": "hours", "value": "also"}]}
    assert walls(on(year, added).days[0]) == [(480, 720), (600, 660)] and not on(year, added).days[0].changed


def test_a_validity_is_not_narrower_than_itself() -> None:
    year, same = plans([once("08:00", "12:00", valid_from="2026-01-01", valid_to="2026-12-31")] * 2)
    (shorter,) = plans([once("08:00", "12:00", valid_from="2026-01-01", valid_to="2026-12-30")])
    (later,) = plans([once("08:00", "12:00", valid_from="2026-01-02", valid_to="2026-12-31")])
    assert not within(year, same) and not within(year, year) and not within(year, shorter)
    assert within(shorter, year) and within(later, year) and not within(later, shorter)


@pytest.mark.parametrize(
    ("opens", "closes", "days"),
    [
        ("23:00-02:00", "01:00-02:00", [[], [(60, 180)], []]),  # 23:00 two hours west of UTC is 01:00 of the next day
        ("01:00+02:00", "03:00+02:00", [[], [], []]),  # ... and two hours east of it, of the day before the first
        ("12:00Z", "13:00Z", [[(720, 780)], [], []]),
        ("22:00-01:00", "23:30-01:00", [[(1380, 1470)], [], []]),
    ],
)
def test_an_opening_belongs_to_the_day_of_the_site_on_which_it_begins(
    opens: str, closes: str, days: list[list[tuple[int, int]]]
) -> None:
    assert [walls(day) for day in on(once(opens, closes)).days] == days


def test_an_opening_by_another_clock_that_nobody_ends_is_unsure() -> None:
    assert walls(on(once("23:00-02:00", None)).days[1]) == [(60, None)]


@pytest.mark.parametrize(
    ("stretches", "made"),
    [
        ([], ()),
        ([(5, 5), (7, 6)], ()),
        ([(0, 2), (2, 4)], ((0, 4),)),
        ([(0, 2), (3, 4)], ((0, 2), (3, 4))),
        ([(3, 4), (0, 9), (9, 10)], ((0, 10),)),
        ([(4, 8), (0, 5)], ((0, 8),)),
    ],
)
def test_stretches_that_touch_are_one(stretches: list[tuple[int, int]], made: tuple[tuple[int, int], ...]) -> None:
    assert merged(stretches) == made


def test_a_minute_past_the_day_is_of_the_next_one() -> None:
    assert instant(datetime.date(1970, 1, 1), 0, UTC) == 0
    assert instant(datetime.date(1970, 1, 1), 1439, UTC) == 1439
    assert instant(datetime.date(1970, 1, 1), 1440, UTC) == instant(datetime.date(1970, 1, 2), 0, UTC) == 1440
    athens = ZoneInfo("Europe/Athens")  # 03:00 becomes 04:00 on 29 March 2026: that day has 23 hours
    assert instant(datetime.date(2026, 3, 28), 2880, athens) - instant(datetime.date(2026, 3, 29), 0, athens) == 1380
