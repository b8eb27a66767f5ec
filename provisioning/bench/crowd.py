"""E Many phones in one namespace: macvlan devices with a MAC and addresses each, driven by one process inside it.

Run as ``python -m provisioning.bench.crowd`` with a JSON task on standard input, inside the namespace of ``Crowd``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from appliance.errors import CommandFailed
from appliance.run import run
from provisioning.lab.netns import Namespace


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
    except ValueError as error:
        raise CommandFailed("printed no JSON", where="provisioning.bench.crowd") from error
    return seen


async def _tap(phone: dict[str, Any], task: dict[str, Any], loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    await asyncio.sleep(phone["delay"])
    began = time.perf_counter()
    try:
        answer = await _exchange(phone, task["portal"], 80, _post(task), loop)
        answered = time.perf_counter()
        await _exchange(phone, task["beyond"], int(task["port"]), None, loop)
    except OSError as error:
        return {"ok": False, "why": error.strerror or type(error).__name__}
    online = time.perf_counter()
    admitted = answer.startswith(b"HTTP/1.1 303")
    return {
        "ok": admitted,
        "why": answer[:40].decode("latin-1"),
        "answer_ms": 1000 * (answered - began),
        "ms": 1000 * (online - began),
    }


def _post(task: dict[str, Any]) -> bytes:
    return (
        f"POST {task['path']} HTTP/1.1\r\nHost: {task['host']}\r\nContent-Length: 0\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
    ).encode()


async def _exchange(
    phone: dict[str, Any], address: str, port: int, request: bytes | None, loop: asyncio.AbstractEventLoop
) -> bytes:
    """Connect from the phone's own device; with a request, send it and read to the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, phone["device"].encode())
        connection.bind((phone["address"], 0))
        async with asyncio.timeout(20):
            await loop.sock_connect(connection, (address, port))
            if request is None:
                return b""
            await loop.sock_sendall(connection, request)
            answer = b""
            while part := await loop.sock_recv(connection, 65536):
                answer += part
            return answer


async def _all(task: dict[str, Any]) -> list[dict[str, Any]]:
    loop = asyncio.get_running_loop()
    return list(await asyncio.gather(*(_tap(phone, task, loop) for phone in task["phones"])))


def main() -> None:
    """Read ``{"phones":[{"device","address","delay"}],"portal","host","path","beyond","port"}``; print what each saw."""
    json.dump(asyncio.run(_all(json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
