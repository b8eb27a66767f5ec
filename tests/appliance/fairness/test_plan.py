"""The shaping plan."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.fairness import plan as planning
from appliance.fairness.plan import BURST, Direction, Method, beginning, ceiling_burst, plan
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
    assert plan(CONFIG, range(1, 18)).up.guarantee == 1_710_000 // 17, "of what the box itself leaves"


def test_alone_or_with_nobody_the_guarantee_is_the_line() -> None:
    assert plan(CONFIG, []).down.guarantee == plan(CONFIG, [5]).down.guarantee == 9_500_000
    assert plan(CONFIG, [5, 7]).marks == {5, 7}


def test_a_guarantee_never_falls_below_what_the_kernel_can_keep() -> None:
    slow = dataclasses.replace(CONFIG.uplinks[0], up=dataclasses.replace(CONFIG.uplinks[0].up, bits_per_second=64_000))
    assert plan(dataclasses.replace(CONFIG, uplinks=(slow,)), range(1, 101)).up.guarantee == 1_000


def test_a_burst_is_two_milliseconds_of_the_line_and_at_least_two_packets() -> None:
    assert [ceiling_burst(rate) for rate in (0, 12_115_999, 12_116_000, 100_000_000)] == [3_028, 3_028, 3_029, 25_000]
    assert BURST == 3_028
    fast = Direction("eth1", 100_000_000, 10_000_000, 1_000, 0)
    _, line, own, *_ = beginning(fast, "htb", upload=True).splitlines()
    assert "burst 25000 cburst 25000 quantum 1514" in line and "burst 3028 cburst 25000" in own


def test_an_overhead_that_is_counted_already_is_not_told_twice() -> None:
    told = [beginning(Direction("eth1", 10**6, 0, 1_000, over), "htb", upload=False) for over in (14, 15)]
    assert "overhead" not in told[0] and "overhead 1\n" in told[1]


def test_the_box_itself_can_always_send_a_little() -> None:
    made = plan(CONFIG, range(1, 1_000))
    assert made.up.background == 190_000 and made.down.background == 0


def test_line_overhead_is_never_negative() -> None:
    assert [planning.line_overhead(o) for o in (0, 13, 14, 15, 34)] == [0, 0, 0, 1, 20]


@pytest.mark.parametrize("method", ["cake", "htb"])
def test_the_trees_are_the_golden_ones(method: Method) -> None:
    uplink = dataclasses.replace(CONFIG.uplinks[0], overhead=34)
    made = plan(dataclasses.replace(CONFIG, uplinks=(uplink,)), [])
    text = f"# download\n{beginning(made.down, method, upload=False)}# upload\n{beginning(made.up, method, upload=True)}"
    golden_files.same(golden_files.FOLDER / f"shaping-{method}.tc", text)
