"""E The kernel's table of connections: what a device began under another rule is forgotten (ctnetlink)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from appliance.netlink import NETFILTER, Message, Netlink, attribute, attributes, nested
from appliance.values import Ip

_GET, _DELETE = (1 << 8) | 1, (1 << 8) | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET and _DELETE
_HEADER = struct.Struct(">BBH")  # struct nfgenmsg: family, version, resource
_ORIGINAL, _STATUS, _MARK, _ID, _MARK_MASK, _FILTER = 1, 3, 8, 12, 21, 25
_FILTER_ORIGINAL, _FILTER_REPLY, _SOURCE_FLAG = 1, 2, 1
_TUPLE_IP, _TUPLE_PROTOCOL, _PROTOCOL_PORT = 1, 2, 3
_SOURCE4, _SOURCE6 = 1, 3
_REDIRECTED = 1 << 5  # IPS_DST_NAT
_FIRST_SOURCE = _HEADER.size + 3 * 4
"""Where the source address stands: the kernel begins with the original tuple, that with its addresses (ctnetlink_fill_info)."""


@dataclass(frozen=True)
class _Connection:
    family: int
    original: bytes
    source: bytes
    identity: bytes
    redirected: bool
    port: int
    mark: int


class Conntrack:
    """Connections in this network namespace."""

    def __init__(self) -> None:
        self._netlink = Netlink(NETFILTER)

    def forget_led(self, addresses: Iterable[Ip]) -> None:
        """Forget what these devices began and the box led elsewhere, and their name look-ups.

        For use after a device was admitted or dismissed: its next packet is judged by the rules that hold now. Plain
        connections to the box itself stay, among them the one that carries the answer to the tap; so do look-ups made as a
        person, which may be under way already (``forget_person`` ends those).
        """
        known = {address.packed for address in addresses}
        if len(known) == 1 and len(one := next(iter(known))) == 4:
            found = self._of_address4(one)
        else:
            # Led connections carry no person's mark, so one look serves everyone who has tapped since the last.
            found = self._found(socket.AF_UNSPEC, _with_mark(0), known)
        self._forget(c for c in found if c.source in known and not c.mark and (c.redirected or c.port == 53))

    def forget_person(self, mark: int) -> None:
        """Forget every forwarded connection of a person who may pass no longer."""
        self._forget(self._found(socket.AF_UNSPEC, _with_mark(mark)))

    def forget_all_led(self) -> None:
        """Forget every connection that the box led elsewhere, and every name look-up: the uplink came or went.

        A look-up led to the port it was meant for anyway does not count as redirected; asked again from the same source port
        it would still be answered as before.
        """
        self._forget(c for c in self._found(socket.AF_UNSPEC, b"") if c.redirected or c.port == 53)

    def _of_address4(self, packed: bytes) -> Iterator[_Connection]:
        # CTA_FILTER, Linux 5.8: the kernel compares only the source address of the original direction. For IPv6 its
        # comparison is the wrong way round (seen on 6.18), so there the gate compares by itself among the unmarked.
        source = nested(_ORIGINAL, nested(_TUPLE_IP, attribute(_SOURCE4, packed)))
        flags = (attribute(kind, struct.pack("=I", flag)) for kind, flag in ((_FILTER_ORIGINAL, _SOURCE_FLAG), (_FILTER_REPLY, 0)))
        return self._found(socket.AF_INET, source + nested(_FILTER, *flags))

    def _found(self, family: int, body: bytes, sources: Collection[bytes] | None = None) -> Iterator[_Connection]:
        """Connections the kernel lists for ``body``; with ``sources`` only theirs are read, the rest passed over quickly."""
        for answer in list(self._netlink.dump(_GET, _HEADER.pack(family, 0, 0) + body)):
            if len(answer) < _HEADER.size:  # not whole: it hides none of the others
                continue
            if sources is not None and answer[_FIRST_SOURCE:][:4] not in sources and answer[_FIRST_SOURCE:][:16] not in sources:
                continue
            values = attributes(answer[_HEADER.size :])
            original = values.get(_ORIGINAL, b"")
            parts = attributes(original)
            addresses, protocol = attributes(parts.get(_TUPLE_IP, b"")), attributes(parts.get(_TUPLE_PROTOCOL, b""))
            yield _Connection(
                family=answer[0],
                original=original,
                source=addresses.get(_SOURCE4) or addresses.get(_SOURCE6) or b"",
                identity=values.get(_ID, b""),
                redirected=bool(int.from_bytes(values.get(_STATUS, b""), "big") & _REDIRECTED),
                port=int.from_bytes(protocol.get(_PROTOCOL_PORT, b""), "big"),
                mark=int.from_bytes(values.get(_MARK, b""), "big"),
            )

    def _forget(self, connections: Iterable[_Connection]) -> None:
        messages = [
            Message(_DELETE, _HEADER.pack(c.family, 0, 0) + nested(_ORIGINAL, c.original) + attribute(_ID, c.identity))
            for c in connections
        ]
        self._netlink.tell(messages, forgive=[FileNotFoundError])


def _with_mark(mark: int) -> bytes:
    return attribute(_MARK, struct.pack(">I", mark)) + attribute(_MARK_MASK, struct.pack(">I", 0xFFFFFFFF))
