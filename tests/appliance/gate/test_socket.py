"""What the gate's socket hands on: all lines that wait when it looks, at once, and to each caller its own answers."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.gate import socket
from appliance.gate.socket import Asked, SocketServer, _Caller


class _Connection:
    """One caller; ``gone`` ones take no answer."""

    def __init__(self, number: int, *, gone: bool = False) -> None:
        self.number, self.gone, self.got = number, gone, b""

    def fileno(self) -> int:
        return self.number

    def send(self, data: bytes) -> int:
        if self.gone:
            raise BrokenPipeError
        self.got += data
        return len(data)

    def close(self) -> None:
        self.number = -1


@pytest.fixture
def rounds() -> list[Asked]:
    return []


@pytest.fixture
def server(rounds: list[Asked]) -> Any:
    def answers(asked: Asked) -> Iterator[bytes]:
        rounds.append(asked)
        yield from (b"%s for %d\n" % (line, uid) for line, uid in asked)

    made: Any = object.__new__(SocketServer)
    made._answers, made._limit, made._callers, made._heard = answers, 20, {}, {}
    made._selector = SimpleNamespace(modify=lambda *_: None, unregister=lambda _: None)
    return made


def says(server: Any, uid: int, line: bytes, *, gone: bool = False) -> Any:
    """Somebody's words have just been read."""
    caller = _Caller(_Connection(uid, gone=gone), uid, 0.0, line)  # type: ignore[arg-type]
    server._callers[uid] = server._heard[id(caller)] = caller
    return caller.connection


def test_all_who_wait_are_asked_for_at_once_in_their_order(server: Any, rounds: list[Asked]) -> None:
    callers = [says(server, uid, b"tap\n") for uid in range(50)]
    server._answer_heard()
    assert rounds == [[(b"tap", uid) for uid in range(50)]]
    assert [caller.got for caller in callers] == [b"tap for %d\n" % uid for uid in range(50)]


def test_a_caller_with_several_lines_gets_its_answers_in_order_and_holds_nobody_up(server: Any, rounds: list[Asked]) -> None:
    many, one, half = says(server, 1, b"a\nb\nc\nd"), says(server, 2, b"x\n"), says(server, 3, b"y")
    server._answer_heard()
    assert rounds == [[(b"a", 1), (b"x", 2)], [(b"b", 1)], [(b"c", 1)]]
    assert (many.got, one.got, half.got) == (b"a for 1\nb for 1\nc for 1\n", b"x for 2\n", b"")


def test_each_answer_leaves_before_the_next_is_made(server: Any) -> None:
    first = says(server, 1, b"tap\n")
    says(server, 2, b"tap\n")

    def answers(asked: Asked) -> Iterator[bytes]:
        yield b"one\n"
        assert first.got == b"one\n"
        yield b"two\n"

    server._answers = answers
    server._answer_heard()


def test_one_who_is_gone_costs_the_others_nothing(server: Any) -> None:
    says(server, 1, b"tap\n", gone=True)
    other = says(server, 2, b"tap\n")
    server._answer_heard()
    assert other.got == b"tap for 2\n" and set(server._callers) == {2}


def test_too_long_a_line_is_answered_once_and_ends_that_caller_alone(server: Any, rounds: list[Asked]) -> None:
    long, other = says(server, 1, b"z" * 21), says(server, 2, b"tap\n")
    server._answer_heard()
    assert [asked for asked in rounds if asked[0][1] == 1] == [[(b"z" * 21, 1)]]
    assert long.got.endswith(b"for 1\n") and other.got == b"tap for 2\n" and set(server._callers) == {2}


def test_r7_an_answer_that_fails_ends_that_caller_alone_and_the_others_are_heard_with_the_next_look(
    server: Any, rounds: list[Asked]
) -> None:
    callers = [says(server, 1, b"a\n"), says(server, 2, b"b\nmore\n"), says(server, 3, b"c\n")]
    answers = server._answers

    def fail(asked: Asked) -> Iterator[bytes]:
        for one in answers(asked):
            if one.startswith(b"b"):
                raise KeyError("02:00:00:00:00:01")
            yield one

    server._answers = fail
    with pytest.raises(KeyError):
        server._answer_heard()
    assert set(server._callers) == {1, 3} and callers[0].got == b"a for 1\n"
    server._answer_heard()
    assert callers[2].got == b"c for 3\n" and callers[1].got == b""


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_r7_without_a_descriptor_to_spare_the_most_silent_makes_room(
    server: Any, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the mend the gate was kept awake without end by somebody who could not be let in."""

    def accept() -> Any:
        raise OSError(code, "no room")

    server._listener = SimpleNamespace(accept=accept)
    pauses = list[float]()
    monkeypatch.setattr(socket.time, "sleep", pauses.append)
    silent, other = says(server, 1, b""), says(server, 2, b"tap\n")
    server._callers[2].heard = 5.0
    server._accept()
    assert silent.number == -1 and other.got == b"tap for 2\n" and not pauses
    server._callers.clear()
    server._accept()
    assert len(pauses) == 1 and 0 < pauses[0] < 1


def test_nobody_makes_room_for_a_caller_who_hung_up(server: Any) -> None:
    def accept() -> Any:
        raise BlockingIOError(errno.EAGAIN, "again")

    server._listener = SimpleNamespace(accept=accept)
    caller = says(server, 1, b"")
    server._accept()
    assert caller.number == 1
