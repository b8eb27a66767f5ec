"""A thread that waits at a socket ends before the socket's number can be another file's."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from provisioning.lab.pace import patient
from tests.real.attendants import Attendants

pytestmark = [pytest.mark.net, pytest.mark.loopback]


def _datagrams() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made


def _selects(one: socket.socket) -> None:
    select.select([one], [], [])


def _hears(one: socket.socket) -> None:
    one.recvfrom(100)


def _takes(one: socket.socket) -> None:
    try:
        one.accept()
    except OSError:
        return


class Watched(socket.socket):
    """Notes which threads lived when it was closed."""

    living: list[int]

    def close(self) -> None:
        self.living = [one.ident or 0 for one in threading.enumerate()]
        super().close()


@pytest.fixture
def attendants() -> Iterator[Attendants]:
    made = Attendants()
    yield made
    made.end()


@pytest.mark.parametrize(
    "make, work",
    [
        (lambda: socket.create_server(("127.0.0.1", 0)), _takes), (lambda: socket.create_server(("127.0.0.1", 0)), _selects),
        (_datagrams, _hears), (_datagrams, _selects), (lambda: socket.socketpair()[0].dup(), _hears),
    ],
)  # fmt: skip
@pytest.mark.parametrize("waits_already", [True, False])
def test_whoever_waits_has_ended_when_the_socket_is_closed(
    attendants: Attendants, make: Callable[[], socket.socket], work: Callable[[socket.socket], None], waits_already: bool
) -> None:
    one, begun, idents = Watched(fileno=make().detach()), threading.Event(), list[int]()

    def attend(one: socket.socket) -> None:
        idents.append(threading.get_ident())
        begun.set()
        work(one)

    attendants.begin(attend, one)
    if waits_already:
        assert begun.wait(patient(20))
    attendants.end()
    assert one.fileno() == -1
    assert idents and idents[0] not in one.living


def test_a_pipe_that_has_a_number_of_theirs_comes_to_its_end(attendants: Attendants) -> None:
    """``subprocess`` waits for it: what stood still for ten minutes in one of four whole runs."""
    for _ in range(100):
        server = socket.create_server(("127.0.0.1", 0))
        attendants.begin(_select_and_take, server)
        socket.create_connection(server.getsockname()).close()
        attendants.end()
        reading, writing = os.pipe()
        os.close(writing)
        assert select.select([reading], [], [], patient(20))[0], "somebody keeps the other end"
        os.close(reading)


def _select_and_take(server: socket.socket) -> None:
    while True:
        try:
            select.select([server], [], [])
            server.accept()[0].close()
        except OSError:
            return


def test_one_that_does_not_hear_that_it_should_end_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.real.attendants.patient", lambda _: 0.1)
    deaf, told = Attendants(), threading.Event()
    with socket.socket() as one:
        deaf.begin(lambda _: (told.wait(), None)[1], one)
        with pytest.raises(AssertionError, match="waits on at a socket"):
            deaf.end()
        told.set()


def test_what_they_begin_meanwhile_ends_too(attendants: Attendants) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    taken = threading.Event()

    def take(server: socket.socket) -> None:
        connection, _ = server.accept()
        attendants.begin(_hears, connection)
        taken.set()

    attendants.begin(take, server)
    with socket.create_connection(server.getsockname()) as caller:
        assert taken.wait(patient(20))
        attendants.end()
        assert caller.recv(10) == b""
