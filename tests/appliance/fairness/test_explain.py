"""The share in numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.fairness.explain import BUSY, Share, busy_marks, share
from appliance.fairness.plan import plan
from tests.appliance.gate.knowledge import CONFIG

PLAN = plan(CONFIG, [1, 2, 3])


def test_alone_one_has_the_whole_line() -> None:
    mine = share(PLAN, frozenset(), 1, uplink_up=True)
    assert (mine.down_bps, mine.up_bps, mine.active_people, mine.reason) == (9_500_000, 1_710_000, 1, "alone")
    assert share(PLAN, frozenset({1}), 1, uplink_up=True) == mine


def test_among_others_one_has_an_equal_part() -> None:
    mine = share(PLAN, frozenset({2, 3}), 1, uplink_up=True)
    assert mine == Share(9_500_000 // 3, 1_710_000 // 3, 3, "equal")
    assert mine.as_answer() == {"down_bps": 9_500_000 // 3, "up_bps": 1_710_000 // 3, "active_people": 3, "reason": "equal"}
    assert share(PLAN, frozenset({2}), 1, uplink_up=True).reason == "equal", "one other is enough"


def test_the_captive_and_the_cut_off_are_told_so() -> None:
    assert share(PLAN, frozenset({2}), 0, uplink_up=True) == Share(0, 0, 1, "captive")
    assert share(PLAN, frozenset({2}), 0, uplink_up=False).reason == "captive"
    assert share(PLAN, frozenset({1, 2}), 1, uplink_up=False) == Share(0, 0, 2, "uplink-down")


def test_busy_is_who_moved_more_than_a_background_whisper() -> None:
    before, after = {1: 1_000, 2: 1_000}, {1: 1_100, 2: 3_000, 3: 1_250}
    assert busy_marks(before, after, 5.0) == {2, 3}
    assert busy_marks(before, after, 0.0) == frozenset()


@given(st.sets(st.integers(1, 1023)), st.integers(1, 1023))
def test_equal_means_that_all_parts_together_are_the_line(busy: set[int], mark: int) -> None:
    mine = share(PLAN, frozenset(busy), mark, uplink_up=True)
    assert mine.active_people == len(busy | {mark})
    assert 0 <= PLAN.down.rate - mine.down_bps * mine.active_people < mine.active_people
    assert (mine.reason == "alone") == (mine.active_people == 1)


def test_busy_begins_at_exactly_so_many_bytes_a_second() -> None:
    assert BUSY == 250
    assert busy_marks({}, {1: 250, 2: 249}, 1.0) == {1}
    assert busy_marks({1: 10_000}, {1: 10}, 1.0) == frozenset(), "a counter that began anew is no use of the line"


def test_two_readings_that_lie_less_than_a_second_apart_count_too() -> None:
    assert busy_marks({}, {1: 125, 2: 124}, 0.5) == {1}
    assert busy_marks({}, {1: 9_999}, -1.0) == frozenset()
