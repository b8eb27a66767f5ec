"""P How often one asker may ask: a bucket of attempts for each, filled at a steady rate, in memory only."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass, field

LONGEST_NAME = 100
"""Characters of an asker's name that are kept."""
_PREFIX = 64
"""Bits of an IPv6 address that one subscriber cannot choose (RFC 6177)."""


def subscriber(untrusted_address: str) -> str:
    """What one subscriber holds: an IPv4 address, the first 64 bits of an IPv6 address; other text as it is, cut."""
    try:
        address = ipaddress.ip_address(untrusted_address)
    except ValueError:
        return untrusted_address[:LONGEST_NAME]
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address.packed, _PREFIX), strict=False))
    return str(address)


@dataclass
class Limiter:
    """Token buckets by name: ``burst`` attempts at once, then ``per_second``.

    ``askers`` buckets are kept; the one unused for longest goes first. ``now`` is any steadily growing count of seconds. A bucket
    that is full again is as good as none: ``forgotten_after`` seconds after its last use nothing is known of an asker.
    """

    burst: int
    per_second: float
    askers: int
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, name: str, now: float) -> bool:
        """Take one attempt from the bucket of ``name``; False when it is empty."""
        self.expire(now)
        left, since = self.buckets.pop(name, (float(self.burst), now))
        left = min(float(self.burst), left + (now - since) * self.per_second)
        allowed = left >= 1.0
        self.buckets[name] = (left - 1.0 if allowed else left, now)
        while len(self.buckets) > self.askers:
            del self.buckets[next(iter(self.buckets))]
        return allowed

    @property
    def forgotten_after(self) -> float:
        """Seconds after which any bucket is full again: never, where nothing flows in."""
        return self.burst / self.per_second if self.per_second else math.inf

    def expire(self, now: float) -> None:
        """Forget who has not asked for so long. The buckets stand in the order of their last use."""
        while self.buckets and now - next(iter(self.buckets.values()))[1] >= self.forgotten_after:
            del self.buckets[next(iter(self.buckets))]
