"""E A camp for the gate's tests: a box, two phones on its bridge, an internet; needs nothing but iproute2 and nft."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance import config as site
from appliance.config import SiteConfig
from appliance.run import run
from appliance.values import Mac
from provisioning.lab.netns import Namespace, connect
from provisioning.lab.pace import patient
from tests.real.attendants import Attendants

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "site.toml"
BOX4, BOX6 = "10.44.0.1", "fd5c:a3b0:77::1"
NET4, NET6 = "203.0.113.1", "2001:db8:1::1"
"""The internet's host."""
_SITE = {
    '"eth0"': '"lan1"',
    '"eth1"': '"wan"',
    'check = ["connectivitycheck.gstatic.com:80", "captive.apple.com:80"]': f'check = ["{NET4}:80"]',
}
SITE = re.compile("|".join(re.escape(old) for old in _SITE))
PATIENCE, AGAIN = patient(30.0), 2.0
"""Seconds to wait for what must come on a busy machine, and after which a datagram without an answer is sent again."""
_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """This thread lives in another network namespace; sockets made meanwhile stay there."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(there, _NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            _libc.setns(here, _NEWNET)
    finally:
        os.close(here)
        os.close(there)


def phone4(number: int) -> str:
    """The IPv4 address of a phone."""
    return f"10.44.0.{10 + number}"


def phone6(number: int) -> str:
    """The IPv6 address of a phone."""
    return f"fd5c:a3b0:77::{10 + number}"


def phone_mac(number: int) -> Mac:
    """The Ethernet address of a phone."""
    return Mac(f"02:00:00:00:01:{number:02x}")


class Camp:
    """Namespaces PREFIX-box, PREFIX-net, PREFIX-p1 and on. ``config`` fits them; ``access`` are more lines of its [access]."""

    def __init__(self, prefix: str, phones: int = 2, *, access: str = "") -> None:
        self.prefix = prefix
        self.text = SITE.sub(lambda found: _SITE[found[0]], EXAMPLE.read_text())
        self.text = self.text.replace("[access]\n", f"[access]\n{access}\n")
        self.config: SiteConfig = site.parse(self.text)
        self._attendants = Attendants()
        for old in (*(f"{prefix}-p{n}" for n in range(1, 20)), f"{prefix}-box", f"{prefix}-net"):
            if Path(f"/run/netns/{old}").exists():
                Namespace(old).destroy()
        self.box, self.net = Namespace.create(f"{prefix}-box"), Namespace.create(f"{prefix}-net")
        self.phones = [Namespace.create(f"{prefix}-p{n}") for n in range(1, phones + 1)]
        connect(self.box, "wan", self.net, "line")
        self.box.ip("address", "add", "203.0.113.2/24", "dev", "wan")
        self.box.ip("address", "add", "2001:db8:1::2/64", "dev", "wan", "nodad")
        self.net.ip("address", "add", f"{NET4}/24", "dev", "line")
        self.net.ip("address", "add", f"{NET6}/64", "dev", "line", "nodad")
        self.box.ip("route", "add", "default", "via", NET4)
        self.box.ip("-6", "route", "add", "default", "via", NET6)

    def plug_in(self) -> None:
        """Phones go onto the bridge, which stands by now."""
        for number, phone in enumerate(self.phones, 1):
            if not self._there(f"lan{number}"):
                connect(self.box, f"lan{number}", phone, "wlan")
            self.box.ip("link", "set", f"lan{number}", "master", self.config.lan.bridge, "up")
            self._dress(number, phone)

    def plug_in_first(self) -> None:
        """The cable that the site file names as the LAN port."""
        connect(self.box, "lan1", self.phones[0], "wlan")

    def _there(self, name: str) -> bool:
        return self.box.run("ip", "link", "show", name, check=False).returncode == 0

    def _dress(self, number: int, phone: Namespace) -> None:
        phone.ip("link", "set", "wlan", "address", str(phone_mac(number)))
        phone.ip("address", "replace", f"{phone4(number)}/20", "dev", "wlan")
        phone.ip("address", "replace", f"{phone6(number)}/64", "dev", "wlan", "nodad")
        phone.ip("link", "set", "wlan", "up")
        phone.ip("route", "replace", "default", "via", BOX4)
        phone.ip("-6", "route", "replace", "default", "via", BOX6)

    def listen(self, place: Namespace, kind: int, port: int, word: str) -> None:
        """A server in ``place`` on both families that answers anything with ``word`` and the caller's address."""
        with inside(place.name):
            server = socket.socket(socket.AF_INET6, kind)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", port))
        work = _serve_stream if kind == socket.SOCK_STREAM else _serve_datagrams
        if kind == socket.SOCK_STREAM:
            server.listen(1024)
        self._attendants.begin(lambda server: work(server, word), server)

    def close(self) -> None:
        """Everything away."""
        self._attendants.end()
        for place in (*self.phones, self.box, self.net):
            place.destroy()


def _serve_stream(server: socket.socket, word: str) -> None:
    """Answers whoever has asked, whoever else keeps a connection open and says nothing."""
    callers = dict[socket.socket, str]()
    while True:
        try:
            ready, _, _ = select.select([server, *callers], [], [])
            if server in ready:
                connection, caller = server.accept()
                callers[connection] = caller[0]
        except (OSError, ValueError):
            break
        for connection in callers.keys() & set(ready):
            said = f"{word} {callers.pop(connection)}".encode()
            with connection, suppress(OSError):
                connection.recv(1000)
                connection.sendall(said)
    for connection in callers:
        connection.close()


def _serve_datagrams(server: socket.socket, word: str) -> None:
    """Answers from the address that was asked, as dnsmasq does (RFC 3542 section 6)."""
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    while True:
        try:
            _, asked, _, caller = server.recvmsg(2000, 200)
            if caller is None:
                return
            server.sendmsg([f"{word} {caller[0]}".encode()], asked, 0, caller)
        except OSError:
            return


_NAMES = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EACCES: "prohibited",
}


def ask(place: Namespace, kind: int, host: str, port: int, *, source: int = 0, timeout: float = PATIENCE) -> str:
    """What a client in ``place`` gets: the answering word, or how it was refused, or ``nothing`` in so many seconds."""
    family, ends = socket.AF_INET6 if ":" in host else socket.AF_INET, time.monotonic() + timeout
    with inside(place.name), socket.socket(family, kind) as client:
        client.settimeout(timeout)
        try:
            if source:
                client.bind(("::" if ":" in host else "0.0.0.0", source))
            # Resolved here, for a link-local address's interface is known only in its own namespace.
            client.connect(socket.getaddrinfo(host, port, family, kind)[0][4])
            return _answer(client, kind, ends).decode().split()[0]
        except TimeoutError:
            return "nothing"
        except OSError as error:
            return _NAMES.get(error.errno or 0, str(error))


def _answer(client: socket.socket, kind: int, ends: float) -> bytes:
    """What is said to one word; a datagram is sent again, as programs do. Raises TimeoutError at ``ends``, OSError when refused."""
    while True:
        client.send(b"hello\n")
        left = max(0.001, ends - time.monotonic())
        client.settimeout(left if kind == socket.SOCK_STREAM else min(AGAIN, left))
        try:
            return client.recv(200)
        except TimeoutError:
            if kind == socket.SOCK_STREAM or time.monotonic() >= ends:
                raise


def tcp(place: Namespace, host: str, port: int, **options: float) -> str:
    """As ``ask``, over TCP."""
    return ask(place, socket.SOCK_STREAM, host, port, **options)  # type: ignore[arg-type]


def udp(place: Namespace, host: str, port: int, **options: float) -> str:
    """As ``ask``, over UDP."""
    return ask(place, socket.SOCK_DGRAM, host, port, **options)  # type: ignore[arg-type]


def pings(place: Namespace, host: str) -> bool:
    """Whether one ICMP echo is answered within a second."""
    return place.run("busybox", "ping", "-c", "1", "-W", "1", host, check=False).returncode == 0


def reaches(place: Namespace, host: str) -> bool:
    """Whether an ICMP echo is answered in the end; a first one may come before a new cable carries, or a neighbour is known."""
    return until(lambda: pings(place, host))


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for a condition; whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def linger_reset(connection: socket.socket) -> None:
    """Close it with a reset, leaving nothing behind."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def tables(place: Namespace) -> str:
    """The ruleset as the kernel has it."""
    return run([*place.enter, "nft", "list", "ruleset"]).stdout
