"""W What the kernel has counted by person, looked at no more often than somebody needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from appliance.fairness import explain
from appliance.gate.elements import Command, FreeMark

READING_AGE = 2.0
"""Seconds for which a reading is new enough: one costs milliseconds."""
Counted = tuple[dict[int, int], dict[int, int]]


@dataclass(frozen=True)
class _Reading:
    at: float
    received: dict[int, int] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)

    @property
    def both(self) -> dict[int, int]:
        return {mark: self.received.get(mark, 0) + self.sent.get(mark, 0) for mark in self.received.keys() | self.sent.keys()}

    def without(self, gone: frozenset[int]) -> _Reading:
        kept = ({mark: octets for mark, octets in counted.items() if mark not in gone} for counted in (self.received, self.sent))
        return _Reading(self.at, *kept)


class Meter:
    """``count`` gives bytes by person mark, received from the internet and sent to it; ``clock`` counts seconds steadily."""

    def __init__(self, count: Callable[[], Counted], clock: Callable[[], float]) -> None:
        self._count, self._clock = count, clock
        self._before = self._reading = _Reading(clock())
        self.busy = frozenset[int]()
        """Marks of those who used the line between the last two readings."""

    @property
    def age(self) -> float:
        """Seconds since the last reading."""
        return self._clock() - self._reading.at

    def read(self) -> None:
        """Count anew, if the last time was not just now. Raises CommandFailed."""
        if self.age < READING_AGE:
            return
        self._before, self._reading = self._reading, _Reading(self._clock(), *self._count())
        self.busy = explain.busy_marks(self._before.both, self._reading.both, self._reading.at - self._before.at)

    def carried(self, mark: int) -> tuple[int, int]:
        """Bytes received and sent under a mark, as last counted."""
        return self._reading.received.get(mark, 0), self._reading.sent.get(mark, 0)

    def both(self) -> dict[int, int]:
        """The same, together, by mark."""
        return self._reading.both

    def forget_freed(self, commands: Iterable[Command]) -> None:
        """The kernel forgot what these marks carried: whoever gets one next begins with nothing."""
        if gone := frozenset(command.mark for command in commands if isinstance(command, FreeMark)):
            self._before, self._reading = self._before.without(gone), self._reading.without(gone)
