"""The shaping plan."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.fairness import plan as planning
from appliance.fairness.plan import Method, beginning, plan
from tests import golden_files
from tests.appliance.gate.knowledge import CONFIG


@given(st.sets(st.integers(1, 1023)))
def test_everyone_s_guarantee_is_equal_and_together_they_fit_the_line(marks: set[int]) -> None:
    made = plan(CONFIG, marks)
    for direction in (made.down, made.up):
        assert direction.guarantee * max(1, len(marks)) <= direction.crowd or direction.guarantee == 1_000
        assert direction.guarantee >= 1_000
        assert direction.crowd + direction.background == direction.rate


def test_the_queue_stands_in_the_box() -> None:
    made = plan(CONFIG, [])
    assert (made.down.rate, made.up.rate) == (9_500_000, 1_900_000)
    assert (made.down.interface, made.up.interface) == ("br-lan", "eth1")


def test_a_join_makes_every_guarantee_smaller() -> None:
    assert plan(CONFIG, range(1, 17)).down.guarantee == 9_500_000 // 16
    assert plan(CONFIG, range(1, 18)).down.guarantee == 9_500_000 // 17


def test_the_box_itself_can_always_send_a_little() -> None:
    made = plan(CONFIG, range(1, 1_000))
    assert made.up.background == 190_000 and made.down.background == 0


def test_line_overhead_is_never_negative() -> None:
    assert [planning.line_overhead(o) for o in (0, 14, 34)] == [0, 0, 20]


@pytest.mark.parametrize("method", ["cake", "htb"])
def test_the_trees_are_the_golden_ones(method: Method) -> None:
    uplink = dataclasses.replace(CONFIG.uplinks[0], overhead=34)
    made = plan(dataclasses.replace(CONFIG, uplinks=(uplink,)), [])
    text = f"# download\n{beginning(made.down, method, upload=False)}# upload\n{beginning(made.up, method, upload=True)}"
    golden_files.same(golden_files.FOLDER / f"shaping-{method}.tc", text)
