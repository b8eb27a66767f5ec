"""E An internet provider's line as it can be: the genuine hosts, and everything that answers in their place."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from provisioning.lab.netns import Namespace
from tests.real.attendants import Attendants
from tests.real.gate_camp import inside

EMPTY_HOST, TELLING_HOST = "connectivitycheck.gstatic.com", "captive.apple.com"
SUCCESS = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"
TOP_UP = b"<html><title>Your volume is used up</title><a href=http://topup.example/>Pay</a></html>"
Talk = Callable[[socket.socket, str, str], None]
"""Answers one request: the connection, the host and the path that were asked for."""


def http(status: str, body: bytes = b"", *fields: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", *fields, *([f"Content-Length: {len(body)}"] if body else []), "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def genuine(connection: socket.socket, host: str, path: str) -> None:
    """The internet."""
    if (host, path) == (EMPTY_HOST, "/generate_204"):
        connection.sendall(http("204 No Content"))
    elif (host, path) == (TELLING_HOST, "/hotspot-detect.html"):
        connection.sendall(http("200 OK", SUCCESS, "Content-Type: text/html"))
    else:
        connection.sendall(http("404 Not Found", b"no such page"))


def says(answer: bytes) -> Talk:
    """The same to everything."""
    return lambda connection, _host, _path: connection.sendall(answer)


def endless(connection: socket.socket, _host: str, _path: str) -> None:
    """A page that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(TOP_UP * 20)


def dripping(connection: socket.socket, _host: str, _path: str) -> None:
    """An octet a second, after a head that would do."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    for octet in SUCCESS * 100:
        connection.sendall(bytes([octet]))
        time.sleep(0.9)


def reset(connection: socket.socket, _host: str, _path: str) -> None:
    """Takes the connection and resets it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def silent(_connection: socket.socket, _host: str, _path: str) -> None:
    """Takes the connection and says nothing."""
    time.sleep(30)


def far_away(connection: socket.socket, host: str, path: str) -> None:
    """A satellite: whoever asks waits."""
    time.sleep(1.3)
    genuine(connection, host, path)


def blocked(host: str) -> Talk:
    """One host is blocked in this country, with a page that says so."""
    page = http("200 OK", b"<html>This page is not available in your country.</html>")
    return lambda connection, asked, path: connection.sendall(page) if asked == host else genuine(connection, asked, path)


FOREIGN: dict[str, Talk] = {
    "a redirect to a page where one pays": says(http("302 Found", b"", "Location: http://topup.example/")),
    "that page itself": says(http("200 OK", TOP_UP)),
    "a portal that wants a login, by HTTPS": says(http("307 Temporary Redirect", b"", "Location: https://login.example/")),
    "511": says(http("511 Network Authentication Required", TOP_UP)),
    "an empty answer to everything": says(http("204 No Content")),
    "an empty answer with a body": says(b"HTTP/1.1 204 No Content\r\n\r\n" + TOP_UP),
    "an empty page": says(http("200 OK", b"", "Content-Length: 0")),
    "apple's answer to everything": says(http("200 OK", SUCCESS)),
    "not found": says(http("404 Not Found", TOP_UP)),
    "a page without end": endless,
    "no HTTP": says(b"SSH-2.0-modem\r\n"),
}
MISSING: dict[str, Talk] = {"a body that drips": dripping, "a reset": reset, "silence": silent}


class Provider:
    """A web server on port 80 of a namespace, every address; ``talk`` may be changed while it runs."""

    def __init__(self, place: Namespace) -> None:
        self.talk: Talk = genuine
        self.asked = 0
        with inside(place.name):
            self._server = socket.socket(socket.AF_INET6)
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self._server.bind(("::", 80))
        self._server.listen(64)
        self._attendants = Attendants()
        self._attendants.begin(self._serve, self._server)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, IndexError):
            words = connection.recv(2000).decode("latin-1").split("\r\n")
            self.asked += 1
            host = next((line.partition(": ")[2] for line in words if line.lower().startswith("host:")), "")
            if not host:
                connection.sendall(b"internet")
                return
            self.talk(connection, host, words[0].split()[1])

    def close(self) -> None:
        """Answer nobody any longer."""
        self._attendants.end()
