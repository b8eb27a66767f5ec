"""E The test phone's cable: a veth pair, one end in the LAN's bridge, a packet socket on the other (packet(7), veth(4)).

The kernel sees frames for an address that no interface owns and ignores them: only the phone of the self-test answers. Both ends
get no address at all, so that nothing of the box itself speaks or is reached through them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from appliance.gate.links import index_of
from appliance.run import run
from appliance.values import SELFTEST_PHONE

PORT, PHONE_END = "selftest0", "selftest1"
_ALL_PROTOCOLS = 0x0003  # ETH_P_ALL
_LONGEST = 1 << 17
_OWN = bytes.fromhex(SELFTEST_PHONE.text.replace(":", ""))


class Wire(Protocol):
    """What the phone needs of a cable; the tests have one without a network."""

    def send(self, frame: bytes) -> None:
        """Put a frame on it."""

    def receive(self, timeout: float) -> bytes | None:
        """The next frame for the phone or for everybody, or None when none came in time."""


class Cable:
    """The real one, once it is laid."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        self._socket.bind((PHONE_END, _ALL_PROTOCOLS))

    def send(self, frame: bytes) -> None:
        """Put a frame on it. A full or vanished cable loses it, as cables do."""
        with contextlib.suppress(OSError):
            self._socket.send(frame)

    def receive(self, timeout: float) -> bytes | None:
        """The next frame for the phone or for everybody, or None after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                frame, (_, _, kind, *_) = self._socket.recvfrom(_LONGEST)
            except OSError:
                return None
            if kind != socket.PACKET_OUTGOING and (frame[:6] == _OWN or frame[0] & 1):
                return frame
        return None

    def close(self) -> None:
        """Let go."""
        self._socket.close()


def lines(bridge: str) -> str:
    """``ip -batch`` text that lays the cable."""
    return f"""\
link add name {PORT} type veth peer name {PHONE_END}
link set dev {PORT} addrgenmode none
link set dev {PHONE_END} addrgenmode none
link set dev {PHONE_END} arp off
link set dev {PORT} master {bridge} up
link set dev {PHONE_END} up
"""


@contextmanager
def laid(bridge: str) -> Iterator[Cable]:
    """Lay the cable for as long as the block lasts; one that a killed run left is taken away first. Raises CommandFailed."""
    remove()
    try:
        run(["ip", "-batch", "-"], input=lines(bridge), timeout=10)
        cable = Cable()
        try:
            yield cable
        finally:
            cable.close()
    finally:
        remove()


def remove() -> None:
    """Take the cable away, whoever left it."""
    if index_of(PORT) is not None:
        run(["ip", "link", "delete", PORT], timeout=10, check=False)


def random_number(bits: int) -> int:
    """A number nobody guesses, for ports and sequences."""
    return int.from_bytes(os.urandom(4)) >> (32 - bits)
