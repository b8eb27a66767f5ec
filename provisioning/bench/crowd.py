"""E Many phones in one namespace: macvlan devices with a MAC and addresses each, driven by one process inside it.

Run as ``python -m provisioning.bench.crowd`` with a JSON task on standard input, inside the namespace of ``Crowd``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import select
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appliance.errors import CommandFailed
from appliance.run import run
from provisioning.lab.netns import Namespace

PATIENCE = 40.0
"""Seconds after which whoever is not online yet has failed."""


@dataclass(frozen=True)
class Phone:
    """One device of the crowd."""

    device: str
    address: str


def phones(count: int, network: ipaddress.IPv4Network, first: int) -> list[Phone]:
    """``count`` phones with addresses counted from the ``first`` of ``network``."""
    return [Phone(f"p{n}", str(network.network_address + first + n)) for n in range(count)]


def plug_in(place: Namespace, cable: str, crowd: Sequence[Phone], gateway: str, prefix: int) -> None:
    """Make a macvlan device for every phone on ``cable``, with its address and a default route of its own.

    One namespace holds all, so replies must leave by the device they are for: arp_ignore and arp_announce keep the
    kernel from answering for a sister's address (ip-sysctl.rst).
    """
    for name, value in (("arp_ignore", 1), ("arp_announce", 2), ("rp_filter", 0)):
        place.run("sysctl", "-qw", f"net.ipv4.conf.all.{name}={value}", f"net.ipv4.conf.default.{name}={value}")
    lines = []
    for number, phone in enumerate(crowd):
        lines += [
            f"link add link {cable} name {phone.device} type macvlan mode private",
            f"link set {phone.device} up",
            f"addr add {phone.address}/{prefix} dev {phone.device} noprefixroute",
            f"route add {gateway}/32 dev {phone.device} src {phone.address} metric {100 + number}",
            f"route add default via {gateway} dev {phone.device} src {phone.address} metric {100 + number}",
        ]
    place.run("ip", "-batch", "-", input="\n".join(lines) + "\n")


def drive(place: Namespace, python: str, task: dict[str, Any], timeout: float) -> list[dict[str, Any]]:
    """Let the crowd do ``task`` (see ``main``) and return what each phone saw. Raises CommandFailed."""
    done = run([*place.enter, python, "-m", "provisioning.bench.crowd"], input=json.dumps(task), timeout=timeout)
    try:
        seen: list[dict[str, Any]] = json.loads(done.stdout)
    except (ValueError, RecursionError) as error:
        raise CommandFailed("printed no JSON", where="provisioning.bench.crowd") from error
    return seen


def _post(task: dict[str, Any]) -> bytes:
    return (
        f"POST {task['path']} HTTP/1.1\r\nHost: {task['host']}\r\nContent-Length: 0\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    ).encode()


class _Tapper:
    """One phone's tap, a step at each event: this program shares its two cores with what it measures, so it is frugal.

    The sockets are made beforehand, as they are no part of what is measured.
    """

    def __init__(self, phone: dict[str, Any], task: dict[str, Any]) -> None:
        self.due: float = phone["delay"]
        self.steps = [((task["portal"], 80), _post(task)), ((task["beyond"], int(task["port"])), b"")]
        self.sockets = [_bound(phone) for _ in self.steps]
        self.answer, self.answered = b"", 0.0
        self.seen: dict[str, Any] = {"ok": False, "why": "no answer in time"}

    def begin(self, poll: select.epoll) -> None:
        """The thumb is down."""
        self.began = time.perf_counter()
        self._connect(poll)

    def _connect(self, poll: select.epoll) -> None:
        self.sockets[0].connect_ex(self.steps[0][0])
        poll.register(self.sockets[0], select.EPOLLOUT)

    def go_on(self, poll: select.epoll, events: int) -> bool:
        """Take the next step; whether there is none left."""
        connection = self.sockets[0]
        try:
            if events & select.EPOLLOUT:
                if number := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(number, os.strerror(number))
                if not self.steps[0][1]:
                    return self._end(ok=self.answer.startswith(b"HTTP/1.1 303"), why=self.answer[:40].decode("latin-1"))
                connection.send(self.steps[0][1])
                poll.modify(connection, select.EPOLLIN)
            elif part := connection.recv(65536):
                self.answer += part
            else:
                self.answered = time.perf_counter()
                self.sockets.pop(0).close()
                self.steps.pop(0)
                self._connect(poll)
        except OSError as error:
            return self._end(ok=False, why=error.strerror or type(error).__name__)
        return False

    def _end(self, *, ok: bool, why: str) -> bool:
        now = time.perf_counter()
        self.seen = {"ok": ok, "why": why, "answer_ms": 1000 * (self.answered - self.began), "ms": 1000 * (now - self.began)}
        for connection in self.sockets:
            connection.close()
        return True


def _bound(phone: dict[str, Any]) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, phone["device"].encode())
    connection.bind((phone["address"], 0))
    return connection


def _read_page(phone: dict[str, Any], task: dict[str, Any]) -> None:
    """Whoever taps has read the page with the button: phone and box know each other's Ethernet addresses by then."""
    with contextlib.suppress(OSError), _bound(phone) as connection:
        connection.settimeout(5)
        connection.connect((task["portal"], 80))
        connection.sendall(f"GET {task['page']} HTTP/1.1\r\nHost: {task['host']}\r\nConnection: close\r\n\r\n".encode())
        while connection.recv(65536):
            pass


def _all(task: dict[str, Any]) -> list[dict[str, Any]]:
    for phone in task["phones"]:
        _read_page(phone, task)
    tappers = [_Tapper(phone, task) for phone in task["phones"]]
    waiting = sorted(tappers, key=lambda tapper: -tapper.due)
    busy, began = dict[int, _Tapper](), time.perf_counter()
    with select.epoll() as poll:
        while (waiting or busy) and (now := time.perf_counter() - began) < PATIENCE:
            while waiting and waiting[-1].due <= now:
                tapper = waiting.pop()
                tapper.begin(poll)
                busy[tapper.sockets[0].fileno()] = tapper
            for number, events in poll.poll(max(0.0, waiting[-1].due - now) if waiting else 1.0):
                tapper = busy.pop(number)
                if not tapper.go_on(poll, events):
                    busy[tapper.sockets[0].fileno()] = tapper
    return [tapper.seen for tapper in tappers]


def main() -> None:
    """Read ``{"phones":[{"device","address","delay"}],"portal","host","page","path","beyond","port"}``; print what each saw."""
    json.dump(_all(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
