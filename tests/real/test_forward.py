"""The port that leads into a namespace: bytes both ways, and an end without a word."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from provisioning.lab import forward
from provisioning.lab.forward import Forwarder
from provisioning.lab.netns import Namespace
from provisioning.lab.pace import patient
from tests.real.running_camp import ENVIRONMENT, until

pytestmark = pytest.mark.net
SLOW = re.compile(r"Executing <.*> took [0-9.]+ seconds")
"""asyncio's word for what took 0.1 s, as anything does beside other lanes (docs.python.org, "Developing with asyncio")."""
SERVER = """
import socket, threading
def echo(s):
    while data := s.recv(65536):
        s.sendall(data)
    s.close()
l = socket.create_server(("127.0.0.1", 7000), backlog=200)
print("up", flush=True)
while True:
    threading.Thread(target=echo, args=(l.accept()[0],), daemon=True).start()
"""


@pytest.fixture
def place() -> Iterator[Namespace]:
    made = Namespace.create(f"campbox-forward-{os.getpid()}")
    yield made
    made.destroy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_without_a_word_whatever_is_open(
    place: Namespace, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ending a long demo said "Task was destroyed but it is pending"."""
    server = place.spawn([sys.executable, "-c", SERVER], stdout=-1, stderr=-3)
    assert server.stdout.readline() == b"up\n"
    # The development mode tells of every task and every connection that is not ended properly; also of slow ones, by the clock.
    environment = {**ENVIRONMENT, "PYTHONDEVMODE": "1"}
    here: Forwarder = forward.start(place.name, "127.0.0.1", 7000, wanted=0, python=sys.executable, environment=environment)
    nowhere = forward.start(place.name, "127.0.0.2", 7001, wanted=0, python=sys.executable, environment=environment)
    connections = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(40)]
    for one in connections:
        one.settimeout(patient(20))
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
    for one in connections[::4]:
        one.shutdown(socket.SHUT_WR)  # half closed
    for one in connections[1::4]:
        one.close()
    with closing(socket.create_connection(("127.0.0.1", nowhere.port))) as refused:
        refused.settimeout(patient(20))
        assert refused.recv(1) == b""
    for forwarder in (here, nowhere):
        forwarder.process.send_signal(number)
        until(lambda one=forwarder: one.process.poll() is not None, patient(20), "it ends")  # type: ignore[misc]
        assert forwarder.process.returncode == 0
    server.kill()
    server.wait()
    said = [line for line in capfd.readouterr().err.splitlines() if not SLOW.fullmatch(line)]
    assert said == []
