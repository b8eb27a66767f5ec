"""E Streams through a box, counted where they arrive, device by device and second by second. Bounded in time.

``python -m provisioning.bench.streams serve ADDRESS PORT`` pours to whoever connects, until it is ended;
``... pull`` reads a task as JSON (see ``pull``) in the namespace of a ``crowd``, and prints what arrived.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import socketserver
import sys
import time
from pathlib import Path
from typing import Any

_BLOCK = bytes(16_384)


class _Pour(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Send as fast as it is taken."""
        with contextlib.suppress(OSError):
            while True:
                self.request.sendall(_BLOCK)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 64


def serve(address: str, port: int) -> None:
    """Until the process is ended."""
    with _Server((address, port), _Pour) as server:
        server.serve_forever()


def pull(task: dict[str, Any]) -> list[dict[str, int]]:
    """Bytes on the wire by device, for every one of ``windows`` seconds after ``warm`` seconds of the same.

    ``{"flows":[{"device","address"}],"beyond","port","warm","windows"}``; a device may have several flows. Raises OSError.
    """
    connections = [_connected(flow, (task["beyond"], int(task["port"]))) for flow in task["flows"]]
    devices = sorted({flow["device"] for flow in task["flows"]})
    with select.epoll() as poll:
        for connection in connections:
            poll.register(connection, select.EPOLLIN)
        by_number = {connection.fileno(): connection for connection in connections}
        _take(poll, by_number, time.monotonic() + float(task["warm"]))
        due, before, windows = time.monotonic(), _carried(devices), []
        for _ in range(int(task["windows"])):
            due += 1.0
            _take(poll, by_number, due)
            now = _carried(devices)
            windows.append({device: now[device] - before[device] for device in devices})
            before = now
    for connection in connections:
        connection.close()
    return windows


def _connected(flow: dict[str, str], server: tuple[str, int]) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, flow["device"].encode())
    connection.bind((flow["address"], 0))
    connection.settimeout(10)
    connection.connect(server)
    connection.setblocking(False)
    return connection


def _take(poll: select.epoll, connections: dict[int, socket.socket], until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        for number, _ in poll.poll(left):
            connections[number].recv(1 << 18)


def _carried(devices: list[str]) -> dict[str, int]:
    return {device: int(Path(f"/sys/class/net/{device}/statistics/rx_bytes").read_text()) for device in devices}


def main() -> None:
    """``serve ADDRESS PORT`` or ``pull``."""
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        json.dump(pull(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
