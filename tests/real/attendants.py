"""E Threads that wait at sockets of a test, and end before those are closed.

A number that is closed under a waiting thread is the next file's number. A thread on its way into select(2) or recv(2) then waits
at that file, and keeps it open: where it was the writing end of a pipe, ``subprocess`` waited ten minutes for its end, in one of
four whole runs. So: shut down, which wakes the thread; wait for it; close.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from provisioning.lab.pace import patient


class Attendants:
    """Some threads, each with the sockets it waits at."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    def begin(self, work: Callable[..., None], *sockets: socket.socket) -> None:
        """``work`` is called in a thread, with the sockets; it returns when one of them has been shut down or is broken."""
        thread = threading.Thread(target=work, args=sockets, daemon=True)
        with self._lock:
            self._threads.append(thread)
            self._sockets += sockets
        thread.start()

    def end(self) -> None:
        """End all of them, also those that they have begun meanwhile. Raises AssertionError when one does not hear it."""
        while self._threads:
            with self._lock:
                threads, self._threads, sockets, self._sockets = self._threads, [], self._sockets, []
            for one in sockets:
                with suppress(OSError):  # also what was never connected is woken, and says so (inet_shutdown of Linux)
                    one.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(patient(20))
                assert not thread.is_alive(), f"{thread} waits on at a socket that was shut down"
            for one in sockets:
                one.close()
