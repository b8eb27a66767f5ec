"""When a row was measured: each side of each bound by which a clock is believed."""

from __future__ import annotations

import pytest

from appliance.moment import Trust
from telemetry.dashboard.dating import date
from telemetry.message import Row

ARRIVED = 9_000.0


@pytest.mark.parametrize(
    ("uptime", "wall", "trust", "sent", "expected"),
    [
        (10, 9_060, "synced", 50, 9_060.0),
        (10, 9_061, "synced", 50, 8_960.0),
        (10, 9_061, "synced", None, 9_000.0),
        (10, 0, "synced", 50, 0.0),
        (10, 5_000, "floor", 50, 8_960.0),
        (10, 5_000, "none", 10, 9_000.0),
        (10, 5_000, "none", 9, 5_000.0),
        (10, 5_000, "none", 11, 8_999.0),
        (0, 5_000, "none", 9_000, 0.0),
        (0, 5_000, "none", 9_001, 0.0),
        (1, 5_000, "none", 9_000, 1.0),
        (10, 9_000, "none", None, 9_000.0),
        (10, 9_001, "none", None, 9_000.0),
        (10, 8_999, "none", None, 8_999.0),
    ],
)
def test_each_clock_is_believed_up_to_its_bound(uptime: int, wall: int, trust: Trust, sent: int | None, expected: float) -> None:
    found = date(Row(1, uptime, wall, trust, {}), sent, ARRIVED)
    assert found == expected and isinstance(found, float)
