"""P A reading of the clock, and how far it is trusted; appliance.clock takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trust = Literal["none", "floor", "synced"]
BUILT = 1_795_219_200
"""2026-11-21T00:00:00Z: no true time lies before the day this program was written."""


@dataclass(frozen=True)
class Moment:
    """One reading: ``wall`` seconds since 1970 (UTC), ``uptime`` seconds since boot, and how far ``wall`` is trusted."""

    wall: float
    uptime: float
    trust: Trust
