"""E A loopback port of this machine that leads into a namespace: listens here, then moves there, then drops root.

``python -m provisioning.lab.forward --into NAMESPACE --to ADDRESS:PORT --descriptor N`` with a listening socket as N.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from appliance.errors import CampboxError, NotSo
from appliance.run import spawn

CLONE_NEWNET = 0x40000000
NOBODY = 65534
CHUNK = 65_536
NAMES = "/run/netns"


class Forwarder:
    """One port of 127.0.0.1 and the process behind it."""

    def __init__(self, port: int, process: subprocess.Popen[Any]) -> None:
        self.port, self.process = port, process

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(into: str, address: str, port: int, *, wanted: int, python: str, environment: dict[str, str]) -> Forwarder:
    """Forward 127.0.0.1:``wanted`` (or a free port, if that is taken) to ``address:port`` as seen from namespace ``into``."""
    listening = _listen(wanted)
    with listening:
        number = listening.fileno()
        argv = [python, "-m", "provisioning.lab.forward", "--into", into, "--to", f"{address}:{port}", "--descriptor", str(number)]
        process = spawn(argv, pass_fds=(number,), stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        return Forwarder(listening.getsockname()[1], process)


def _listen(wanted: int) -> socket.socket:
    for port in (wanted, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        return listening
    raise NotSo("no free loopback port", where="127.0.0.1", mend="end what holds them")


def _move(namespace: str) -> None:
    """setns(2): sockets made from now on are the namespace's; then nobody's rights."""
    descriptor = os.open(f"{NAMES}/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise NotSo(f"cannot enter: {os.strerror(ctypes.get_errno())}", where=namespace)
    os.close(descriptor)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


async def _serve(listening: socket.socket, host: str, port: int) -> None:
    """Until SIGTERM or SIGINT; then every connection is ended and waited for, so that nothing is left pending."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    # The loop refers to its tasks weakly: somebody else must hold them (docs.python.org, asyncio.create_task).
    connections = set[asyncio.Task[None]]()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(_both_ways(reader, writer, host, port))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accepted, sock=listening)
    await over.wait()
    server.close()
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    with contextlib.closing(writer):
        try:
            there_reader, there_writer = await asyncio.wait_for(asyncio.open_connection(host, port), 10)
        except (OSError, TimeoutError):
            return
        with contextlib.closing(there_writer):
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, there_writer))
                both.create_task(_pump(there_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def main() -> int:
    """Forward until ended."""
    parser = argparse.ArgumentParser(prog="python -m provisioning.lab.forward")
    parser.add_argument("--into", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--descriptor", type=int, required=True)
    told = parser.parse_args()
    host, _, port = told.to.rpartition(":")
    listening = socket.socket(fileno=told.descriptor)
    try:
        _move(told.into)
        asyncio.run(_serve(listening, host.strip("[]"), int(port)))
    except CampboxError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
