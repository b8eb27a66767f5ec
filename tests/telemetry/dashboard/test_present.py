"""H11: whatever number stands for a time, there are words for it."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telemetry.dashboard.present import ago, instant, span

CRAFTED = [-4.6e18, -(2**62), 2**62, 2**63, 1e300, -1e300, math.inf, -math.inf, math.nan, -1, 0.5, 253_402_300_800]


@pytest.mark.parametrize("then", CRAFTED)
def test_h11_a_crafted_date_does_not_raise(then: float) -> None:
    assert instant(then).endswith(" UTC")
    assert ago(then, 1.8e9) and ago(1.8e9, then) and span(then)


@given(st.floats() | st.integers(-(2**70), 2**70) | st.none(), st.floats())
@example(None, 0.0)
@example(0, 0.0)
def test_no_date_raises(then: float | None, now: float) -> None:
    assert isinstance(instant(then), str) and isinstance(ago(then, now), str)


def test_an_ordinary_time_is_told_to_the_second() -> None:
    assert instant(1_800_000_000.9) == "2027-01-15 08:00:00 UTC" and instant(0) == instant(None) == ""
    assert [ago(100, 100), ago(0, 100), span(59), span(90), span(7_300), span(172_800)] == [
        "just now", "never", "59 s", "1 min", "2 h", "2 d",
    ]  # fmt: skip
