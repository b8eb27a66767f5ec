"""E What the queues hold and dropped (rtnetlink(7), linux/gen_stats.h)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.netlink import ROUTE, Netlink, attributes

TC = struct.Struct("=BxxxiIII")
"""struct tcmsg: family, interface number, handle, parent, info."""
ROOT = 0xFFFFFFFF
_GET_QDISC = 38  # RTM_GETQDISC
_KIND, _STATS = 1, 7  # TCA_KIND, TCA_STATS2
_QUEUE = 3  # TCA_STATS_QUEUE
_COUNTS = struct.Struct("=3I")  # head of struct gnet_stats_queue: packets waiting, bytes waiting, drops


@dataclass(frozen=True)
class Queue:
    """One queueing discipline: where it hangs, of what kind it is, what waits in it (bytes) and what it dropped (packets)."""

    handle: int
    parent: int
    kind: str
    waiting: int
    drops: int


def queues(netlink: Netlink, interface: int) -> Iterator[Queue]:
    """Every queueing discipline of one interface. ``netlink`` is a socket of the protocol ROUTE."""
    for body in list(netlink.dump(_GET_QDISC, TC.pack(socket.AF_UNSPEC, interface, 0, 0, 0))):
        if len(body) < TC.size:  # not whole: it hides none of the others
            continue
        _, index, handle, parent, _ = TC.unpack_from(body)
        if index == interface:
            values = attributes(body[TC.size :])
            counts = attributes(values.get(_STATS, b"")).get(_QUEUE, b"")
            _, waiting, drops = _COUNTS.unpack_from(counts.ljust(_COUNTS.size, b"\0"))
            yield Queue(handle, parent, values.get(_KIND, b"").rstrip(b"\0").decode(errors="replace"), waiting, drops)


class Counters:
    """Reads the shaper's root queues."""

    def __init__(self) -> None:
        self._netlink = Netlink(ROUTE)

    def totals(self, *interfaces: str) -> tuple[int, int]:
        """(packets dropped since the tree was made, bytes waiting now) over all ``interfaces`` that are there."""
        drops = waiting = 0
        for name in interfaces:
            try:
                index = socket.if_nametoindex(name)
            except OSError:
                continue
            for queue in queues(self._netlink, index):
                if queue.parent == ROOT:
                    drops, waiting = drops + queue.drops, waiting + queue.waiting
        return drops, waiting
