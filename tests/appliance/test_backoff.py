"""P When to start again what ended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.backoff import FIRST, LONGEST, STEADY, next_wait


def test_waits_double_up_to_the_longest() -> None:
    waits = [wait := FIRST]
    for _ in range(10):
        waits.append(wait := next_wait(wait, ran_for=0.1))
    assert waits[:4] == [0.2, 0.4, 0.8, 1.6]
    assert waits[-1] == LONGEST


def test_a_steady_life_is_forgiven() -> None:
    assert next_wait(LONGEST, STEADY) == FIRST


@given(st.floats(0, 1000), st.floats(0, 1e9))
def test_a_wait_is_never_shorter_or_longer_than_the_limits(previous: float, ran_for: float) -> None:
    assert FIRST <= next_wait(max(previous, FIRST), ran_for) <= LONGEST
