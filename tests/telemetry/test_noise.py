"""What leaves the box about how many people there are."""

from __future__ import annotations

import hmac
import math
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.metrics import Fewer
from telemetry.noise import EPSILON, UNKNOWN, Released, noise, period_of, release

SECRET = b"s" * 32


def told(count: int, period: str, before: Released | None = None, secret: bytes = SECRET) -> Released:
    return release(before, count, name="people_online", period=period, smallest=10, secret=secret)


def test_one_release_a_period_whatever_the_count_does() -> None:
    first = told(40, "boot/1")
    assert told(400, "boot/1", first) is first
    assert told(0, "boot/1", first) is first
    assert told(400, "boot/2", first) != first


def test_the_same_question_has_the_same_answer_in_every_process_and_release() -> None:
    """Another answer after an update or a restart would be a second look at the same count."""
    assert [told(40, f"boot/{n}").value for n in range(12)] == [40, 41, 37, 40, 40, 40, 44, 40, 40, 39, 39, 40]


def test_another_box_another_name_and_another_period_have_other_noise() -> None:
    draws = {noise(secret, name, f"b/{n}") for secret in (b"1", b"2") for name in "ab" for n in range(20)}
    assert len(draws) > 5


@given(st.integers(0, 5000), st.text(max_size=20), st.binary(min_size=32, max_size=32))
def test_a_number_below_the_smallest_count_never_leaves(count: int, period: str, secret: bytes) -> None:
    value = told(count, period, secret=secret).value
    assert value == Fewer(10) or (isinstance(value, int) and value >= 10)


def test_nobody_and_one_are_told_apart_no_better_than_epsilon_allows() -> None:
    """The distribution itself: P(noise = k) / P(noise = k - 1) stays within exp(epsilon), and it is symmetrical about 0."""
    draws = Counter(noise(SECRET, "people_online", str(n)) for n in range(40_000))
    for k in range(-2, 3):
        ratio = draws[k] / draws[k + 1]
        assert math.exp(-EPSILON) * 0.85 <= ratio <= math.exp(EPSILON) * 1.18
    assert abs(statistics.fmean(draws.elements())) < 0.05
    a = math.exp(-EPSILON)
    assert math.isclose(draws[0] / 40_000, (1 - a) / (1 + a), rel_tol=0.05)


def test_a_period_follows_uptime_and_boot_and_no_clock_that_may_jump() -> None:
    assert period_of("boot", 899.9, 900) == "boot/0"
    assert period_of("boot", 900.0, 900) == "boot/1"
    assert period_of("other", 900.0, 900) != period_of("boot", 900.0, 900)


def test_it_is_the_noised_count_that_is_suppressed_not_the_true_one() -> None:
    """Ten people and a draw below zero: were the true count looked at, a number below ten would leave."""
    draws = {period: noise(SECRET, "people_online", period) for period in map(str, range(200))}
    low, high = (next(p for p, drawn in draws.items() if drawn == wanted) for wanted in (-2, 2))
    assert told(10, low).value == Fewer(10)
    assert told(9, high).value == 11, "and what the noise lifts above it is told, or being told would mean being at least ten"


def test_after_a_restart_that_lost_what_was_told_nothing_is_told_until_the_period_ends() -> None:
    """A second noised number for one period would give away part of the noise."""
    silent = told(40, "boot/1", UNKNOWN)
    assert silent == Released("boot/1", None)
    assert told(400, "boot/1", silent) is silent
    assert isinstance(told(40, "boot/2", silent).value, int)


def test_the_smallest_number_itself_is_told_and_the_one_below_it_is_not() -> None:
    quiet = next(period for period in map(str, range(200)) if noise(SECRET, "people_online", period) == 0)
    assert [told(count, quiet).value for count in (9, 10, 11)] == [Fewer(10), 10, 11]


def test_a_smaller_epsilon_means_more_noise_in_its_measure() -> None:
    """The scale is 1 / epsilon, and it is 1.0 where nobody says another."""
    spread = {epsilon: statistics.fmean(abs(noise(SECRET, "n", str(n), epsilon)) for n in range(2_000)) for epsilon in (0.1, 1.0)}
    assert 8.0 < spread[0.1] < 12.0 and 0.7 < spread[1.0] < 1.0
    assert [noise(SECRET, "n", str(n)) for n in range(50)] == [noise(SECRET, "n", str(n), 1.0) for n in range(50)]


@pytest.mark.parametrize(("first", "second", "drawn"), [(0x00, 0xFF, 37), (0xFF, 0x00, -37), (0x00, 0x00, 0), (0x80, 0xFF, 0)])
def test_the_farthest_noise_is_bounded_on_both_sides(first: int, second: int, drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """53 bits a uniform: no digest makes a logarithm of nothing, and the farthest draw is 54 ln 2."""
    monkeypatch.setattr(hmac, "digest", lambda *_: bytes([first] * 8 + [second] * 8 + [0x55] * 16))
    assert noise(SECRET, "people_online", "boot/1") == drawn
