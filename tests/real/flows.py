"""E Streams through a camp, measured where they arrive: bounded in rate by the camp's own line, in time by the caller."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from provisioning.lab.netns import Namespace
from tests.real.attendants import Attendants
from tests.real.gate_camp import PATIENCE, inside

_BLOCK = bytes(16_384)


class Flows:
    """A server in ``place`` that pours to whoever asks for it and swallows what others pour; sums by the caller's name."""

    def __init__(self, place: Namespace, port: int) -> None:
        self.port = port
        self.arrived: Counter[str] = Counter()
        self.carried = 0.0
        self._door, self._streams = Attendants(), Attendants()
        with inside(place.name):
            server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
        self._door.begin(self._accept, server)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self._streams.begin(self._attend, connection)

    def _attend(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            what, name = connection.recv(64).decode().rstrip().split(" ")
            while what == "down":
                connection.sendall(_BLOCK)
            while part := connection.recv(65_536):
                self.arrived[name] += len(part)

    def _pull(self, connection: socket.socket, name: str) -> None:
        with suppress(OSError):
            connection.sendall(f"down {name}".encode().ljust(64))
            while part := connection.recv(65_536):
                self.arrived[name] += len(part)

    def _push(self, connection: socket.socket, name: str) -> None:
        with suppress(OSError):
            connection.sendall(f"up {name}".encode().ljust(64))
            while True:
                connection.sendall(_BLOCK)

    def run(
        self,
        what: str,
        host: str,
        callers: Sequence[tuple[Namespace, str]],
        *,
        warm: float,
        seconds: float,
        line: Callable[[], int] = lambda: 0,
    ) -> dict[str, float]:
        """Mbit/s by name that arrived during ``seconds`` after ``warm`` seconds of the same; every caller is one flow.

        ``carried`` is afterwards what the ``line``'s counter of octets says of the same time. The sum of what arrived says less:
        TCP hands over at once what had arrived before and waited for one lost segment.
        """
        streams = list[tuple[socket.socket, str]]()
        for place, name in callers:  # all of them before the first one fills its queue: a lost SYN is not what is looked at
            with inside(place.name):
                connection = socket.create_connection((host, self.port), PATIENCE)
            connection.settimeout(None)
            streams.append((connection, name))
        work = self._pull if what == "down" else self._push
        for connection, name in streams:
            self._streams.begin(partial(work, name=name), connection)
        time.sleep(warm)
        before, carried, begun = Counter(self.arrived), line(), time.monotonic()
        time.sleep(seconds)
        after, octets, took = Counter(self.arrived), line() - carried, time.monotonic() - begun
        self.carried = octets * 8 / took / 1e6
        self.hush()
        return {name: (after[name] - before[name]) * 8 / took / 1e6 for name in {name for _, name in callers}}

    def hush(self) -> None:
        """End every stream."""
        self._streams.end()
        time.sleep(0.3)

    def close(self) -> None:
        """End everything."""
        self._door.end()
        self.hush()
