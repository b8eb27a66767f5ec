"""P Who may pass and until when: what is known, what is asked and the time in; commands, new knowledge and the answer out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from appliance.gate.elements import Admit, Command, Crowd, Element, Extend, FreeMark, Listing, Lower, Raise, Remove
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
    """All that stands on disk: which boot this was, and whether anyone had been admitted. Never a device."""

    boot: str
    had_admitted: bool


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
        return frozenset(d.mark for crowd in (self.people, self.guests) for d in crowd.values())


@dataclass(frozen=True)
class Decision:
    """What is to be done: ``commands`` for the kernel, then the connections of ``turned`` devices and ``left`` marks forgotten."""

    knowledge: Knowledge
    answer: dict[str, Any] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    turned: tuple[Mac, ...] = ()
    left: tuple[int, ...] = ()


def start(
    listing: Listing, memory: Memory | None, boot: str, after_reboot: Literal["grace", "ask"], now: float
) -> tuple[Decision, Memory]:
    """What to begin with. After a restart within one boot the kernel's listing is the truth.

    After a reboot the kernel's sets are new, whatever an earlier life may have left in them; everyone passes for
    ``GRACE`` seconds if the site wants it so and people had been admitted before.
    """
    if memory is not None and memory.boot == boot:
        return Decision(_rebuilt(listing, now)), memory
    stale = [Remove(e.mac, e.mark) for e in listing.people] + [Remove(e.mac, e.mark, "guests") for e in listing.guests]
    commands: list[Command] = [*stale, *([Lower("grace")] if listing.grace_left else [])]
    had_admitted = memory is not None and memory.had_admitted
    knowledge = Knowledge()
    if had_admitted and after_reboot == "grace":
        commands.append(Raise("grace", GRACE))
        knowledge = Knowledge(grace_until=now + GRACE)
    return Decision(knowledge, commands=tuple(commands)), Memory(boot, had_admitted)


def _rebuilt(listing: Listing, now: float) -> Knowledge:
    def crowd(elements: Iterable[Element]) -> dict[Mac, Device]:
        # The kernel's seconds are rounded down: count one more rather than one less (see LATE).
        return {e.mac: Device(e.mac, e.mark, now + e.seconds_left + 1, e.octets, now) for e in elements}

    people, guests = crowd(listing.people), crowd(listing.guests)
    last = max((d.mark for d in (*people.values(), *guests.values())), default=0)
    return Knowledge(people, guests, None if listing.grace_left is None else now + listing.grace_left, last)


def state_of(knowledge: Knowledge, mac: Mac, now: float) -> tuple[State, int | None]:
    """How a device stands and for how many seconds more (None: it has no end because it has not begun)."""
    device = knowledge.people.get(mac)
    if device is not None and device.until > now:
        return "admitted", int(device.until - now)
    if knowledge.grace_until is not None and knowledge.grace_until > now:
        return "grace", int(knowledge.grace_until - now)
    return "captive", None


def mark_of(knowledge: Knowledge, mac: Mac) -> int:
    """The mark a device's packets carry now: its person's, the newcomers' during the grace, else 0."""
    device = knowledge.people.get(mac) or knowledge.guests.get(mac)
    if device is not None:
        return device.mark
    return 0 if knowledge.grace_until is None else NEWCOMERS


def admit(knowledge: Knowledge, mac: Mac, session: int, now: float) -> Decision:
    """Admit a device, or begin its session anew. Answers "full" when every mark belongs to someone who tapped."""
    if (old := knowledge.people.get(mac)) is not None:
        people = {**knowledge.people, mac: replace(old, until=now + session, moved=now)}
        return Decision(replace(knowledge, people=people), _admitted(session), (Extend(mac, old.mark, session),))
    guests, commands = dict(knowledge.guests), list[Command]()
    if (guest := guests.pop(mac, None)) is not None:
        mark: int | None = guest.mark
        commands.append(Remove(mac, guest.mark, "guests"))
    elif (mark := _free_mark(knowledge)) is None and guests:
        displaced = guests.pop(next(iter(guests)))
        mark = displaced.mark
        commands += [Remove(displaced.mac, mark, "guests"), FreeMark(mark)]
    if mark is None:
        return Decision(knowledge, {"ok": False, "why": "full"})
    people = {**knowledge.people, mac: Device(mac, mark, now + session, 0, now)}
    # The admission comes first: a guest's packets are never without a mark in between.
    commands.insert(0, Admit(mac, mark, session))
    changed = replace(knowledge, people=people, guests=guests, last_mark=mark)
    return Decision(changed, _admitted(session), tuple(commands), turned=(mac,))


def _admitted(session: int) -> dict[str, Any]:
    return {"ok": True, "state": "admitted", "seconds_remaining": session}


def _free_mark(knowledge: Knowledge) -> int | None:
    """The next free mark after the last one given, so that a mark rests as long as possible before another bears it."""
    taken = knowledge.marks
    for step in range(1, len(MARKS) + 1):
        mark = MARKS[(knowledge.last_mark - MARKS.start + step) % len(MARKS)]
        if mark not in taken:
            return mark
    return None


def dismiss(knowledge: Knowledge, mac: Mac, now: float) -> Decision:
    """Let a device pass no longer and forget it (during the grace it passes on, like everyone)."""
    people, guests = dict(knowledge.people), dict(knowledge.guests)
    commands, left = list[Command](), list[int]()
    for crowd, devices in _crowds(people, guests):
        if (device := devices.pop(mac, None)) is not None:
            commands += [Remove(mac, device.mark, crowd), FreeMark(device.mark)]
            left.append(device.mark)
    changed = replace(knowledge, people=people, guests=guests)
    answer = {"ok": True, "state": state_of(changed, mac, now)[0]}
    return Decision(changed, answer, tuple(commands), turned=(mac,), left=tuple(left))


def _crowds(people: dict[Mac, Device], guests: dict[Mac, Device]) -> tuple[tuple[Crowd, dict[Mac, Device]], ...]:
    return ("people", people), ("guests", guests)


def prune(knowledge: Knowledge, now: float) -> Decision:
    """Notice who has expired: the kernel let go of them by itself, their marks become free."""
    people, guests = dict(knowledge.people), dict(knowledge.guests)
    gone = list[Device]()
    for devices in (people, guests):
        for device in [d for d in devices.values() if d.until + LATE <= now]:
            gone.append(devices.pop(device.mac))
    left = [device.mark for device in gone]
    grace_until = knowledge.grace_until
    if grace_until is not None and grace_until + LATE <= now:
        grace_until = None
        left.append(NEWCOMERS)
    if not left:
        return Decision(knowledge)
    changed = replace(knowledge, people=people, guests=guests, grace_until=grace_until)
    turned = tuple(device.mac for device in gone)
    return Decision(changed, commands=tuple(FreeMark(mark) for mark in left), turned=turned, left=tuple(left))


def look(knowledge: Knowledge, listing: Listing, idle: int, now: float) -> Decision:
    """Compare with the kernel: who has been silent for ``idle`` seconds is dismissed; who is gone there is gone here."""
    people = dict[Mac, Device]()
    listed = {element.mac: element for element in listing.people}
    commands, left, turned = list[Command](), list[int](), list[Mac]()
    for mac, device in knowledge.people.items():
        element = listed.get(mac)
        if element is not None and element.octets != device.octets:
            people[mac] = replace(device, octets=element.octets, moved=now)
        elif element is not None and now - device.moved < idle:
            people[mac] = device
        else:
            commands += [Remove(mac, device.mark)] if element is not None else []
            commands.append(FreeMark(device.mark))
            left.append(device.mark)
            turned.append(mac)
    return Decision(replace(knowledge, people=people), commands=tuple(commands), turned=tuple(turned), left=tuple(left))


def greet(knowledge: Knowledge, present: Iterable[Mac], now: float) -> Decision:
    """During the grace, give each device on the LAN a mark of its own, as far as they go."""
    if knowledge.grace_until is None or knowledge.grace_until <= now:
        return Decision(knowledge)
    seconds, commands = int(knowledge.grace_until - now) + 1, list[Command]()
    for mac in sorted(set(present) - knowledge.people.keys() - knowledge.guests.keys()):
        mark = _free_mark(knowledge)
        if mark is None:
            break
        commands.append(Admit(mac, mark, seconds, "guests"))
        device = Device(mac, mark, now + seconds, 0, now)
        knowledge = replace(knowledge, guests={**knowledge.guests, mac: device}, last_mark=mark)
    return Decision(knowledge, commands=tuple(commands))
