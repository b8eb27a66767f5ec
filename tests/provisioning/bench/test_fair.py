"""Figures of fairness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import CommandFailed
from provisioning.bench.fair import jain, read_ping


def test_equal_shares_are_one_and_everything_for_one_is_one_in_n() -> None:
    assert jain([5, 5, 5, 5]) == 1
    assert jain([8, 0, 0, 0]) == 0.25


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_the_index_lies_between_one_in_n_and_one(shares: list[int]) -> None:
    assert 1 / len(shares) - 1e-9 <= jain(shares) <= 1 + 1e-9


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=40), st.integers(2, 1000))
def test_the_index_knows_no_unit(shares: list[int], times: int) -> None:
    assert jain([share * times for share in shares]) == pytest.approx(jain(shares))


def test_nobody_got_anything_is_no_fairness() -> None:
    with pytest.raises(ValueError):
        jain([0, 0])


def test_echoes_are_read_and_the_lost_are_left_out() -> None:
    text = "64 bytes from 203.0.113.10: icmp_seq=1 ttl=63 time=0.211 ms\n64 bytes from x: icmp_seq=3 ttl=63 time=12 ms\n"
    assert read_ping(text) == [0.211, 12.0]


def test_no_echo_at_all_is_an_error() -> None:
    with pytest.raises(CommandFailed):
        read_ping("2 packets transmitted, 0 received")
