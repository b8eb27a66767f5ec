"""What is taken of a row does not depend on the rows before it, though only what changed is looked at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telemetry.dashboard.sorting import Sorter
from telemetry.message import Wire
from telemetry.metrics import BY_NUMBER, PLAIN, Fewer, sort_out

NUMBERS = st.sampled_from([*BY_NUMBER, 0, 99, 60_000])
WIRES = st.integers(-5, 60) | st.sampled_from([2**62, 1000, "cake", "", "x" * 201, Fewer(10), Fewer(3)])


@given(st.lists(st.dictionaries(NUMBERS, WIRES, max_size=6), min_size=1, max_size=6), st.sampled_from([0, 10]))
def test_rows_are_sorted_as_each_would_be_alone(changes: list[dict[int, Wire]], smallest: int) -> None:
    sorter, row, reasons = Sorter(smallest), dict[int, Wire](), set[str]()
    for change in changes:
        row = {**row, **change}
        taken, why = sort_out(row, smallest)
        reasons |= set(why)
        assert sorter.take(row) == taken == sorter.taken
    assert sorter.reasons == reasons


def test_a_value_that_turns_impossible_is_refused_and_one_that_turns_possible_is_taken() -> None:
    sorter = Sorter(10)
    assert [sorter.take({7: value}) for value in (500, 2_000, 2_000, 500)] == [{7: 500}, {}, {}, {7: 500}]
    assert sorter.reasons == {"impossible"}


def test_unknown_metrics_that_were_left_out_before_are_a_reason_too() -> None:
    assert Sorter(10, unknown=True).reasons == {"unknown-metric"} and Sorter(10).reasons == set()


def test_a_value_at_its_bounds_is_taken_and_one_beyond_is_not() -> None:
    for number, (least, most) in PLAIN.items():
        for value, taken in ((int(least), True), (int(most), True), (int(least) - 1, False), (int(most) + 1, False)):
            sorter = Sorter(0)
            assert (sorter.take({number: value}) == {number: value}) is taken, (number, value)
            assert (sorter.reasons == set()) is taken
    assert Sorter(0).take({min(PLAIN): True}) == sort_out({min(PLAIN): True}, 0)[0], "yes is no number"


def test_what_is_carried_on_is_judged_as_it_was_and_what_is_gone_is_forgotten() -> None:
    sorter, good, bad = Sorter(10), 500, 100_000
    assert sorter.taken == {}
    assert sorter.take({7: good, 2: bad}) == {7: good} and sorter.take({7: good, 2: bad}) == {7: good}
    assert sorter.take({2: bad}) == {} == sorter.taken
    assert sorter.take({7: good}) == {7: good} == sorter.taken
