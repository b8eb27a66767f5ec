"""P Who may pass and until when: what is known, what is asked and the time in; commands, new knowledge and the answer out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from appliance.gate.elements import Admit, Command, Crowd, Extend, FreeMark, Remove
from appliance.gate.knowledge import (
    GRACE as GRACE,
)
from appliance.gate.knowledge import (
    LATE as LATE,
)
from appliance.gate.knowledge import (
    MARKS as MARKS,
)
from appliance.gate.knowledge import (
    Decision as Decision,
)
from appliance.gate.knowledge import (
    Device as Device,
)
from appliance.gate.knowledge import (
    Knowledge as Knowledge,
)
from appliance.gate.knowledge import (
    Memory as Memory,
)
from appliance.gate.knowledge import (
    State as State,
)
from appliance.gate.knowledge import (
    free_mark,
    left_by,
)
from appliance.gate.reconcile import look as look
from appliance.gate.reconcile import start as start
from appliance.gate.ruleset import NEWCOMERS
from appliance.values import Mac


def rest_from_now(knowledge: Knowledge, now: float) -> Knowledge:
    """The same people, whose silence begins now: for a site that has just made its idle time shorter."""
    return replace(knowledge, people={mac: replace(device, moved=now) for mac, device in knowledge.people.items()})


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
    """Admit a device, or begin its person's session anew. Answers "full" when every mark belongs to someone who tapped."""
    if (old := knowledge.people.get(mac)) is not None:
        mine = [device for device in knowledge.people.values() if device.mark == old.mark]
        people = {**knowledge.people, **{d.mac: replace(d, until=now + session, moved=now) for d in mine}}
        commands = tuple(Extend(device.mac, device.mark, session) for device in mine)
        return Decision(replace(knowledge, people=people), _admitted(session), commands)
    return _place(knowledge, mac, None, session, now)


def join(knowledge: Knowledge, mac: Mac, mark: int | None, seconds: int, now: float) -> Decision:
    """Let a device pass for ``seconds`` as a person who was here before, whatever it passed as until now.

    ``mark`` is the person's while another of their devices passes, else None: then it is a new one.
    """
    people = {**knowledge.people}
    old = people.pop(mac, None)
    if old is None:
        return _place(knowledge, mac, mark, seconds, now)
    if old.mark == mark:
        people[mac] = replace(old, until=now + seconds, moved=now)
        return Decision(replace(knowledge, people=people), _admitted(seconds), (Extend(mac, mark, seconds),))
    rest = replace(knowledge, people=people)
    alone = old.mark not in rest.marks
    # The kernel's element is replaced in one transaction: the device is never without a mark.
    placed = _place(rest, mac, mark, seconds, now)
    commands = tuple(Extend(c.mac, c.mark, c.seconds) if isinstance(c, Admit) else c for c in placed.commands)
    if not placed.answer["ok"]:
        return replace(placed, knowledge=knowledge)
    freed = (FreeMark(old.mark),) if alone else ()
    return replace(placed, commands=(*commands, *freed), turned=(), left=(old.mark,) if alone else ())


def _place(knowledge: Knowledge, mac: Mac, mark: int | None, seconds: int, now: float) -> Decision:
    """Let a device pass that is not among the people, as ``mark`` or as a person of its own."""
    guests, commands, left = dict(knowledge.guests), list[Command](), list[int]()
    if (guest := guests.pop(mac, None)) is not None:
        commands.append(Remove(mac, guest.mark, "guests"))
        if mark is not None:
            commands.append(FreeMark(guest.mark))
            left.append(guest.mark)
        mark = mark or guest.mark
    elif mark is None and (mark := free_mark(knowledge)) is None and guests:
        displaced = guests.pop(next(iter(guests)))
        mark = displaced.mark
        commands += [Remove(displaced.mac, mark, "guests"), FreeMark(mark)]
    if mark is None:
        return Decision(knowledge, {"ok": False, "why": "full"})
    people = {**knowledge.people, mac: Device(mac, mark, now + seconds, 0, now)}
    # The admission comes first: a guest's packets are never without a mark in between.
    commands.insert(0, Admit(mac, mark, seconds))
    changed = replace(knowledge, people=people, guests=guests, last_mark=mark)
    return Decision(changed, _admitted(seconds), tuple(commands), turned=(mac,), left=tuple(left))


def _admitted(session: int) -> dict[str, Any]:
    return {"ok": True, "state": "admitted", "seconds_remaining": session}


def dismiss(knowledge: Knowledge, mac: Mac, now: float) -> Decision:
    """Let a device pass no longer and forget it (during the grace it passes on, like everyone)."""
    people, guests = dict(knowledge.people), dict(knowledge.guests)
    commands, gone = list[Command](), list[Device]()
    for crowd, devices in _crowds(people, guests):
        if (device := devices.pop(mac, None)) is not None:
            commands.append(Remove(mac, device.mark, crowd))
            gone.append(device)
    changed = replace(knowledge, people=people, guests=guests)
    left = left_by(changed, gone)
    commands += [FreeMark(mark) for mark in left]
    answer = {"ok": True, "state": state_of(changed, mac, now)[0]}
    return Decision(changed, answer, tuple(commands), turned=(mac,), left=left)


def _crowds(people: dict[Mac, Device], guests: dict[Mac, Device]) -> tuple[tuple[Crowd, dict[Mac, Device]], ...]:
    return ("people", people), ("guests", guests)


def prune(knowledge: Knowledge, now: float) -> Decision:
    """Notice who has expired: the kernel let go of them by itself, their marks become free."""
    people, guests = dict(knowledge.people), dict(knowledge.guests)
    gone = list[Device]()
    for devices in (people, guests):
        for device in [d for d in devices.values() if d.until + LATE <= now]:
            gone.append(devices.pop(device.mac))
    over = knowledge.grace_until is not None and knowledge.grace_until + LATE <= now
    if not gone and not over:
        return Decision(knowledge)
    changed = replace(knowledge, people=people, guests=guests, grace_until=None if over else knowledge.grace_until)
    left = (*left_by(changed, gone), *((NEWCOMERS,) if over else ()))
    turned = tuple(device.mac for device in gone)
    return Decision(changed, commands=tuple(FreeMark(mark) for mark in left), turned=turned, left=left)


def cut(knowledge: Knowledge, marks: frozenset[int]) -> Decision:
    """Let these persons pass no longer, with all their devices."""
    gone = [device for device in knowledge.people.values() if device.mark in marks]
    changed = replace(knowledge, people={mac: device for mac, device in knowledge.people.items() if device.mark not in marks})
    left = left_by(changed, gone)
    commands: list[Command] = [Remove(device.mac, device.mark) for device in gone]
    commands += [FreeMark(mark) for mark in left]
    return Decision(changed, commands=tuple(commands), turned=tuple(device.mac for device in gone), left=left)


def greet(knowledge: Knowledge, present: Iterable[Mac], now: float) -> Decision:
    """During the grace, give each device on the LAN a mark of its own, as far as they go."""
    if knowledge.grace_until is None or knowledge.grace_until <= now:
        return Decision(knowledge)
    seconds, commands = int(knowledge.grace_until - now) + 1, list[Command]()
    for mac in sorted(set(present) - knowledge.people.keys() - knowledge.guests.keys()):
        mark = free_mark(knowledge)
        if mark is None:
            break
        commands.append(Admit(mac, mark, seconds, "guests"))
        device = Device(mac, mark, now + seconds, 0, now)
        knowledge = replace(knowledge, guests={**knowledge.guests, mac: device}, last_mark=mark)
    return Decision(knowledge, commands=tuple(commands))
