"""P The gate's knowledge and the kernel's sets compared, both ways; at a start and every minute. The kernel is the truth.

Whom the kernel lets pass and the gate does not know is taken up, with an end and a mark of their own; whom the kernel has lost is
forgotten. So idle time, volume and "forget me" reach everyone who passes, whatever a failed deed or a hand left in the sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from appliance.gate.elements import Admit, Command, Crowd, Element, Extend, FreeMark, Listing, Lower, Raise, Remove
from appliance.gate.knowledge import GRACE, MARKS, Decision, Device, Knowledge, Memory, free_mark, left_by
from appliance.gate.ruleset import NEWCOMERS
from appliance.values import SELFTEST_PHONE, Mac

DRIFT = 5.0
"""Seconds by which kernel and gate may differ about an end before the kernel's is taken over; it tells whole ones."""
LONGEST = 7 * 86_400
"""Seconds: what a start believes of an element at most, or the site's session where that is longer. A shorter session of a new
site file takes nothing from who is online."""


def same_boot(listing: Listing, memory: Memory | None, boot: str) -> bool:
    """Whether the kernel's sets are of this boot, also where nothing could be written to a disk.

    The stamp beside the sets lives exactly as long as they do. Sets without one are an older version's: then the memory tells; and
    where that tells of no boot, that somebody is in them, for no set survives a boot.
    """
    told = memory.boot if memory is not None else ""
    if boot == told or listing.stamp is not None and listing.stamp.boot == boot:
        return True
    return listing.stamp is None and not told and bool(listing.people or listing.guests)


def start(
    listing: Listing,
    memory: Memory | None,
    boot: str,
    after_reboot: Literal["grace", "ask"],
    now: float,
    session: int = LONGEST,
) -> tuple[Decision, Memory]:
    """What to begin with, and what is known of the time before. After a restart within one boot the kernel's listing is the truth.

    After a reboot the kernel's sets are new, whatever an earlier life may have left in them; everyone passes for
    ``GRACE`` seconds if the site wants it so and people had been admitted before.
    """
    if same_boot(listing, memory, boot):
        online = bool(listing.people or listing.guests)
        kept = memory if memory is not None and memory.boot == boot else Memory(boot, online)
        if listing.stamp is not None and listing.stamp.boot == boot:
            kept = kept if kept.day == listing.stamp.day else replace(kept, day=listing.stamp.day)
        return _rebuilt(listing, now, max(session, LONGEST)), kept
    stale = [Remove(e.mac, e.mark) for e in listing.people] + [Remove(e.mac, e.mark, "guests") for e in listing.guests]
    commands: list[Command] = [*stale, *([Lower("grace")] if listing.grace_left else [])]
    had_admitted = memory is not None and memory.had_admitted
    knowledge = Knowledge()
    if had_admitted and after_reboot == "grace":
        commands.append(Raise("grace", GRACE))
        knowledge = Knowledge(grace_until=now + GRACE)
    return Decision(knowledge, commands=tuple(commands)), Memory(boot, had_admitted, memory.day if memory else None)


def _rebuilt(listing: Listing, now: float, longest: int) -> Decision:
    until, commands = _grace(None, listing.grace_left, now)
    knowledge = Knowledge(grace_until=until)
    knowledge, people = _take_up(knowledge, "people", listing.people, _marks(listing), longest, now)
    knowledge, guests = _take_up(knowledge, "guests", listing.guests, _marks(listing), longest, now)
    last = max((device.mark for device in (*knowledge.people.values(), *knowledge.guests.values())), default=0)
    return Decision(replace(knowledge, last_mark=last), commands=(*commands, *people, *guests))


def look(knowledge: Knowledge, listing: Listing, idle: int, now: float, session: int = LONGEST) -> Decision:
    """Compare with the kernel: who has been silent for ``idle`` seconds is dismissed; who is gone there is gone here.

    A person is silent when all of their devices are. Who is there and not known is taken up for ``session`` seconds at most.
    """
    until, flags = _grace(knowledge.grace_until, listing.grace_left, now)
    rest = 0 if until is None else int(until - now) + 1
    people, commands = _still_there(knowledge.people, listing.people, "people", session, now)
    tapped = {e.mac for e in listing.people}
    waiting = {mac: guest for mac, guest in knowledge.guests.items() if until is not None and mac not in tapped}
    guests, more = _still_there(waiting, listing.guests, "guests", rest, now)
    commands += more
    seen = replace(knowledge, people=people, guests=guests, grace_until=until)
    seen, taken = _take_up(seen, "people", listing.people, _marks(listing), session, now)
    if until is None:
        commands += [Remove(e.mac, e.mark, "guests") for e in listing.guests]
    else:
        seen, more = _take_up(seen, "guests", listing.guests, _marks(listing), rest, now)
        taken += more
    changed = replace(seen, people=_heard(seen.people, idle, now))
    silent = [Remove(mac, d.mark) for mac, d in seen.people.items() if mac not in changed.people]
    return _parted(knowledge, seen, changed, (*flags, *commands, *taken, *silent))


def lost(knowledge: Knowledge, listing: Listing, now: float) -> tuple[Command, ...]:
    """What puts back whom the kernel has lost with all its rules. Who is still there stays as they are."""
    crowds: tuple[tuple[Crowd, Mapping[Mac, Device], tuple[Element, ...]], ...] = (
        ("people", knowledge.people, listing.people), ("guests", knowledge.guests, listing.guests),
    )  # fmt: skip
    commands: list[Command] = []
    for crowd, known, listed in crowds:
        there = {element.mac for element in listed}
        gone = (device for mac, device in known.items() if mac not in there and device.until - now >= 1)
        commands += [Admit(device.mac, device.mark, int(device.until - now), crowd) for device in gone]
    if knowledge.grace_until is not None and knowledge.grace_until - now >= 1 and not listing.grace_left:
        commands.append(Raise("grace", int(knowledge.grace_until - now)))
    return tuple(commands)


def _parted(before: Knowledge, seen: Knowledge, after: Knowledge, commands: Iterable[Command]) -> Decision:
    """What follows for those who passed ``before``, or were ``seen`` to, and do not ``after``."""
    gone = dict[Mac, Device]()
    for one in (before.people, before.guests, seen.people, seen.guests):
        gone |= {mac: device for mac, device in one.items() if mac not in after.people and mac not in after.guests}
    over = (NEWCOMERS,) if before.grace_until is not None and after.grace_until is None else ()
    left = (*left_by(after, gone.values()), *over)
    freed = [FreeMark(mark) for mark in left]
    return Decision(after, commands=(*commands, *freed), turned=tuple(gone), left=left)


def _heard(people: Mapping[Mac, Device], idle: int, now: float) -> dict[Mac, Device]:
    moved = dict[int, float]()
    for device in people.values():
        moved[device.mark] = max(device.moved, moved.get(device.mark, device.moved))
    return {mac: device for mac, device in people.items() if now - moved[device.mark] < idle}


def _still_there(
    people: Mapping[Mac, Device], elements: Iterable[Element], crowd: Crowd, session: int, now: float
) -> tuple[dict[Mac, Device], list[Command]]:
    """Those whom the kernel has too: with its count and its end; with the mark that the gate gave."""
    there, commands = dict[Mac, Device](), list[Command]()
    for element in elements:
        if (device := people.get(element.mac)) is None:
            continue
        if element.octets != device.octets:
            device = replace(device, octets=element.octets, moved=now)
        most = max(session, int(device.until - now) + 1)
        ends = now + min(element.lasts, most) + 1
        if abs(ends - device.until) > DRIFT:
            device = replace(device, until=ends)
        if element.mark != device.mark or element.lasts > most + DRIFT:
            commands.append(Extend(device.mac, device.mark, max(1, min(element.lasts, most)), crowd))
        there[device.mac] = device
    return there, commands


def _take_up(
    knowledge: Knowledge, crowd: Crowd, elements: Iterable[Element], listed: frozenset[int], most: int, now: float
) -> tuple[Knowledge, list[Command]]:
    """Know those who are in the kernel and not known: under their own mark; under another where that is nobody's, or somebody's.

    Nobody new shares with somebody by such an element: a code says who is whose. Without a mark to spare they pass no longer.
    """
    known, commands = knowledge.marks, list[Command]()
    there = dict(knowledge.people if crowd == "people" else knowledge.guests)

    def with_them() -> Knowledge:
        return replace(knowledge, people=there) if crowd == "people" else replace(knowledge, guests=there)

    for element in elements:
        if element.mac in there:
            continue
        mark: int | None = element.mark
        if mark not in MARKS or mark in known:
            mark = free_mark(with_them(), besides=listed)
        if mark is None or element.mac == SELFTEST_PHONE or element.mac in knowledge.people:
            commands.append(Remove(element.mac, element.mark, crowd))
            continue
        if mark != element.mark or element.lasts > most:
            commands.append(Extend(element.mac, mark, max(1, min(element.lasts, most)), crowd))
        # The kernel's seconds are rounded down: count one more rather than one less (see LATE).
        there[element.mac] = Device(element.mac, mark, now + min(element.lasts, most) + 1, element.octets, now)
    return with_them(), commands


def _marks(listing: Listing) -> frozenset[int]:
    return frozenset(element.mark for element in (*listing.people, *listing.guests))


def _grace(known: float | None, left: int | None, now: float) -> tuple[float | None, list[Command]]:
    """Until when everyone passes, as the kernel has it; a flag that would stay up for longer than any grace gets its end."""
    if left is None:
        return None, []
    until = now + min(left, GRACE)
    if known is not None and abs(until - known) <= DRIFT:
        until = known
    return until, [Raise("grace", GRACE)] if left > GRACE else []
