"""``campbox test``: what two lanes say together."""

from __future__ import annotations

import pytest

from provisioning.second_look import MOST, again, line
from provisioning.testing import _verdict


@pytest.mark.parametrize(
    "statuses, told",
    [
        ([0], 0), ([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([0, 5], 0), ([5, 5], 5), ([5, 1], 1), ([0, 0, 2], 2), ([1, 2], 2),
        ([0, 3], 3), ([0, -9], -9),
    ],
)  # fmt: skip
def test_one_lane_that_failed_fails_the_whole(statuses: list[int], told: int) -> None:
    assert _verdict(statuses) == told


def test_a_real_test_that_failed_beside_the_other_lanes_is_looked_at_once_more() -> None:
    noted = line("net", "tests/real/test_a.py::test_b[c d]") + line("vm", "tests/real/test_vm.py::test_e")
    assert again(noted) == ("tests/real/test_a.py::test_b[c d]", "tests/real/test_vm.py::test_e")
    assert again(noted + noted) == again(noted), "once each, though its end failed as well"


@pytest.mark.parametrize(
    "noted", ["", line("fast", "x"), line("net", "x") + line("lint", "y"), "".join(line("net", str(n)) for n in range(MOST + 1))]
)
def test_a_pure_test_has_no_such_excuse_and_many_failures_are_no_accident(noted: str) -> None:
    assert again(noted) == ()
