"""P How often one asker may knock: a bucket of attempts for each, filled at a steady rate, in memory only."""

from __future__ import annotations

from dataclasses import dataclass, field

BURST = 60
"""Attempts at once: forty boxes switched on together behind one address, and some of them twice."""

PER_SECOND = 2.0
ASKERS = 2_000
"""Buckets kept; the one unused for longest goes first."""


@dataclass
class Limiter:
    """Token buckets by name. ``now`` is any steadily growing count of seconds."""

    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, name: str, now: float) -> bool:
        """Take one attempt from the bucket of ``name``; False when it is empty."""
        left, since = self.buckets.pop(name, (float(BURST), now))
        left = min(float(BURST), left + (now - since) * PER_SECOND)
        allowed = left >= 1.0
        self.buckets[name] = (left - 1.0 if allowed else left, now)
        while len(self.buckets) > ASKERS:
            del self.buckets[next(iter(self.buckets))]
        return allowed
