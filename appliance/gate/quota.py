"""P A person's volume of a day: what is used of it, who has used it up, and when the next day begins (docs/adr/0161).

A day is the site's own, from midnight to midnight. While the box does not know the date, a day is 24 hours of its running.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from appliance.gate.admission import Device
from appliance.gate.elements import Command, Spend
from appliance.moment import Moment
from appliance.values import Mac

HOURS_24 = 86_400


@dataclass(frozen=True)
class Day:
    """``date``: the site's day (proleptic ordinal), None while it is not known; ``span``: which 24 hours of this boot."""

    date: int | None
    span: int


def date_of(moment: Moment, zone: str) -> int | None:
    """The day it is in ``zone``, where the clock can be believed."""
    return _there(moment, zone).toordinal() if moment.trust == "synced" else None


def turn(day: Day, date: int | None, now: float) -> tuple[Day, bool]:
    """The day it is now, and whether it is a new one. Learning the date begins none."""
    span = int(now // HOURS_24)
    if date is not None:
        return Day(date, span), day.date is not None and date != day.date
    return (Day(None, span), True) if span != day.span else (day, False)


def seconds_to_next(moment: Moment, zone: str, now: float) -> int:
    """Until the next day begins, at least 1."""
    if moment.trust != "synced":
        return int(HOURS_24 - now % HOURS_24) + 1
    tomorrow = _there(moment, zone).date() + datetime.timedelta(days=1)
    midnight = datetime.datetime.combine(tomorrow, datetime.time(), ZoneInfo(zone))
    return max(1, int(midnight.timestamp() - moment.wall))


def _there(moment: Moment, zone: str) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(moment.wall, ZoneInfo(zone))


@dataclass(frozen=True)
class Accounts:
    """Bytes used today: ``before`` under earlier marks, of the person who has this mark now; ``spent`` by devices, when they last
    left or came. The kernel keeps ``spent`` until the day is over, so that a restart of the gate forgets nothing."""

    before: Mapping[int, int] = field(default_factory=dict)
    spent: Mapping[Mac, int] = field(default_factory=dict)

    def used(self, mark: int, carried: Mapping[int, int]) -> int:
        """What the person with this mark has used; ``carried`` is what the kernel counts by mark."""
        return self.before.get(mark, 0) + carried.get(mark, 0)


def rebuilt(people: Mapping[Mac, Device], spent: Mapping[Mac, int]) -> Accounts:
    """What the kernel knows, after a restart."""
    before = dict[int, int]()
    for mac, device in people.items():
        if mac in spent:
            before[device.mark] = max(before.get(device.mark, 0), spent[mac])
    return Accounts(before, dict(spent))


People = Mapping[Mac, Device]


def follow(
    accounts: Accounts, old: People, new: People, carried: Mapping[int, int], brought: int | None = None
) -> tuple[Accounts, tuple[Command, ...]]:
    """Book what those who leave have used, and what those who come had used: by their code (``brought``), else by device."""
    alive = {device.mark for device in new.values()}
    spent, before = dict(accounts.spent), {mark: used for mark, used in accounts.before.items() if mark in alive}
    for mac, device in _only(old, new).items():
        spent[mac] = accounts.used(device.mark, carried)
    borne = {device.mark for device in old.values()}
    for mac, device in _only(new, old).items():
        if device.mark not in borne:
            before[device.mark] = spent.get(mac, 0) if brought is None else brought
        spent[mac] = before.get(device.mark, 0)
    spends = (Spend(mac, used) for mac, used in spent.items() if accounts.spent.get(mac, 0) != used)
    return replace(accounts, before=before, spent=spent), tuple(spends)


def _only(these: People, those: People) -> People:
    """Devices that bear a mark here and another one, or none, there."""
    return {mac: one for mac, one in these.items() if (other := those.get(mac)) is None or other.mark != one.mark}


def used_up(accounts: Accounts, people: People, carried: Mapping[int, int], limit: int) -> frozenset[int]:
    """The marks of persons who have used ``limit`` bytes or more."""
    return frozenset(device.mark for device in people.values() if accounts.used(device.mark, carried) >= limit)
