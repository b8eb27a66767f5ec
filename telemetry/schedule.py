"""P When the agent measures, sends and sends again: state and ``now`` in, answer out. All times in seconds of uptime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.errors import BadInput
from telemetry.message import Wire
from telemetry.metrics import METRICS, WHOLE_LIMIT

INTERVAL_VARIABLE = "CAMPBOX_TELEMETRY_INTERVAL"
LIVE_STEP = 2.0
"""Between two live measurements."""
ROWS_TOGETHER = 10
"""Rows that make a batch: what costs most on the wire is the packet, not the row."""
PERIOD_ROWS = 15
"""A count of people is released once in so many intervals ..."""
SHORTEST_PERIOD = 60
"""... and never more often than this, whatever the interval."""
PATIENCE = 20.0
"""How long to wait for an acknowledgement at first; doubled up to LONGEST_PATIENCE while there is none."""
LONGEST_PATIENCE = 600.0


@dataclass(frozen=True)
class Pace:
    """How often to measure, from the environment."""

    interval: float = 60.0

    @property
    def period(self) -> int:
        """Seconds between two releases of a count of people."""
        return max(SHORTEST_PERIOD, round(PERIOD_ROWS * self.interval))


def pace(untrusted_interval: str | None) -> Pace:
    """The pace for ``CAMPBOX_TELEMETRY_INTERVAL`` (seconds, 1 to 3600; 60 when it is not set). Raises BadInput."""
    if untrusted_interval is None:
        return Pace()
    try:
        interval = float(untrusted_interval)
    except ValueError:
        interval = 0.0
    if not 1 <= interval <= 3600:
        raise BadInput("not a number from 1 to 3600", where=INTERVAL_VARIABLE, mend="set it to seconds, for example 60")
    return Pace(interval)


@dataclass(frozen=True)
class Flight:
    """Whether a batch is on its way. One at a time, always from the oldest row: so a watermark covers all before it."""

    upto: int | None = None
    since: float = 0.0
    patience: float = PATIENCE

    def sent(self, upto: int, now: float) -> Flight:
        """A batch whose last row is ``upto`` has been published."""
        return replace(self, upto=upto, since=now)

    def landed(self, upto: int) -> Flight:
        """An acknowledgement came: what is in flight has landed, or an older one is told again."""
        return Flight() if self.upto is not None and upto >= self.upto else self

    def lost(self) -> Flight:
        """The connection is gone and so may be what was in flight."""
        return replace(self, upto=None)

    def given_up(self, now: float) -> Flight:
        """The same, but after ``patience`` without an acknowledgement it may be sent again, then with more patience."""
        if self.upto is None or now - self.since < self.patience:
            return self
        return Flight(patience=min(LONGEST_PATIENCE, self.patience * 2))


def may_send(flight: Flight, *, waiting: int, urgent: bool) -> bool:
    """Whether to publish a batch now: nothing in flight, and enough waits or something cannot wait."""
    return flight.upto is None and waiting > 0 and (urgent or waiting >= ROWS_TOGETHER)


def is_urgent(before: Mapping[int, Wire], now: Mapping[int, Wire]) -> bool:
    """Whether a metric that is sent promptly has changed."""
    return any(before.get(metric.number) != now.get(metric.number) for metric in METRICS if metric.prompt)


def rates(before: tuple[float, Mapping[str, object]] | None, now: tuple[float, Mapping[str, object]]) -> dict[str, float]:
    """Bits per second down and up between two (uptime, gate facts); nothing when a counter went back or is not there."""
    if before is None or now[0] <= before[0]:
        return {}
    found = {}
    for direction in ("down", "up"):
        old, new = (facts.get(f"bytes_{direction}") for _, facts in (before, now))
        if isinstance(old, int) and isinstance(new, int) and 0 <= old <= new <= WHOLE_LIMIT:
            found[direction] = 8 * (new - old) / (now[0] - before[0])
    return found
