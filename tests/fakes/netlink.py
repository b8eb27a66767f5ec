"""A netlink socket of scripted answers: late, lost, cut off, refused, of another question. For tests alone."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

from appliance.netlink import Netlink

if "pytest" not in sys.modules:
    raise RuntimeError("a fake kernel answers what it is told to: only tests may use it")

HEADER = struct.Struct("=IHHII")
ERROR, DONE, INTERRUPTED, TRUNCATED = 2, 3, 0x10, 0x20
Script = Callable[[int], list[bytes | OSError]]
"""Sequence number of the last question -> what is received for it, one after the other."""


def message(kind: int, sequence: int, body: bytes = b"", flags: int = 0, *, says: int | None = None) -> bytes:
    """One message; ``says``: the length it claims."""
    whole = HEADER.size + len(body)
    return HEADER.pack(whole if says is None else says, kind, flags, sequence, 0) + body + bytes(-whole % 4)


def code(number: int) -> bytes:
    """The body of an acknowledgement (0) or refusal."""
    return struct.pack("=i", -number) + bytes(16)


class FakeSocket:
    """Answers each question by the next script; then, as a real one would, with a timeout."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.waiting = list[bytes | OSError]()
        self.timeout: float | None = 2.0
        self.asked = list[bytes]()
        self.cut = False

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def send(self, data: bytes) -> int:
        if any(isinstance(one, bytes) for one in self.waiting):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))  # the last list is still being given
        self.asked.append(data)
        place = sequence = 0
        while place < len(data):
            length, _, _, sequence, _ = HEADER.unpack_from(data, place)
            place += length
        self.waiting = self.scripts.pop(0)(sequence) if self.scripts else []
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "again") if self.timeout == 0.0 else TimeoutError("timed out")
        one = self.waiting.pop(0)
        if isinstance(one, OSError):
            raise one
        return one

    def recvmsg(self, size: int) -> tuple[bytes, list[Any], int, None]:
        data = self.recv(size)
        return data, [], TRUNCATED if self.cut else 0, None


def netlink(*scripts: Script) -> tuple[Netlink, FakeSocket]:
    """The real edge on such a socket."""
    made: Any = object.__new__(Netlink)
    made._socket, made._sequence, made._broken_off = FakeSocket(*scripts), 0, False
    return made, made._socket
