"""P When to start a service again that ended."""

from __future__ import annotations

FIRST, LONGEST, STEADY = 0.2, 30.0, 60.0
"""Seconds: the first wait, the longest, and how long a service must have run for its past to be forgotten."""


def next_wait(previous: float, ran_for: float) -> float:
    """Seconds to wait: doubled after each short life, from FIRST to LONGEST; FIRST again after a life of STEADY."""
    if previous <= 0 or ran_for >= STEADY:
        return FIRST
    return min(LONGEST, previous * 2)
