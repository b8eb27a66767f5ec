"""When a box looks, and what it does not take."""

from __future__ import annotations

import pytest

from content_cache.due import (
    AFTER_PAUSE,
    AFTER_REFUSAL,
    LONGEST_STEP,
    MOST_LOST,
    Last,
    after,
    invented,
    is_due,
    lost,
    shrinkage,
    stood_back,
)

HOUR = 3600


@pytest.mark.parametrize(
    ("last", "now", "asked", "due"),
    [
        (Last(), 1000.0, False, True),
        (Last(succeeded=1000.0), 1000.0 + HOUR - 1, False, False),
        (Last(succeeded=1000.0), 1000.0 + HOUR, False, True),
        (Last(succeeded=1000.0), 1001.0, True, True),
        (Last(succeeded=1000.0), 900.0, False, True),
        (Last(refused=1000.0), 1000.0 + AFTER_REFUSAL - 1, False, False),
        (Last(refused=1000.0), 1000.0 + AFTER_REFUSAL, False, True),
        (Last(refused=1000.0, waited=500.0), 1000.0 + AFTER_PAUSE - 1, False, False),
        (Last(refused=1000.0, waited=500.0), 1000.0 + AFTER_PAUSE, False, True),
        (Last(succeeded=500.0, refused=1000.0), 1000.0 + AFTER_REFUSAL - 1, False, False),
    ],
)
def test_it_looks_when_due(last: Last, now: float, asked: bool, due: bool) -> None:
    assert is_due(last, now, HOUR, asked=asked) is due


def test_a_sample_is_only_for_a_demo() -> None:
    assert "invented" in invented(True, False)
    assert invented(True, True) == invented(False, False) == ""


@pytest.mark.parametrize(("stored", "offered", "held"), [(100, 70, False), (100, 69, True), (None, 0, False), (100, 200, False)])
def test_a_catalogue_that_shrinks_by_more_than_thirty_percent_is_held(stored: int | None, offered: int, held: bool) -> None:
    assert shrinkage(offered, stored).startswith("held") is held


@pytest.mark.parametrize(("kept", "new", "held"), [(10, 0, False), (7, 0, False), (6, 0, True), (6, 100, True), (0, 10, True)])
def test_one_that_loses_more_than_thirty_percent_is_held_however_many_came(kept: int, new: int, held: bool) -> None:
    stored = {f"old {number}" for number in range(10)}
    offered = {f"old {number}" for number in range(kept)} | {f"new {number}" for number in range(new)}
    assert lost(offered, stored).startswith("held") is held
    assert lost(offered, set()) == ""


BEFORE = Last(succeeded=10.0, refused=20.0, waited=15.0, saved=5.0)


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ("current", Last(succeeded=100.0, saved=5.0)), ("updated", Last(succeeded=100.0, saved=5.0)),
        ("expired", Last(succeeded=100.0, saved=5.0)), ("refused", Last(10.0, 100.0, 0.0, 5.0)),
        ("held", Last(10.0, 100.0, 0.0, 5.0)),
        ("later", Last(10.0, 100.0, 0.0, 5.0)), ("pausing", Last(10.0, 100.0, 95.0, 5.0)),
        ("offline", BEFORE), ("waiting", BEFORE),
    ],
)  # fmt: skip
def test_what_is_remembered_of_a_look(state: str, left: Last) -> None:
    assert after(BEFORE, state, 100.0, synced=False) == left
    assert after(BEFORE, state, 100.0, synced=True).saved == 100.0


def test_the_figures_are_those_that_are_told() -> None:
    assert (MOST_LOST, AFTER_REFUSAL, AFTER_PAUSE) == (0.30, 900, 300)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (Last(succeeded=1000.0), 1000.0, False), (Last(succeeded=1000.0), 999.9, True),
        (Last(refused=1000.0), 1000.0, False), (Last(refused=1000.0), 999.9, True),
        (Last(succeeded=2000.0, refused=1000.0), 1999.0, True), (Last(succeeded=1000.0, refused=2000.0), 1999.0, True),
        (Last(succeeded=1000.0, refused=500.0), 1000.0 + AFTER_REFUSAL, False),
        (Last(succeeded=1000.0, refused=1000.0), 1000.0 + AFTER_REFUSAL, False),
        (Last(succeeded=1000.0, refused=1000.0), 1000.0 + HOUR, True),
        (Last(waited=1.0), 1000.0, True), (Last(saved=999.0), 1000.0, True), (Last(succeeded=0.5), 1.0, False),
    ],
)  # fmt: skip
def test_a_clock_that_went_back_or_a_look_that_never_was_is_no_reason_to_wait(last: Last, now: float, due: bool) -> None:
    assert is_due(last, now, HOUR, asked=False) is due
    assert is_due(last, now, HOUR, asked=True)


def test_a_box_that_looks_more_often_than_that_looks_again_after_a_refusal_as_often() -> None:
    often = Last(refused=1000.0)
    assert not is_due(often, 1059.0, 60, asked=False) and is_due(often, 1060.0, 60, asked=False)
    paused = Last(refused=1000.0, waited=100.0)
    assert not is_due(paused, 1059.0, 60, asked=False) and is_due(paused, 1060.0, 60, asked=False)


def test_content_that_begins_to_stand_back_remembers_for_how_long() -> None:
    first = after(Last(succeeded=10.0), "pausing", 100.0, synced=False)
    assert first == Last(10.0, refused=100.0, waited=1.0)
    assert after(first, "pausing", 200.0, synced=False) == Last(10.0, refused=200.0, waited=101.0)
    assert after(first, "updated", 300.0, synced=True) == Last(succeeded=300.0, saved=300.0)


@pytest.mark.parametrize("jump", [9 * HOUR, 400 * 86_400, -9 * HOUR, -400 * 86_400])
def test_n2_a_clock_that_is_set_neither_ends_nor_begins_anew_the_patience_for_people(jump: float) -> None:
    last, now = Last(succeeded=10.0), 1.8e9
    for look in range(20):
        now += AFTER_PAUSE + (jump if look == 10 else 0)
        last = after(last, "pausing", now, synced=True)
    steps = 18 * AFTER_PAUSE
    assert steps <= last.waited <= steps + LONGEST_STEP + 1
    assert steps <= stood_back(last, now + jump) <= steps + 2 * LONGEST_STEP + 1
    assert stood_back(after(last, "updated", now, synced=True), now) == 0


def test_an_empty_box_holds_nothing_back() -> None:
    assert shrinkage(0, 0) == "" and shrinkage(0, 1).startswith("held") and shrinkage(1, 1) == ""
    assert lost(set(), {"a"}).startswith("held")
