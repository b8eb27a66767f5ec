"""P What the gate knows of devices and persons, what stands of it on disk, and what a rule decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appliance.gate.elements import Command
from appliance.gate.ruleset import NEWCOMERS
from appliance.values import PERSON_MARKS, Mac

GRACE = 2 * 3600
"""Seconds for which everyone passes after a reboot, where the site says so."""
LATE = 2.0
"""Seconds that an element is still counted as there after its time, so that it is never added over one that is."""
MARKS = range(PERSON_MARKS.start, NEWCOMERS)
"""Marks given to persons; the last one of all is kept for newcomers during the grace."""

State = Literal["captive", "admitted", "grace"]


@dataclass(frozen=True)
class Device:
    """One device that passes. ``until`` and ``moved`` on the clock of ``now``; ``octets`` sent when last looked at."""

    mac: Mac
    mark: int
    until: float
    octets: int
    moved: float


@dataclass(frozen=True)
class Memory:
    """All that stands on disk: which boot this was, whether anyone had been admitted, for which day volumes were counted (proleptic
    ordinal, None where no date was known or there are no volumes). Never a device."""

    boot: str
    had_admitted: bool
    day: int | None = None


@dataclass(frozen=True)
class Knowledge:
    """What the gate knows; all of it can be read back from the kernel."""

    people: Mapping[Mac, Device] = field(default_factory=dict)
    guests: Mapping[Mac, Device] = field(default_factory=dict)
    grace_until: float | None = None
    last_mark: int = 0

    @property
    def marks(self) -> frozenset[int]:
        """Marks that are taken."""
        return frozenset([device.mark for device in self.people.values()] + [device.mark for device in self.guests.values()])


@dataclass(frozen=True)
class Decision:
    """What is to be done: ``commands`` for the kernel, then the connections of ``turned`` devices and ``left`` marks forgotten.

    ``brought``: bytes of the day's volume that the person who comes has used before, where a code says so.
    """

    knowledge: Knowledge
    answer: dict[str, Any] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    turned: tuple[Mac, ...] = ()
    left: tuple[int, ...] = ()
    brought: int | None = None


def free_mark(knowledge: Knowledge, besides: frozenset[int] = frozenset()) -> int | None:
    """The next free mark after the last one given, so that a mark rests as long as possible before another bears it.

    ``besides``: marks that are not to be given either.
    """
    taken = knowledge.marks | besides
    for step in range(1, len(MARKS) + 1):
        mark = MARKS[(knowledge.last_mark - MARKS.start + step) % len(MARKS)]
        if mark not in taken:
            return mark
    return None


def left_by(after: Knowledge, gone: Iterable[Device]) -> tuple[int, ...]:
    """The marks of devices that pass no longer, but for those a person's other device still bears."""
    borne = after.marks
    return tuple(dict.fromkeys(device.mark for device in gone if device.mark not in borne))
