"""E The kernel's neighbour table on the LAN: address -> Ethernet address and back, both families (rtnetlink(7))."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator

from appliance.gate.links import index_of
from appliance.netlink import ROUTE, Netlink, attribute, attributes
from appliance.values import SELFTEST_PHONE, Ip, Mac

_GET_NEIGHBOUR = 30  # RTM_GETNEIGH
_HEADER = struct.Struct("=BxxxiHBB")  # struct ndmsg: family, ifindex, state, flags, type
_DST, _LLADDR = 1, 2
_USELESS = 0x01 | 0x20 | 0x40  # NUD_INCOMPLETE, NUD_FAILED, NUD_NOARP


class Neighbours:
    """Devices on one bridge. The gate looks a caller's address up here; it never believes a caller's word.

    The phone of the box's own self-test is none of them.
    """

    def __init__(self, interface: str) -> None:
        self._interface = interface
        self._netlink = Netlink(ROUTE)

    def mac_of(self, address: Ip) -> Mac | None:
        """The Ethernet address that answers for ``address``, or None when the kernel knows none."""
        index = index_of(self._interface)
        if index is None:
            return None
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        body = self._netlink.get(_GET_NEIGHBOUR, _HEADER.pack(family, index, 0, 0, 0) + attribute(_DST, address.packed))
        found = None if body is None else _read(body)
        return None if found is None else found[2]

    def everyone(self) -> dict[Mac, set[Ip]]:
        """Every device on the bridge with all its addresses."""
        index, people = index_of(self._interface), dict[Mac, set[Ip]]()
        for place, address, mac in self._all():
            if place == index:
                people.setdefault(mac, set()).add(address)
        return people

    def addresses_of(self, mac: Mac) -> set[Ip]:
        """All addresses of one device."""
        return self.everyone().get(mac, set())

    def _all(self) -> Iterator[tuple[int, Ip, Mac]]:
        for family in (socket.AF_INET, socket.AF_INET6):
            for body in self._netlink.dump(_GET_NEIGHBOUR, _HEADER.pack(family, 0, 0, 0, 0)):
                if (found := _read(body)) is not None:
                    yield found


def _read(body: bytes) -> tuple[int, Ip, Mac] | None:
    """One entry; None for one that is of no use, or is not whole: it hides none of the others."""
    if len(body) < _HEADER.size:
        return None
    _, index, state, _, _ = _HEADER.unpack_from(body)
    values = attributes(body[_HEADER.size :])
    if state & _USELESS or len(values.get(_LLADDR, b"")) != 6 or len(values.get(_DST, b"")) not in (4, 16):
        return None
    mac = Mac(values[_LLADDR].hex(":"))
    return None if mac == SELFTEST_PHONE else (index, ipaddress.ip_address(values[_DST]), mac)
