"""How long a box waits before it asks the hub again: what the technician's guide promises."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.services import services
from provisioning.hub_link import TIMEOUT
from provisioning.patience import AT_MOST, FIRST, is_over, next_wait

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "technician.md").read_text("utf-8")


@given(st.lists(st.tuples(st.sampled_from(["waiting", "refused"]), st.floats(0, 1)), min_size=1, max_size=40))
def test_claim_it_tries_again_every_15_minutes_at_most(story: list[tuple[Literal["waiting", "refused"], float]]) -> None:
    """The wait with its jitter, the timer it waits for then, and one step of a hub that does not answer."""
    assert "every 15 minutes at most" in GUIDE
    [timer] = [s for s in services("box", hub=True) if s.name == "enrol"]
    assert timer.every is not None
    remembered = 0.0
    for outcome, draw in story:
        remembered, wait = next_wait(outcome, remembered, draw)
        assert wait >= FIRST / 2 and wait + timer.every + TIMEOUT <= 15 * 60


@given(st.floats(0, 1), st.floats(0, 1))
def test_two_boxes_do_not_wait_equally_long(one: float, other: float) -> None:
    assert (next_wait("refused", 0.0, one)[1] == next_wait("refused", 0.0, other)[1]) == (0.5 + one == 0.5 + other)


@pytest.mark.parametrize(
    ("due", "over"), [(100.0, True), (99.0, True), (101.0, False), (1000.0, False), (1000.5, True), (1e300, True)]
)
def test_a_due_time_of_another_clock_holds_nobody_back(due: float, over: bool) -> None:
    assert is_over(due, 100.0) is over
    assert AT_MOST == 900
