"""E The gate's Unix socket: lines from many callers at once, each caller known by its user id (SO_PEERCRED, unix(7))."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import NotSo
from appliance.gate.later import Background, Later

_CREDENTIALS = struct.Struct("=iII")  # struct ucred: process, user, group
_BACKLOG, _MOST = 512, 256
_NO_ROOM, _BREATH = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM), 0.05
PATIENCE = 10.0
"""Seconds after which a caller that says nothing, or takes no answer, is let go."""

Asked = Sequence[tuple[bytes, int]]
"""Lines, each with the user id of who wrote it, as they came."""


@dataclass
class _Caller:
    connection: socket.socket
    uid: int
    heard: float
    line: bytes = b""
    answer: bytes = b""
    awaited: int = selectors.EVENT_READ
    waits: bool = False


class SocketServer:
    """Hands ``answers`` the lines that wait when it looks, all at once; it gives as many answers in the same order.

    An answer is ready at once or later. A line longer than ``limit`` is answered once, then the caller is cut off.
    """

    def __init__(self, path: Path, answers: Callable[[Asked], Iterable[bytes | Later]], limit: int) -> None:
        self._path, self._answers, self._limit = path, answers, limit
        self._looked = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._callers = dict[int, _Caller]()
        self._heard = dict[int, _Caller]()
        beside = path.with_name(f".{path.name}.new")
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            self._listener.bind(str(beside))
        except OSError as error:
            raise NotSo(f"cannot listen: {error.strerror}", where=str(path), mend="make its folder writable") from error
        # Everyone may connect; who may ask what is decided by the caller's user id.
        beside.chmod(0o666)
        self._listener.listen(_BACKLOG)
        # Renamed only when it listens: whoever finds the file finds an answer.
        os.replace(beside, path)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._background = Background()
        self._selector.register(self._background.bell, selectors.EVENT_READ)

    def serve(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds for something to do, and do what is there; whether there was anything."""
        ready = self._selector.select(timeout)
        for key, events in ready:
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj == self._background.bell:
                for hand_over in self._background.finished():
                    hand_over()
            elif (caller := self._callers.get(key.fd)) is not None:
                self._attend(caller, events)
        self._answer_heard()
        if time.monotonic() - self._looked >= PATIENCE / 10:
            self._dismiss_the_silent()
        return bool(ready)

    def close(self) -> None:
        """Stop listening and take the file away."""
        for caller in list(self._callers.values()):
            self._let_go(caller)
        self._listener.close()
        self._selector.close()
        self._background.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        for _ in range(_MOST):
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if error.errno in _NO_ROOM:  # else whoever waits would keep this process awake without getting in
                    self._make_room()
                return
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            connection.setblocking(False)
            if len(self._callers) >= _MOST:
                self._make_room()
            caller = _Caller(connection, _CREDENTIALS.unpack(credentials)[1], time.monotonic())
            self._callers[connection.fileno()] = caller
            self._selector.register(connection, selectors.EVENT_READ)
            # Most have asked before they are let in; who has not is heard later.
            self._attend(caller, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Let go of who has been silent for longest; where there is nobody, wait a moment."""
        self._answer_heard()
        if self._callers:
            self._let_go(min(self._callers.values(), key=lambda c: c.heard))
        else:
            time.sleep(_BREATH)

    def _attend(self, caller: _Caller, events: int) -> None:
        caller.heard = time.monotonic()
        try:
            if events & selectors.EVENT_WRITE:
                self._write(caller)
            elif not (part := caller.connection.recv(self._limit + 1)):
                self._let_go(caller)
            else:
                caller.line += part
                self._heard[id(caller)] = caller
        except BlockingIOError:
            return
        except OSError:
            self._let_go(caller)

    def _answer_heard(self) -> None:
        """Answer all that has been read: of each caller one line, then of each the next."""
        heard, self._heard = list(self._heard.values()), {}
        while asking := [caller for caller in heard if b"\n" in caller.line and not caller.waits]:
            lines = [self._cut(caller) for caller in asking]
            left = list(zip(asking, lines, strict=True))
            with contextlib.ExitStack() as otherwise:
                otherwise.callback(self._go_on_without_first, left)
                for caller, answer in zip(asking, self._answers([(line, c.uid) for c, line in left]), strict=True):
                    self._take(caller, answer)
                    left.pop(0)
                    if b"\n" not in caller.line:
                        self._send(caller)
                otherwise.pop_all()
        for caller in heard:
            self._send(caller)

    def _go_on_without_first(self, unanswered: list[tuple[_Caller, bytes]]) -> None:
        """An answer failed in a way nobody foresaw: who was to get it is let go and can ask again; the others are still heard."""
        for caller, line in unanswered[1:]:
            caller.line = line + b"\n" + caller.line
        for caller in self._callers.values():
            if b"\n" in caller.line:
                self._heard[id(caller)] = caller
        for caller, _ in unanswered[:1]:
            self._heard.pop(id(caller), None)
            self._let_go(caller)

    @staticmethod
    def _cut(caller: _Caller) -> bytes:
        line, _, caller.line = caller.line.partition(b"\n")
        return line

    def _send(self, caller: _Caller) -> None:
        """What there is for a caller, who may be gone by now."""
        if self._callers.get(caller.connection.fileno()) is not caller:
            return
        try:
            if len(caller.line) > self._limit:
                if not caller.waits:
                    self._take(caller, *self._answers([(caller.line, caller.uid)]))
                caller.connection.send(caller.answer)
                self._let_go(caller)
            elif caller.answer:
                self._write(caller)
        except OSError:
            self._let_go(caller)

    def _take(self, caller: _Caller, answer: bytes | Later) -> None:
        if isinstance(answer, Later):
            caller.waits = True
            self._background.begin(answer, lambda given: self._send_late(caller, given))
        else:
            caller.answer += answer

    def _send_late(self, caller: _Caller, given: bytes) -> None:
        """To a caller that may be gone by now."""
        caller.waits = False
        if self._callers.get(caller.connection.fileno()) is caller:
            caller.heard = time.monotonic()
            caller.answer += given
            self._heard[id(caller)] = caller

    def _write(self, caller: _Caller) -> None:
        with contextlib.suppress(BlockingIOError):
            sent = caller.connection.send(caller.answer)
            caller.answer = caller.answer[sent:]
        # Nobody is read from who does not take the answers.
        awaited = selectors.EVENT_WRITE if caller.answer else selectors.EVENT_READ
        if awaited != caller.awaited:
            caller.awaited = awaited
            self._selector.modify(caller.connection, awaited)

    def _let_go(self, caller: _Caller) -> None:
        self._callers.pop(caller.connection.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(caller.connection)
        caller.connection.close()

    def _dismiss_the_silent(self) -> None:
        self._looked = time.monotonic()
        before = self._looked - PATIENCE
        for caller in [c for c in self._callers.values() if c.heard < before]:
            self._let_go(caller)
