"""E How often one address may knock to enrol, whichever of the hub's threads it meets."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.limiter import subscriber
from appliance.shared_limiter import SharedLimiter

BURST = 60
"""Attempts at once: forty boxes switched on together behind one address, and some of them twice."""

PER_SECOND = 2.0
ASKERS = 2_000


@dataclass
class Limiter(SharedLimiter):
    """Of enrolments."""

    burst: int = BURST
    per_second: float = PER_SECOND
    askers: int = ASKERS

    def allows(self, name: str, now: float) -> bool:
        """As any limiter's, by what the subscriber of the address ``name`` holds: of IPv6 that is more than could be counted."""
        return super().allows(subscriber(name), now)
