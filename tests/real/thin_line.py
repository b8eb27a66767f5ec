"""W A thin, bad line in user space between a box and a web server: slow, lossy, and gone every few seconds."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from dataclasses import dataclass

from provisioning.lab.pace import patient
from tests.real.attendants import Attendants

SEGMENT = 1_448
"""Bytes of TCP payload in an Ethernet frame."""


@dataclass(frozen=True)
class Weather:
    """``rate`` in bit/s each way; a part ``loss`` of the segments is sent twice, the second time after ``again`` seconds, as TCP
    does it; the line is there for ``up`` seconds and then gone for ``down``, with every connection that it carried."""

    rate: float
    loss: float
    up: float
    down: float
    again: float = 0.2
    delay: float = 0.05


class ThinLine:
    """Listens on ``port`` of the loopback address; carries everything to ``server``. ``carried`` counts bytes towards the box."""

    def __init__(self, server: int, weather: Weather, seed: int) -> None:
        self.server, self.weather, self.random = server, weather, random.Random(seed)
        self.carried = self.flaps = self.lost = 0
        self.alarm: int | None = None
        self.rang = threading.Event()
        self._free = {"down": 0.0, "up": 0.0}
        self._lock, self._ended, self._there = threading.Lock(), threading.Event(), threading.Event()
        self._sockets = set[socket.socket]()
        self._there.set()
        door = socket.create_server(("127.0.0.1", 0))
        self.port: int = door.getsockname()[1]
        self._door = Attendants()
        self._door.begin(self._welcome, door)
        threading.Thread(target=self._flap, daemon=True).start()

    def ring_after(self, octets: int) -> None:
        """Set ``rang`` as soon as so many more bytes have reached the box."""
        self.rang.clear()
        self.alarm = self.carried + octets

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._there.set()
        self._door.end()
        self._cut()

    def _flap(self) -> None:
        while not self._ended.wait(self.weather.up):
            self._there.clear()
            self.flaps += 1
            self._cut()
            if self._ended.wait(self.weather.down):
                return
            self._there.set()

    def _cut(self) -> None:
        with self._lock:
            gone, self._sockets = self._sockets, set()
        for one in gone:
            _reset(one)

    def _welcome(self, door: socket.socket) -> None:
        while not self._ended.is_set():
            try:
                box, _ = door.accept()
            except OSError:
                return
            if not self._there.is_set():
                _reset(box)
                box.close()
                continue
            box.settimeout(patient(60))
            hub = socket.create_connection(("127.0.0.1", self.server), patient(60))
            with self._lock:
                self._sockets |= {box, hub}
            threading.Thread(target=self._carry_both, args=(box, hub), daemon=True).start()

    def _carry_both(self, box: socket.socket, hub: socket.socket) -> None:
        """Until both ways have ended; whoever still waits at a socket keeps it (tests/real/attendants.py)."""
        ways = [threading.Thread(target=self._carry, args=way) for way in ((box, hub, "up"), (hub, box, "down"))]
        for way in ways:
            way.start()
        for way in ways:
            way.join()
        with self._lock:
            self._sockets -= {box, hub}
        for one in (box, hub):
            one.close()

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(SEGMENT):
                self._wait(len(piece), way)
                sink.sendall(piece)
                if way == "down":
                    self._count(len(piece))
            sink.shutdown(socket.SHUT_WR)

    def _wait(self, octets: int, way: str) -> None:
        """Until the piece has crossed, queued behind what is on its way."""
        weather = self.weather
        with self._lock:
            times = 1
            while self.random.random() < weather.loss:
                times += 1
            self.lost += times - 1
            free = max(self._free[way], time.monotonic()) + times * (octets + 52) * 8 / weather.rate
            self._free[way] = free
        time.sleep(max(0.0, free + weather.delay + (times - 1) * weather.again - time.monotonic()))

    def _count(self, octets: int) -> None:
        self.carried += octets
        if self.alarm is not None and self.carried >= self.alarm:
            self.alarm = None
            self.rang.set()


def _reset(one: socket.socket) -> None:
    """Have it closed as by a line that is gone, without a word of farewell (RFC 9293 section 3.10.7); whoever waits at it wakes."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
