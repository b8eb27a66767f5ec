"""E Network interfaces: their numbers, their bridge, the bytes they carried (rtnetlink(7))."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from appliance.errors import CommandFailed
from appliance.netlink import ROUTE, Netlink, attributes

_GET_LINK = 18  # RTM_GETLINK
_HEADER = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS, _NAME, _MASTER, _STATS = 1, 3, 10, 23
_COUNTS = struct.Struct("=4Q")  # head of struct rtnl_link_stats64: rx packets, tx packets, rx bytes, tx bytes


@dataclass(frozen=True)
class Link:
    """One interface; ``address`` is its own Ethernet address, ``master`` the number of its bridge or 0."""

    index: int
    name: str
    address: str
    master: int
    bytes_in: int
    bytes_out: int


def index_of(name: str) -> int | None:
    """The number of an interface, or None when there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


class Links:
    """The interfaces of this network namespace."""

    def __init__(self) -> None:
        self._netlink = Netlink(ROUTE)

    def link(self, name: str) -> Link | None:
        """One interface, or None when it is not there."""
        index = index_of(name)
        if index is None:
            return None
        body = self._netlink.get(_GET_LINK, _HEADER.pack(socket.AF_UNSPEC, 0, index, 0, 0))
        return None if body is None else _read(body)


def _read(body: bytes) -> Link:
    """Raises CommandFailed for what is not whole."""
    if len(body) < _HEADER.size:
        raise CommandFailed("an answer was cut off", where="netlink")
    _, _, index, _, _ = _HEADER.unpack_from(body)
    values = attributes(body[_HEADER.size :])
    counts = values.get(_STATS, b"")
    _, _, bytes_in, bytes_out = _COUNTS.unpack_from(counts) if len(counts) >= _COUNTS.size else (0, 0, 0, 0)
    master = int.from_bytes(values.get(_MASTER, b""), "little")
    name = values.get(_NAME, b"").rstrip(b"\0").decode(errors="replace")
    return Link(index, name, values.get(_ADDRESS, b"").hex(":"), master, bytes_in, bytes_out)
