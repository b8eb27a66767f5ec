"""E A limiter that many threads ask at once: what it counts is read and written under one lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from appliance.limiter import Limiter


@dataclass
class SharedLimiter(Limiter):
    """For servers that answer in threads. Without the lock two threads take the same attempt, and the oldest bucket goes twice."""

    lock: Lock = field(default_factory=Lock, repr=False, compare=False, kw_only=True)

    def allows(self, name: str, now: float) -> bool:
        """As the limiter's own, one caller at a time."""
        with self.lock:
            return super().allows(name, now)
