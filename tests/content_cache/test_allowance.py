"""Hours, the month's volume and people first: what a box may take of its own link."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moment import Trust
from content_cache.allowance import (
    BACKGROUND_PART,
    BUSY,
    FREE,
    PATIENCE,
    SLOWEST,
    SOON,
    Line,
    Pace,
    Spent,
    left,
    may_begin,
    pace,
    period_of,
    this_month,
    within,
)  # fmt: skip

DAY = datetime.date(2026, 11, 22)
NIGHT = ((22 * 60, 6 * 60),)
minutes = st.integers(0, 1439)
dates = st.dates(datetime.date(2026, 1, 1), datetime.date(2040, 12, 31))


@pytest.mark.parametrize(
    ("minute", "allowed"), [(22 * 60, True), (0, True), (359, True), (360, False), (720, False), (1319, False)]
)
def test_hours_go_over_midnight(minute: int, allowed: bool) -> None:
    assert within(NIGHT, minute) is allowed


@given(minutes, minutes, minutes)
def test_a_span_and_its_opposite_share_the_day(begin: int, end: int, minute: int) -> None:
    if begin != end:
        assert within(((begin, end),), minute) is not within(((end, begin),), minute)


def test_without_hours_it_may_always() -> None:
    assert within((), 720)


@pytest.mark.parametrize(("trust", "allowed"), [("synced", False), ("floor", False), ("none", True)])
def test_a_box_that_does_not_know_the_time_is_not_kept_from_content(trust: Trust, allowed: bool) -> None:
    assert may_begin(NIGHT, datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC), trust) is allowed


@given(dates, st.integers(1, 28))
def test_a_month_of_account_holds_its_day_and_is_no_longer_than_a_month(today: datetime.date, reset: int) -> None:
    first = datetime.date.fromisoformat(period_of(today, reset))
    assert first <= today and first.day == reset and (today - first).days <= 31


@given(dates, st.integers(1, 28), st.integers(0, 10**9), st.sampled_from(["synced", "floor", "none"]), dates)
def test_only_a_clock_that_was_compared_ends_an_account(
    opened: datetime.date, reset: int, octets: int, trust: Trust, today: datetime.date
) -> None:
    before = Spent(period_of(opened, reset), octets)
    now = this_month(before, today, reset, trust)
    if trust != "synced":
        assert now == before
    elif period_of(today, reset) > before.period:
        assert now == Spent(period_of(today, reset), 0)
    else:
        assert now == Spent(period_of(today, reset), octets)


def test_the_first_account_is_opened_by_any_clock() -> None:
    assert this_month(Spent(), DAY, 1, "none") == Spent("2026-11-01", 0)


@pytest.mark.parametrize(("octets", "budget", "rest"), [(10, None, None), (10, 100, 90), (200, 100, 0)])
def test_what_is_left_of_the_month(octets: int, budget: int | None, rest: int | None) -> None:
    assert left(Spent("2026-11-01", octets), budget) == rest


RATE = 1_000_000
LONG = 10**12
"""Bytes to come that are not soon over."""


def _line(at: float, octets: float, own: int = 0, active: int = 3) -> Line:
    return Line(at, int(octets), own, RATE, active)


BACKGROUND = Pace(RATE * BACKGROUND_PART / 8)


def test_alone_it_takes_the_whole_line() -> None:
    assert pace(_line(0, 0), _line(10, 10 * RATE / 8, active=0), 0, LONG) == FREE


def test_beside_people_it_takes_the_background_part() -> None:
    assert pace(None, _line(0, 0), 0, LONG) == pace(_line(0, 0), _line(10, 0.5 * 10 * RATE / 8), 0, LONG) == BACKGROUND


def test_a_line_that_people_fill_is_theirs() -> None:
    assert pace(_line(0, 0), _line(10, (BUSY + 0.01) * 10 * RATE / 8), 0, LONG).limit == 0


def test_what_is_soon_over_does_not_wait_even_where_the_line_is_full() -> None:
    full, soon = _line(10, 10 * RATE / 8), int(RATE * BACKGROUND_PART / 8 * SOON)
    assert pace(_line(0, 0), full, 0, soon) == BACKGROUND and pace(_line(0, 0), full, 0, soon + 1).limit == 0


def test_its_own_bytes_do_not_stop_it() -> None:
    mine = int(10 * RATE / 8)
    assert pace(_line(0, 0), _line(10, mine, own=mine), 0, LONG) == BACKGROUND


def test_after_a_day_of_standing_back_it_takes_its_small_part() -> None:
    assert pace(_line(0, 0), _line(10, 10 * RATE / 8), PATIENCE, LONG) == BACKGROUND


@given(
    st.floats(0, 1e6),
    st.integers(-(10**9), 10**9),
    st.integers(0, 10**9),
    st.integers(0, 10**10),
    st.integers(0, 99),
    st.floats(0, 1e6),
)
def test_no_reading_of_the_counters_makes_it_faster_than_the_background_beside_people(
    seconds: float, octets: int, own: int, rate: int, active: int, waited: float
) -> None:
    found = pace(Line(0, 0, 0, rate, active), Line(seconds, octets, own, rate, active), waited, LONG)
    if active:
        assert found.limit is not None and 0 <= found.limit <= max(SLOWEST, rate * BACKGROUND_PART / 8)
        assert found.limit or waited < PATIENCE
    else:
        assert found == FREE


def test_the_figures_are_those_that_are_told() -> None:
    assert (BUSY, BACKGROUND_PART, PATIENCE, SOON, SLOWEST) == (0.7, 0.1, 86_400, 10, 1_000)


@pytest.mark.parametrize(
    ("minute", "inside"), [(59, False), (60, True), (119, True), (120, False), (299, False), (300, True), (301, False)]
)
def test_a_span_holds_its_first_minute_and_not_its_last_and_any_of_several_will_do(minute: int, inside: bool) -> None:
    assert within(((60, 120), (300, 301)), minute) is inside


def test_a_span_that_ends_where_it_begins_is_the_whole_day() -> None:
    assert all(within(((600, 600),), minute) for minute in (0, 599, 600, 601, 1439))


@pytest.mark.parametrize(("hour", "minute", "allowed"), [(5, 59, True), (6, 0, False), (21, 59, False), (22, 0, True)])
def test_the_hour_and_the_minute_decide(hour: int, minute: int, allowed: bool) -> None:
    here = datetime.datetime(2026, 11, 22, hour, minute, 59, tzinfo=datetime.UTC)
    assert may_begin(NIGHT, here, "synced") is may_begin(NIGHT, here, "floor") is allowed


@pytest.mark.parametrize(
    ("today", "reset", "first"),
    [
        ("2026-11-15", 15, "2026-11-15"), ("2026-11-14", 15, "2026-10-15"), ("2026-01-14", 15, "2025-12-15"),
        ("2026-03-27", 28, "2026-02-28"), ("2026-03-01", 1, "2026-03-01"), ("2026-03-31", 1, "2026-03-01"),
    ],
)  # fmt: skip
def test_a_month_of_account_begins_on_its_day(today: str, reset: int, first: str) -> None:
    assert period_of(datetime.date.fromisoformat(today), reset) == first


def test_an_account_that_a_wrong_clock_opened_keeps_its_bytes_under_the_right_date() -> None:
    assert this_month(Spent("2030-01-01", 9), DAY, 1, "synced") == Spent("2026-11-01", 9)
    assert this_month(Spent("2026-10-01", 9), DAY, 1, "synced") == Spent("2026-11-01", 0)
    assert this_month(Spent("2026-11-01", 9), DAY, 1, "synced") == Spent("2026-11-01", 9)
    assert this_month(Spent("", 9), DAY, 1, "none") == this_month(Spent("", 9), DAY, 1, "synced") == Spent("2026-11-01", 9)
    for trust in ("none", "floor"):
        assert this_month(Spent("2026-10-01", 9), DAY, 1, trust) == Spent("2026-10-01", 9)


@pytest.mark.parametrize(("spent", "rest"), [(0, 100), (99, 1), (100, 0), (101, 0)])
def test_nothing_is_left_of_a_month_that_is_used_up(spent: int, rest: int) -> None:
    assert left(Spent("2026-11-01", spent), 100) == rest and left(Spent("2026-11-01", 7), 0) == 0


@pytest.mark.parametrize(("octets", "waits"), [(0.69, False), (0.7, True), (1.0, True)])
def test_the_line_is_peoples_from_exactly_that_part_on(octets: float, waits: bool) -> None:
    full = _line(10, octets * 10 * RATE / 8)
    assert (pace(_line(0, 0), full, 0, LONG).limit == 0) is waits
    assert pace(_line(0, 0), full, PATIENCE - 1, LONG).limit == (0 if waits else BACKGROUND.limit)
    assert pace(None, full, 0, LONG) == BACKGROUND, "one look tells no pace"


def test_one_person_is_somebody_and_a_slow_line_still_brings_a_little() -> None:
    assert pace(None, _line(0, 0, active=1), 0, LONG) == BACKGROUND and pace(None, _line(0, 0, active=0), 0, LONG) == FREE
    assert FREE.limit is None and pace(None, _line(0, 0, active=-1), 0, LONG) == FREE
    assert pace(None, Line(0, 0, 0, 8_000, 1), 0, LONG).limit == pace(None, Line(0, 0, 0, 80_000, 1), 0, LONG).limit == SLOWEST
    assert pace(None, Line(0, 0, 0, 80_080, 1), 0, LONG).limit == 1_001


def test_what_others_received_is_all_without_its_own() -> None:
    before, half = Line(100, 5_000_000, 3_000_000, RATE, 3), int(10 * RATE / 8 / 2)
    both = Line(110, 5_000_000 + 2 * half, 3_000_000 + half, RATE, 3)
    assert pace(before, both, 0, LONG) == BACKGROUND, "half the line is people's"
    theirs = Line(110, 5_000_000 + 2 * half, 3_000_000 + half // 2, RATE, 3)
    assert pace(before, theirs, 0, LONG).limit == 0, "three quarters are"
    assert pace(before, Line(100, 9_000_000, 3_000_000, RATE, 3), 0, LONG) == BACKGROUND, "no time has passed"
    assert pace(before, Line(110, 1_000, 0, RATE, 3), 0, LONG) == BACKGROUND, "counters that began anew"
