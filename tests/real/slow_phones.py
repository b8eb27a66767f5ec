"""Run inside a phone's namespace: many connections at a byte a second, and meanwhile an ordinary reader's requests, as JSON.

Standard input is ``{"to": address, "kind": "head" | "form" | "page", "count": number, "steps": number, "left": number}``: a byte a
step, until no more than ``left`` are there. Who reads a page slowly goes on after that until all have read its status. The answer
says how many are there (``alive``), what all were told (``statuses``, empty for nothing) and what the ordinary reader got
(``others``).
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
from collections import Counter
from collections.abc import Collection, Mapping

from provisioning.lab.pace import patient

PATIENCE = patient(30.0)
MOST = 150
"""Steps after which it ends in any case: a busy front answers 500 phones later, but it does."""
HEAD = b"GET /en/you HTTP/1.1\r\nHost: camp.internal\r\nX-Slow: "
FORM = b"POST /en/connect HTTP/1.1\r\nHost: camp.internal\r\nContent-Length: 9000\r\n\r\n"
PAGE = b"GET /en/ HTTP/1.1\r\nHost: camp.internal\r\nConnection: close\r\n\r\n"
FIRST = {"head": HEAD, "form": FORM, "page": PAGE}


def begin(to: str, kind: str) -> socket.socket:
    """One slow phone: its first words, and little room for what it is told."""
    connection = socket.socket(socket.AF_INET)
    if kind == "page":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.settimeout(PATIENCE)
    connection.connect((to, 80))
    connection.sendall(FIRST[kind])
    connection.setblocking(False)
    return connection


def step(connection: socket.socket, kind: str, heard: bytearray) -> bool:
    """A byte more in or out; False when the other side has ended it."""
    try:
        if kind != "page":
            connection.send(b"x")
        part = connection.recv(1 if kind == "page" else 4096)
        heard += part
        return bool(part)
    except BlockingIOError:
        return True
    except OSError:
        return False


def unread(slow: Mapping[socket.socket, bytearray], alive: Collection[socket.socket]) -> bool:
    """Whether somebody who is still there has not read a whole status yet."""
    return any(len(slow[one]) < 12 for one in alive)


def ordinary(to: str, path: str) -> int:
    """What somebody with a good signal gets: the status, 0 for nothing within the time of patience."""
    with contextlib.suppress(OSError), socket.create_connection((to, 80), timeout=PATIENCE) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: camp.internal\r\n\r\n".encode())
        connection.settimeout(PATIENCE)
        return int(connection.recv(4096).split()[1])
    return 0


def main() -> None:
    """Play it."""
    task = json.load(sys.stdin)
    slow = {connection: bytearray() for connection in (begin(task["to"], task["kind"]) for _ in range(task["count"]))}
    alive, others = set(slow), list[int]()
    for number in range(MOST):
        if len(alive) <= task["left"] or (number >= task["steps"] and not (task["kind"] == "page" and unread(slow, alive))):
            break
        alive = {one for one in alive if step(one, task["kind"], slow[one])}
        others += [ordinary(task["to"], path) for path in ("/en/", "/en/you")]
        select.select([], [], [], 1.0)
    statuses = Counter(bytes(heard[9:12]).decode("latin-1") for heard in slow.values())
    json.dump({"alive": len(alive), "others": others, "statuses": statuses}, sys.stdout)


if __name__ == "__main__":
    main()
