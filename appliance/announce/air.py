"""E The raw ICMPv6 socket on the bridge (CAP_NET_RAW): hears router solicitations and sends advertisements."""

from __future__ import annotations

import contextlib
import socket
import struct

from appliance.announce.advert import SOLICITATION, is_solicitation

EVERYBODY, ROUTERS = "ff02::1", "ff02::2"
NOBODY = "::"
"""Where a phone without an address asks from (RFC 4861 section 4.1)."""
_FILTER = 1  # ICMP6_FILTER, RFC 3542 section 3.2
_LONGEST = 1500


class Air:
    """On one interface. Raises OSError when there is none of that name."""

    def __init__(self, interface: str) -> None:
        index = socket.if_nametoindex(interface)
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        option = self.socket.setsockopt
        option(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        # A set bit blocks a type: all but the one.
        blocked = ((1 << 256) - 1) ^ (1 << SOLICITATION)
        option(socket.IPPROTO_ICMPV6, _FILTER, struct.pack("=8I", *(blocked >> 32 * word & 0xFFFFFFFF for word in range(8))))
        option(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        # RFC 4861 section 4.2: a phone believes no other hop limit.
        for hops in (socket.IPV6_MULTICAST_HOPS, socket.IPV6_UNICAST_HOPS):
            option(socket.IPPROTO_IPV6, hops, 255)
        option(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        option(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        option(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, ROUTERS) + struct.pack("@I", index))
        self.index = index

    def solicitor(self) -> str | None:
        """Who asked, ``NOBODY`` for a phone without an address; None when it was no valid question. Waits for one."""
        message, ancillary, _, sender = self.socket.recvmsg(_LONGEST, socket.CMSG_SPACE(4))
        hops = [struct.unpack("@i", data)[0] for level, kind, data in ancillary if kind == socket.IPV6_HOPLIMIT]
        return sender[0].partition("%")[0] if hops and is_solicitation(message, hops[0]) else None

    def send(self, message: bytes, to: str = EVERYBODY) -> None:
        """Send to one phone or to everybody; while the interface cannot (no carrier yet), nothing is sent."""
        with contextlib.suppress(OSError):
            self.socket.sendto(message, (to, 0, 0, self.index))
