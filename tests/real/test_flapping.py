"""An uplink that comes and goes too fast to be called down: nobody is told wrong for long or asked to tap, no page changes in vain.

The hour of it is run by hand: see flapping.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.flapping import flap
from tests.real.running_camp import RunningCamp

pytestmark = [pytest.mark.net]


def test_a_flapping_uplink_asks_nobody_to_tap_and_changes_no_page_for_nothing(camp: RunningCamp, tmp_path: Path) -> None:
    guest = camp.guest("flap")
    guest.must("join", "tap")
    verdict = flap(guest, tmp_path / "looks", seconds=15, every=5)
    assert verdict.holds, verdict
    assert verdict.changes == 3 and verdict.looks >= 10
    camp.restore()  # the box knows that it is back
    guest.must("online")  # without another tap
