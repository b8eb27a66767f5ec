"""E The clock, and how far it is trusted: a box has no battery clock and may start in 1970."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

from appliance.moment import BUILT, Moment, Trust

__all__ = ["BUILT", "Moment", "Trust", "now"]

_TIME_ERROR = 5  # adjtimex(2): clock not synchronised
SAID_BY_SYSTEMD = Path("/run/systemd/timesync/synchronized")
"""Touched by systemd-timesyncd once a time server has answered. A unit with ProtectClock may not even ask the kernel."""
_libc = ctypes.CDLL(None, use_errno=True)


def now(floor: float = BUILT) -> Moment:
    """Read both clocks. Wall time never goes below ``floor``; there it is trusted only as "not earlier than"."""
    wall, uptime = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
    if wall < floor:
        return Moment(floor, uptime, "none")
    return Moment(wall, uptime, "synced" if _synchronised() else "floor")


def _synchronised() -> bool:
    buffer = ctypes.create_string_buffer(512)
    state = _libc.adjtimex(buffer)
    return SAID_BY_SYSTEMD.exists() if state < 0 else bool(state < _TIME_ERROR)
