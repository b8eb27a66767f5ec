"""P Whether the hub hears its boxes: a sign of life of ingest and the time in, yes or no with the reason out.

While it hears nothing, no box may be called silent: it is the hub that is deaf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

BEAT_EVERY = 2.0
"""Seconds between two signs of life."""
DEAF_AFTER = 20.0
"""Seconds without one, or at one piece of work, or without the broker, after which the hub counts as deaf."""


_LARGEST = 2**53
"""No number of a sign of life is larger; what is (or is none, as NaN) was not written by ingest."""


@dataclass(frozen=True)
class Beat:
    """A sign of life of ingest. ``at`` and all that ends in ``_at`` in seconds since 1970 for people to read, 0.0 for never.

    ``clock`` and all that ends in ``_clock`` in seconds of the machine's monotonic clock, by which lengths of time are judged.
    ``turn_clock``: when it last had nothing in hand. ``away_clock``: since when there is no broker, else None. ``refused``: why the
    store does not take what came, else empty, and since when. ``overdue``: reports kept past their time. ``hears_at``: since when
    it has heard without a break, 0.0 while it does not.
    """

    at: float
    clock: float
    turn_clock: float
    started_at: float
    heard_at: float = 0.0
    committed_at: float = 0.0
    waiting: int = 0
    away_clock: float | None = None
    away_at: float = 0.0
    refused: str = ""
    refused_at: float = 0.0
    overdue: int = 0
    dropped: int = 0
    hears_at: float = 0.0


@dataclass(frozen=True)
class Hearing:
    """``reason`` for people, empty while all is well; ``since`` when it is so (seconds since 1970), None where nobody can know."""

    hears: bool
    reason: str = ""
    since: float | None = None


def verdict(beat: Beat | None, clock: float) -> Hearing:
    """Whether the hub hears, by the newest sign of life and the monotonic clock of the same machine."""
    if beat is None:
        return Hearing(False, "ingest has given no sign of life since the hub started")
    age = clock - beat.clock
    if not -1.0 <= age <= DEAF_AFTER:
        # A sign of life from the future was given before the machine started anew.
        return Hearing(False, "ingest does not run: no sign of life", beat.at)
    if beat.refused:
        return Hearing(False, f"the store refuses: {beat.refused}", beat.refused_at)
    if clock - beat.turn_clock > DEAF_AFTER:
        return Hearing(
            False, f"ingest is held by one piece of work, {beat.waiting} messages wait", beat.at - (beat.clock - beat.turn_clock)
        )
    if beat.away_clock is not None and clock - beat.away_clock > DEAF_AFTER:
        return Hearing(False, "ingest has no connection to the broker", beat.away_at)
    return Hearing(True, since=beat.hears_at or beat.started_at)


def heard_since(hearing: Hearing, now: float) -> float:
    """From when on a box's silence is its own: now while the hub is deaf, else when it began to hear (seconds since 1970).

    After an hour of deafness nobody has reported for an hour; the boxes' reports come in the next minutes.
    """
    return hearing.since or 0.0 if hearing.hears else now


def as_beat(untrusted: Any) -> Beat | None:
    """What was read from the file of signs of life, or None when it is none."""
    if not isinstance(untrusted, Mapping) or set(untrusted) != {field.name for field in fields(Beat)}:
        return None
    if not isinstance(untrusted["refused"], str):
        return None
    numbers = {name: value for name, value in untrusted.items() if name != "refused"}
    if not all(_is_number(value) or (value is None and name == "away_clock") for name, value in numbers.items()):
        return None
    return Beat(**untrusted)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST
