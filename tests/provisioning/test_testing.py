"""``campbox test``: what two lanes say together."""

from __future__ import annotations

import pytest

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
