"""P What a run comes to, from what its lanes say and how they ended: nothing that cannot be known is called passed."""

from __future__ import annotations

import pytest

from provisioning import lanes
from provisioning.lanes import FAILED, NO_TESTS, PASSED, Lane, Said, read, second_verdict, unsound, verdict

NAMES = ("places", "camp", "machines")
A_TEST = ("net", "tests/real/test_a.py::test_b[c d]")
SAYS = {0: Said(7, 7), 1: Said(7, 7, failed=(A_TEST,)), 5: Said(0, 0)}
"""What a lane that came to its end notes, by its status."""


def ended(*statuses: int) -> list[Lane]:
    """Lanes that ended so; one with any other status noted one failure and no end."""
    return [Lane(name, status, SAYS.get(status, Said(7, failed=(A_TEST,)))) for name, status in zip(NAMES, statuses, strict=False)]


@pytest.mark.parametrize(
    "statuses, told",
    [
        ((0,), PASSED), ((0, 0), PASSED), ((0, 0, 0), PASSED), ((0, 5), PASSED), ((5, 0, 5), PASSED),
        ((5, 5), NO_TESTS), ((5, 5, 5), NO_TESTS),
        ((0, 1), FAILED), ((1, 0), FAILED), ((5, 1), FAILED), ((1, 0, 5), FAILED), ((1, 1, 1), FAILED),
    ],
)  # fmt: skip
def test_one_lane_that_failed_fails_the_whole(statuses: tuple[int, ...], told: int) -> None:
    found = verdict(ended(*statuses))
    assert found.status == told and found.why == ("some tests failed" if told == FAILED else "")


@pytest.mark.parametrize(
    "statuses, how",
    [
        ((1, -9, 0), "camp was killed by signal 9"),
        ((1, 137, 0), "camp was killed by signal 9"),
        ((1, 3, 0), "camp met an error inside pytest (status 3)"),
        ((1, 4, 0), "camp was refused by pytest: wrong command line or no such test (status 4)"),
        ((2,), "places was interrupted, or a test file could not be read (status 2)"),
        ((2, 0, 0), "places was interrupted, or a test file could not be read (status 2)"),
        ((0, 0, -15), "machines was killed by signal 15"),
        ((5, 5, 6), "machines ended with status 6"),
        ((0, 1, 77), "machines ended with status 77"),
        ((-11, 3, 0), "places was killed by signal 11; camp met an error inside pytest (status 3)"),
    ],
)
def test_t1_a_lane_that_did_not_come_to_its_end_fails_the_whole_and_is_named(statuses: tuple[int, ...], how: str) -> None:
    assert verdict(ended(*statuses)) == lanes.Verdict(FAILED, how)


@pytest.mark.parametrize(
    "status, said, how",
    [
        (0, Said(), "camp ended with status 0 before it had run what it collected"),
        (5, Said(), "camp ended with status 5 before it had run what it collected"),
        (0, Said(7), "camp ended with status 0 before it had run what it collected"),
        (1, Said(7, failed=(A_TEST,)), "camp ended with status 1 before it had run what it collected"),
        (0, Said(None, 7), "camp ended with status 0 before it had run what it collected"),
        (0, Said(7, 6), "camp ran 6 of the 7 tests it collected"),
        (1, Said(7, 3, failed=(A_TEST,)), "camp ran 3 of the 7 tests it collected"),
        (5, Said(7, 0), "camp ran 0 of the 7 tests it collected"),
        (0, Said(7, 7, failed=(A_TEST,)), "camp ended with status 0 but noted 1 failures among 7 tests"),
        (5, Said(7, 7, failed=(A_TEST,)), "camp ended with status 5 but noted 1 failures among 7 tests"),
        (1, Said(7, 7), "camp ended with status 1 but noted 0 failures among 7 tests"),
        (0, Said(0, 0), "camp ended with status 0 but noted 0 failures among 0 tests"),
        (5, Said(7, 7), "camp ended with status 5 but noted 0 failures among 7 tests"),
    ],
)
def test_t1_a_lane_whose_numbers_do_not_agree_does_not_count(status: int, said: Said, how: str) -> None:
    """os._exit(0) in a test, os._exit(1) as pytest-timeout's thread does: what comes after it was never run."""
    lane = Lane("camp", status, said)
    assert unsound(lane) == how
    assert verdict([*ended(0), lane]) == lanes.Verdict(FAILED, how)


@pytest.mark.parametrize(
    "alone, passed",
    [
        (Lane("alone", 0, Said(1, 1)), True),
        (Lane("alone", 1, Said(1, 1, failed=(A_TEST,))), False),
        (Lane("alone", 0, Said(1, 1, skipped=1)), False),  # nobody looked
        (Lane("alone", 0, Said(2, 2)), False),
        (Lane("alone", 5, Said(0, 0)), False),
        (Lane("alone", 4, Said(0)), False),
        (Lane("alone", 0, Said(1)), False),
        (Lane("alone", -9, Said(1)), False),
    ],
)
def test_a_second_look_has_to_see_every_one_pass(alone: Lane, passed: bool) -> None:
    found = second_verdict((A_TEST[1],), alone)
    assert (found.status == PASSED) is passed
    assert found.second == ((A_TEST[1],) if passed else ())
    assert bool(found.why) is not passed


def test_what_a_lane_notes_is_read_back() -> None:
    notes = lanes.collected(3) + lanes.passed("net") + lanes.failed(*A_TEST) + lanes.failed(*A_TEST) + lanes.passed("vm")
    notes += lanes.ran(3, 1)
    assert read(notes) == Said(3, 3, 1, (A_TEST,), ("net", "vm")), "a failure once, though its end failed as well"
    assert read("") == Said()


@pytest.mark.parametrize("cut", range(1, len(lanes.ran(13, 1)) + 1))
def test_a_last_line_that_was_cut_off_was_not_said(cut: int) -> None:
    assert read((lanes.collected(13) + lanes.ran(13, 1))[:-cut]) == Said(13)


@pytest.mark.parametrize(
    "line", ["ran\tx\t0", "ran\t3", "collected\t", "collected\t1\t2", "failed", "ran\t" + "9" * 5000 + "\t0", "collected\t1.0"]
)
@pytest.mark.parametrize("before", ["", "collected\t3\n", "collected\t3\nran\t3\t0\n"])
def test_t1_notes_that_have_not_their_form_make_a_lane_unsound(line: str, before: str) -> None:
    said = read(f"{before}{line}\n")
    assert said == Said()
    assert verdict([Lane("first", 0, said)]).status == FAILED
