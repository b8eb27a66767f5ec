"""Work in a thread: its answers are handed over in the caller's own, in turn, also when the work fails."""

from __future__ import annotations

import select
import threading
from typing import Any

import pytest

from appliance.gate.later import Background, Later


def _until_rung(background: Background, count: int) -> None:
    handed = 0
    while handed < count:
        select.select([background.bell], [], [], 5)
        for hand_over in background.finished():
            hand_over()
            handed += 1


def test_answers_are_made_in_the_askers_own_thread_and_in_turn() -> None:
    background, seen, threads = Background(), list[bytes](), set[int]()

    def answer(given: bytes) -> bytes:
        threads.add(threading.get_ident())
        return b"<" + given + b">"

    try:
        for number in range(5):
            background.begin(Later(lambda number=number: str(number).encode(), answer), seen.append)  # type: ignore[misc]
        _until_rung(background, 5)
    finally:
        background.close()
    assert seen == [b"<0>", b"<1>", b"<2>", b"<3>", b"<4>"]
    assert threads == {threading.get_ident()}


def test_work_that_fails_gives_no_bytes() -> None:
    background, seen = Background(), list[bytes]()

    def fail() -> bytes:
        raise MemoryError

    try:
        background.begin(Later(fail, lambda given: b"nothing" if given == b"" else given), seen.append)
        _until_rung(background, 1)
    finally:
        background.close()
    assert seen == [b"nothing"]


def test_r7_a_thread_that_the_kernel_does_not_give_is_work_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    background, seen = Background(), list[bytes]()

    def none(work: Any) -> Any:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(background._thread, "submit", none)
    try:
        background.begin(Later(lambda: b"done", lambda given: given or b"failed"), seen.append)
        _until_rung(background, 1)
    finally:
        background.close()
    assert seen == [b"failed"]


def test_r7_an_answer_that_cannot_be_handed_over_keeps_no_other_back() -> None:
    background, seen = Background(), list[bytes]()

    def refuse(given: bytes) -> None:
        raise KeyError(given)

    try:
        for send in (refuse, seen.append):
            background.begin(Later(lambda: b"done", lambda given: given), send)
        background._thread.submit(lambda: None).result(5)
        select.select([background.bell], [], [], 5)
        with pytest.raises(KeyError):
            for hand_over in background.finished():
                hand_over()
        _until_rung(background, 1)
    finally:
        background.close()
    assert seen == [b"done"]
