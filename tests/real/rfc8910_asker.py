"""E A phone that asks where the portal's API is, in every way of RFC 8910 but DHCPv4: says it as JSON. Runs in its namespace.

It listens to router advertisements until it has heard as many different ones as its command line says, and the time of two answers
more where it shall hear but one: so that nobody is left out who is a little later.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time

from provisioning.lab.pace import patient

INTERFACE = "wlan0"
PATIENCE, LATE = patient(30.0), 2.0


def by_dhcpv6(index: int) -> str | None:
    """RFC 8415 section 18.2.6, information-request for option 103."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        asking.settimeout(PATIENCE)
        asking.bind(("::", 546))
        duid = b"\0\3\0\1\2\0\0\0\0\1"
        wanted = struct.pack("!HH", 1, len(duid)) + duid + struct.pack("!HHH", 8, 2, 0) + struct.pack("!HHHH", 6, 4, 23, 103)
        asking.sendto(b"\x0b" + os.urandom(3) + wanted, ("ff02::1:2", 547, 0, index))
        left = asking.recv(2048)[4:]
    options = {}
    while left:
        kind, length = struct.unpack("!HH", left[:4])
        options[kind], left = left[4 : 4 + length], left[4 + length :]
    return options[103].decode() if 103 in options else None


def by_advertisement(index: int, wanted: int) -> list[dict[str, object]]:
    """The different router advertisements after one solicitation: from whom, its fixed part, and its options."""
    heard: list[dict[str, object]] = []
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as asking:
        asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        asking.sendto(b"\x85" + bytes(7), ("ff02::2", 0, 0, index))
        ends = time.monotonic() + PATIENCE
        while (left := ends - time.monotonic()) > 0 and len(heard) < 2:
            asking.settimeout(left)
            try:
                message, ancillary, _, sender = asking.recvmsg(1500, socket.CMSG_SPACE(4))
            except TimeoutError:
                break
            if message[0] == 134:
                hops = struct.unpack("@i", ancillary[0][2])[0]
                fixed = message[4:16].hex()
                said: dict[str, object] = {"from": sender[0], "hops": hops, "fixed": fixed, "options": _options(message[16:])}
                if said not in heard:  # a router also speaks without being asked
                    heard.append(said)
                if len(heard) == wanted == 1:
                    ends = min(ends, time.monotonic() + LATE)
    return heard


def _options(left: bytes) -> dict[int, str]:
    options = {}
    while left:
        length = left[1] * 8
        options[left[0]], left = left[2:length].hex(), left[length:]
    return options


if __name__ == "__main__":
    number = socket.if_nametoindex(INTERFACE)
    json.dump({"dhcpv6": by_dhcpv6(number), "adverts": by_advertisement(number, int(sys.argv[1]))}, sys.stdout)
