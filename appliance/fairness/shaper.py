"""E The kernel's traffic classes: the tree by ``tc`` at the start, people's classes by netlink without a fork."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator

from appliance.errors import CommandFailed
from appliance.fairness.counters import ROOT, TC, queues
from appliance.fairness.plan import (
    BACKGROUND,
    BURST,
    CROWD,
    LINK,
    PACKET,
    PERSON_CLASSES,
    QUEUE,
    Direction,
    Method,
    Plan,
    beginning,
    ceiling_burst,
    line_overhead,
)
from appliance.netlink import CREATE, ROUTE, Message, Netlink, attribute, attributes, nested
from appliance.run import run

_NEW_QDISC, _NEW_CLASS, _DELETE_CLASS, _GET_CLASS = 36, 40, 41, 42  # linux/rtnetlink.h
_KIND, _OPTIONS, _HTB_PARAMETERS = 1, 2, 1
_RATE = struct.Struct("=BBHhHI")  # struct tc_ratespec: cell log, link layer, overhead, cell align, smallest unit, bytes a second
_REST = struct.Struct("=5I")  # tail of struct tc_htb_opt: buffer, cbuffer, quantum, level, prio
_ETHERNET = 1  # TC_LINKLAYER_ETHERNET: the kernel reckons by itself and wants no rate table
_TICK = 64  # nanoseconds, PSCHED_SHIFT 6
_MAJOR = 1 << 16


class Shaper:
    """One direction on one interface. The tree outlives the gate: a new gate takes it over as it stands."""

    def __init__(self, *, upload: bool) -> None:
        self.method: Method = "htb"
        self._upload = upload
        self._netlink = Netlink(ROUTE)
        self._index: int | None = None
        self._rated: Direction | None = None
        self._marks: set[int] = set()

    def keep(self, direction: Direction) -> bool:
        """Have the tree stand on the interface, making it anew if the interface is a new one. False: no such interface."""
        try:
            index = socket.if_nametoindex(direction.interface)
        except OSError:
            self._index = None
            return False
        if index != self._index:
            self._index, self._rated = index, None
            if not self._taken_over():
                self._begin(direction)
        return True

    def look(self) -> None:
        """Compare with the kernel: what another program took away or put there is put right by the next ``follow``.

        Raises CommandFailed.
        """
        if self._index is not None and not self._taken_over():
            self._index = None

    def follow(self, plan: Plan, *, rates: bool = True) -> None:
        """Give each person a class and take away those of the gone; with ``rates`` every guarantee is set anew, in one batch."""
        direction = plan.up if self._upload else plan.down
        if not self.keep(direction):
            return
        wanted = set(plan.marks) if self.method == "htb" else set[int]()
        messages = [self._class(PERSON_CLASSES + mark, LINK, direction.guarantee, direction) for mark in wanted - self._marks]
        messages += [self._leaf(PERSON_CLASSES + mark) for mark in wanted - self._marks]
        if rates and direction != self._rated:
            messages += self._rates(direction, wanted & self._marks)
            self._rated = direction
        gone = [self._gone(PERSON_CLASSES + mark) for mark in self._marks - wanted]
        self._marks = wanted
        try:
            self._netlink.tell(messages)
        except CommandFailed:
            # Somebody took the tree away: it is made anew the next time.
            self._index = None
            raise
        self._netlink.tell(gone, forgive=[FileNotFoundError])

    def _rates(self, direction: Direction, people: Collection[int]) -> Iterator[Message]:
        yield self._class(LINK, None, direction.rate, direction)
        if self._upload:
            yield self._class(BACKGROUND, LINK, direction.background, direction)
        if self.method == "cake":
            yield self._class(CROWD, LINK, direction.crowd, direction)
        for mark in people:
            yield self._class(PERSON_CLASSES + mark, LINK, direction.guarantee, direction)

    def _taken_over(self) -> bool:
        assert self._index is not None
        there = list(queues(self._netlink, self._index))
        if not any(q.parent == ROOT and q.kind == "htb" and q.handle == _MAJOR for q in there):
            return False
        self.method = "cake" if any(q.kind == "cake" and q.parent == _MAJOR + CROWD for q in there) else "htb"
        self._marks = set(self._classes())
        return True

    def _classes(self) -> Iterator[int]:
        for body in list(self._netlink.dump(_GET_CLASS, TC.pack(socket.AF_UNSPEC, self._index, 0, 0, 0))):
            if len(body) < TC.size:
                continue
            minor = TC.unpack_from(body)[2] & 0xFFFF
            if minor > PERSON_CLASSES and attributes(body[TC.size :]).get(_KIND) == b"htb\0":
                yield minor - PERSON_CLASSES

    def _begin(self, direction: Direction) -> None:
        """CAKE where the kernel has it; a kernel without it refuses its line, and the tree is begun again without."""
        self._marks = set()
        clear = ["tc", "qdisc", "del", "dev", direction.interface, "root"]
        run(clear, check=False)
        try:
            run(["tc", "-batch", "-"], input=beginning(direction, "cake", upload=self._upload))
            self.method = "cake"
        except CommandFailed:
            run(clear, check=False)
            run(["tc", "-batch", "-"], input=beginning(direction, "htb", upload=self._upload))
            self.method = "htb"

    def _class(self, minor: int, parent: int | None, rate: int, direction: Direction) -> Message:
        def spec(bits: int) -> bytes:
            return _RATE.pack(0, _ETHERNET, line_overhead(direction.overhead), 0, 0, max(1, bits // 8))

        buffers = (_ticks(max(BURST, ceiling_burst(rate)), rate), _ticks(ceiling_burst(direction.rate), direction.rate))
        parameters = spec(rate) + spec(direction.rate) + _REST.pack(*buffers, PACKET, 0, 0)
        options = nested(_OPTIONS, attribute(_HTB_PARAMETERS, parameters))
        above = _MAJOR if parent is None else _MAJOR + parent
        return Message(_NEW_CLASS, self._where(_MAJOR + minor, above) + attribute(_KIND, b"htb\0") + options, CREATE)

    def _leaf(self, minor: int) -> Message:
        # A plain queue takes its length from the interface unless told.
        options = attribute(_OPTIONS, struct.pack("=I", QUEUE))
        return Message(_NEW_QDISC, self._where(0, _MAJOR + minor) + attribute(_KIND, b"pfifo\0") + options, CREATE)

    def _gone(self, minor: int) -> Message:
        return Message(_DELETE_CLASS, self._where(_MAJOR + minor, 0))

    def _where(self, handle: int, parent: int) -> bytes:
        return TC.pack(socket.AF_UNSPEC, self._index, handle, parent, 0)


def _ticks(octets: int, rate: int) -> int:
    return min(0xFFFFFFFF, octets * 8 * 1_000_000_000 // rate // _TICK)
