"""E Netlink sockets: the kernel asked and told in process, without a fork (netlink(7), linux/netlink.h)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from appliance.errors import CommandFailed

ROUTE, NETFILTER = 0, 12  # NETLINK_ROUTE, NETLINK_NETFILTER
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
CREATE, REPLACE, EXCLUSIVE = 0x400, 0x100, 0x200
_ERROR, _DONE = 2, 3
_INTERRUPTED = 0x10  # NLM_F_DUMP_INTR: what was listed changed meanwhile, so the list may lack something
_HEADER = struct.Struct("=IHHII")
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
NESTED = 0x8000
_BATCH = 64
"""Messages sent at once: their acknowledgements fit the socket's buffer."""
_LARGEST, _TIMEOUT, _TRIES = 1 << 17, 2.0, 5
"""Bytes of one answer, seconds to wait for it, and how often a list is asked for that changed while it was given."""
_LEFT_OVER = 4_096
"""Datagrams of an answer that was given up which are read away at most before the next question."""


@dataclass(frozen=True)
class Message:
    """One request: its type, its body (fixed header and attributes), and flags beside NLM_F_REQUEST."""

    kind: int
    body: bytes
    flags: int = 0


def attribute(kind: int, data: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def nested(kind: int, *inner: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NESTED, b"".join(inner))


def attributes(data: bytes) -> dict[int, bytes]:
    """Attribute type -> value; of equal types the last, and nothing from a malformed rest."""
    found, place = {}, 0
    while place + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, place)
        if length < 4 or place + length > len(data):
            break
        found[kind & _TYPE_MASK] = data[place + 4 : place + length]
        place += length + (-length % 4)
    return found


class Netlink:
    """One netlink socket in the network namespace where it was made."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.settimeout(_TIMEOUT)
        self._socket.bind((0, 0))
        self._sequence = 0
        self._broken_off = False

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def dump(self, kind: int, body: bytes) -> Iterator[bytes]:
        """Everything of a kind: the body of each answer. Raises CommandFailed, before the first, also when part of it was lost."""
        for _ in range(_TRIES):
            self._send([Message(kind, body, _DUMP)])
            try:
                yield from list(self._answers())
            except InterruptedError:
                continue
            return
        raise CommandFailed("changes faster than it can be listed", where="netlink")

    def get(self, kind: int, body: bytes) -> bytes | None:
        """One thing, or None when the kernel has none. Raises CommandFailed for any other refusal."""
        self._send([Message(kind, body, _ACK)])
        answer = None
        try:
            for body in self._answers():
                answer = body
        except CommandFailed as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        return answer

    def tell(self, messages: Sequence[Message], *, forgive: Iterable[type[OSError]] = ()) -> None:
        """Have every message carried out, in order. Raises CommandFailed for the first that is refused, after trying all."""
        forgiven, first = tuple(forgive), None
        for start in range(0, len(messages), _BATCH):
            part = messages[start : start + _BATCH]
            last = self._send([Message(m.kind, m.body, m.flags | _ACK) for m in part])
            for code in self._acknowledgements(last - len(part), last):
                error = OSError(code, os.strerror(code)) if code else None
                if error is not None and not isinstance(error, forgiven) and first is None:
                    first = error
        if first is not None:
            raise CommandFailed(first.strerror or "refused", where="netlink") from first

    def _send(self, messages: Sequence[Message]) -> int:
        self._read_away()
        parts = []
        for message in messages:
            self._sequence += 1
            length = _HEADER.size + len(message.body)
            parts.append(_HEADER.pack(length, message.kind, message.flags | _REQUEST, self._sequence, 0) + message.body)
        self._broken_off = True  # until its answer has been read to the end
        try:
            self._socket.send(b"".join(parts))
        except OSError as error:
            raise CommandFailed(error.strerror or "refused", where="netlink") from error
        return self._sequence

    def _read_away(self) -> None:
        """What is left of an answer that was given up: while a list is being given the kernel begins no other (EBUSY)."""
        if not self._broken_off:
            return
        self._socket.settimeout(0.0)
        try:
            for _ in range(_LEFT_OVER):
                try:
                    self._socket.recv(_LARGEST)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:  # that some were lost; others may still be there
                        return
        finally:
            self._socket.settimeout(_TIMEOUT)

    def _receive(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(type, flags, sequence, body) of every message, for ever. Raises CommandFailed for what is not whole."""
        while True:
            try:
                data, _, flags, _ = self._socket.recvmsg(_LARGEST)
            except OSError as error:
                raise CommandFailed(error.strerror or "no answer", where="netlink") from error
            if flags & socket.MSG_TRUNC or not data:
                raise CommandFailed("an answer was cut off", where="netlink")
            place = 0
            while place < len(data):
                if place + _HEADER.size > len(data):
                    raise CommandFailed("an answer was cut off", where="netlink")
                length, kind, flags, sequence, _ = _HEADER.unpack_from(data, place)
                if length < _HEADER.size or place + length > len(data):
                    raise CommandFailed("an answer was cut off", where="netlink")
                yield kind, flags, sequence, data[place + _HEADER.size : place + length]
                place += length + (-length % 4)

    def _answers(self) -> Iterator[bytes]:
        """Raises CommandFailed; InterruptedError for a list that is not to be relied upon, once it has been read."""
        changed = False
        for kind, flags, sequence, body in self._receive():
            if sequence != self._sequence:
                continue
            changed = changed or bool(flags & _INTERRUPTED)
            if kind in (_DONE, _ERROR):
                self._broken_off = False
                if code := _code(kind, body):
                    raise CommandFailed(os.strerror(code), where="netlink") from OSError(code, os.strerror(code))
                if changed:
                    raise InterruptedError
                return
            yield body

    def _acknowledgements(self, before: int, last: int) -> Iterator[int]:
        for kind, _, sequence, body in self._receive():
            if kind == _ERROR and before < sequence <= last:
                if sequence == last:
                    self._broken_off = False
                yield _code(kind, body)
                if sequence == last:
                    return


def _code(kind: int, body: bytes) -> int:
    """The error number at the end of an answer, 0 for none (struct nlmsgerr; NLMSG_DONE carries one where a list broke off)."""
    if len(body) < 4:
        if kind == _DONE:
            return 0
        raise CommandFailed("an answer was cut off", where="netlink")
    return max(0, -int(struct.unpack_from("=i", body)[0]))
