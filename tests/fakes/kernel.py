"""A kernel of dictionaries, behaving as the real one does for the gate. Refuses to stand in for it outside tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from appliance.errors import CommandFailed
from appliance.gate.elements import (
    Admit,
    Command,
    Crowd,
    Element,
    Extend,
    ForgetSpent,
    FreeMark,
    Listing,
    Lower,
    Raise,
    Remove,
    Spend,
    Stamp,
)
from appliance.values import Mac

if "pytest" not in sys.modules:
    raise RuntimeError("a fake kernel lets nobody pass: only tests may use it")


@dataclass
class FakeKernel:
    """``now`` gives seconds; elements and flags vanish when their time is over, as in the kernel."""

    now: Callable[[], float]
    crowds: dict[Crowd, dict[Mac, tuple[Element, float]]] = field(default_factory=lambda: {"people": {}, "guests": {}})
    flags: dict[str, float] = field(default_factory=dict)
    bytes_received: dict[int, int] = field(default_factory=dict)
    bytes_sent: dict[int, int] = field(default_factory=dict)
    spent: dict[Mac, int] = field(default_factory=dict)
    stamp: Stamp | None = None
    loaded: list[str] = field(default_factory=list)
    refused: set[Mac] = field(default_factory=set)
    """Devices that cannot be admitted."""
    transactions: list[int] = field(default_factory=list)
    """How many were admitted with each."""
    flushed: bool = False
    refuses: dict[str, Exception] = field(default_factory=dict)
    """What asking fails with, by the method's name."""
    loses: int | None = None
    """After so many deeds more the answer is lost: what was done is done, and the gate is told that it failed."""

    def _refuse(self, what: str) -> None:
        if what in self.refuses:
            raise self.refuses[what]

    def load(self, text: str) -> None:
        self._refuse("load")
        self.loaded.append(text)
        self.flushed = False

    def flush(self) -> None:
        """Another program takes every table away."""
        self.crowds = {"people": {}, "guests": {}}
        for held in (self.flags, self.bytes_received, self.bytes_sent, self.spent):
            held.clear()
        self.stamp, self.flushed = None, True

    def stands(self) -> bool:
        self._refuse("stands")
        return not self.flushed

    def perform(self, commands: Sequence[Command]) -> None:
        self._refuse("perform")
        if self.loses is not None:
            commands, self.loses = commands[: self.loses], max(0, self.loses - len(commands))
            self._perform(commands)
            raise CommandFailed("no answer", where="netlink")
        self._perform(commands)

    def _perform(self, commands: Sequence[Command]) -> None:
        for alike, part in groupby(commands, key=type):
            if alike is Admit:
                self._admit([command for command in part if isinstance(command, Admit)])
            else:
                self._perform_each(part)

    def _admit(self, together: list[Admit]) -> None:
        if self.flushed:
            raise CommandFailed("No such file or directory", where="nftables")
        before = {name: dict(crowd) for name, crowd in self.crowds.items()}
        for one in together:
            old = self.element(one.mac, one.crowd)
            if one.mac in self.refused or old is not None and old.mark != one.mark:
                self.crowds = before
                raise CommandFailed("File exists", where="nftables")
            element = Element(one.mac, one.mark, one.seconds)
            self.crowds[one.crowd][one.mac] = (element, self.now() + one.seconds)
        self.transactions.append(len(together))

    def _perform_each(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Extend(mac, mark, seconds, crowd):
                    old = self.element(mac, crowd)
                    element = Element(mac, mark, seconds, old.packets if old else 0, old.octets if old else 0)
                    self.crowds[crowd][mac] = (element, self.now() + seconds)
                case Remove(mac, _, crowd):
                    self.crowds[crowd].pop(mac, None)
                case Raise(flag, seconds):
                    self.flags[flag] = self.now() + seconds
                case Lower(flag):
                    self.flags.pop(flag, None)
                case FreeMark(mark):
                    self.bytes_received.pop(mark, None)
                    self.bytes_sent.pop(mark, None)
                case Spend(mac, octets):
                    self.spent[mac] = octets
                case ForgetSpent():
                    self.spent.clear()
                case Stamp():
                    self.stamp = command

    def element(self, mac: Mac, crowd: Crowd = "people") -> Element | None:
        self._refuse("element")
        found = self.crowds[crowd].get(mac)
        if found is None or found[1] <= self.now():
            return None
        return replace(found[0], seconds_left=int(found[1] - self.now()))

    def listing(self) -> Listing:
        self._refuse("listing")
        people, guests = (
            tuple(e for mac in self.crowds[crowd] if (e := self.element(mac, crowd)) is not None) for crowd in ("people", "guests")
        )
        grace = self.flags.get("grace", 0) - self.now()
        offline = self.flags.get("offline", 0) > self.now()
        return Listing(people, guests, int(grace) if grace > 0 else None, offline, dict(self.spent), self.stamp)

    def carried(self) -> tuple[dict[int, int], dict[int, int]]:
        self._refuse("carried")
        return dict(self.bytes_received), dict(self.bytes_sent)

    def uses(self, mac: Mac, octets: int) -> None:
        """The device sends one packet."""
        for crowd in self.crowds.values():
            if mac in crowd:
                element, until = crowd[mac]
                crowd[mac] = (replace(element, packets=element.packets + 1, octets=element.octets + octets), until)
                self.bytes_sent[element.mark] = self.bytes_sent.get(element.mark, 0) + octets
