"""The web processes wait longer than gunicorn would by itself; and gunicorn still has the places where that is said."""

from __future__ import annotations

import inspect
import logging
import os
import queue
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker as BaseWorker  # type: ignore[import-untyped]
from gunicorn.workers.sync import SyncWorker  # type: ignore[import-untyped]

from appliance.services import SERVICES
from appliance.web import patient


class Listener:
    """Gives out what is put in."""

    def __init__(self) -> None:
        self.callers = queue.Queue[Any]()

    def setblocking(self, flag: bool) -> None:
        assert flag, "threads wait in accept"

    def accept(self) -> tuple[Any, str]:
        caller = self.callers.get()
        if isinstance(caller, OSError):
            raise caller
        return caller, ""


class Caller:
    """Somebody whose answer takes until ``enough`` is set."""

    def __init__(self) -> None:
        self.taken, self.enough = threading.Event(), threading.Event()
        self.patience: float | None = None

    def settimeout(self, seconds: float) -> None:
        self.patience = seconds


class Worker(patient.PatientWorker):
    """Without gunicorn around it."""

    def __init__(self, threads: int) -> None:
        self.cfg = SimpleNamespace(threads=threads, graceful_timeout=60)
        self.listener, self.alive, self.PIPE = Listener(), True, os.pipe()
        self.sockets, self.looks = [self.listener], 0
        self._counting, self._threads, self._answering = threading.Lock(), 0, 0

    def notify(self) -> None:
        self.looks += 1

    def is_parent_alive(self) -> bool:
        return True

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        client.taken.set()
        assert client.enough.wait(60)

    def begin(self) -> threading.Thread:
        running = threading.Thread(target=self.run, daemon=True)
        running.start()
        return running

    def end(self) -> None:
        self.alive = False
        os.write(self.PIPE[1], b"\x0f")


def test_a_worker_has_as_many_threads_as_were_needed_at_once_and_no_more_than_it_may() -> None:
    worker, callers = Worker(threads=2), [Caller() for _ in range(3)]
    worker.begin()
    for caller in callers[:2]:
        worker.listener.callers.put(caller)
        assert caller.taken.wait(60)
        assert caller.patience == patient.SILENCE
    worker.listener.callers.put(callers[2])
    assert not callers[2].taken.wait(0.05), "both threads are busy"
    callers[0].enough.set()
    assert callers[2].taken.wait(60), "whoever is free takes the next"
    assert worker._threads == 2
    callers[1].enough.set()
    callers[2].enough.set()
    worker.end()


def test_one_after_the_other_needs_one_thread_more_than_is_busy() -> None:
    worker = Worker(threads=8)
    worker.begin()
    for _ in range(5):
        caller = Caller()
        caller.enough.set()
        worker.listener.callers.put(caller)
        assert caller.taken.wait(60)
    assert worker._threads <= 3
    worker.end()


def test_a_worker_that_is_told_to_end_wakes_and_finishes_what_it_began() -> None:
    worker, caller = Worker(threads=2), Caller()
    running = worker.begin()
    worker.listener.callers.put(caller)
    assert caller.taken.wait(60)
    worker.end()
    running.join(0.1)
    assert running.is_alive(), "an answer is under way"
    caller.enough.set()
    running.join(60)
    assert not running.is_alive() and worker.looks < 60, "it slept"


def test_a_connection_that_fails_ends_no_thread() -> None:
    worker, caller = Worker(threads=1), Caller()
    caller.enough.set()
    worker.begin()
    worker.listener.callers.put(OSError(24, "Too many open files"))
    worker.listener.callers.put(caller)
    assert caller.taken.wait(60)
    worker.end()


def test_the_parent_waits_long_whatever_it_is_asked() -> None:
    server: Any = SimpleNamespace(wait_for_signals=lambda timeout: [timeout])
    patient.when_ready(server)
    assert server.wait_for_signals(timeout=1.0) == [patient.PAUSE]


def test_gunicorn_waits_in_the_places_that_are_patient() -> None:
    assert "self.wait_for_signals(timeout=" in inspect.getsource(Arbiter.run)
    assert "signal.set_wakeup_fd(self.PIPE[1])" in inspect.getsource(BaseWorker.init_signals), "an end wakes it"
    assert "def handle(self, listener, client, addr)" in inspect.getsource(SyncWorker.handle)


class Circles:
    """Stands for Python's search for circles, and keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *numbers: self.told.append(" ".join([name, *map(str, numbers)]))


def test_circles_are_looked_for_once_before_the_first_request_and_seldom_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    circles = Circles()
    monkeypatch.setattr(patient, "gc", circles)
    patient.post_worker_init(SimpleNamespace(log=SimpleNamespace(error_log=logging.Logger("a"))))
    assert circles.told == ["collect", "freeze", "set_threshold 10000"]


@pytest.mark.parametrize(
    ("said", "arguments", "kept"),
    [
        ("Invalid request from ip=: Invalid HTTP Header: 'planted'", (), None),
        ("Error handling request %s", ("/en/services?q=planted",), "a request failed"),
        ("Error handling request %s %s", ("GET", "/planted"), "a request failed"),
        ("Worker (pid:%s) was sent SIGKILL!", (7,), "Worker (pid:7) was sent SIGKILL!"),
    ],
)
def test_gunicorns_own_lines_quote_nobody(
    said: str, arguments: tuple[Any, ...], kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "gc", Circles())
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, said, arguments, None)
    worker = SimpleNamespace(log=SimpleNamespace(error_log=logging.Logger("a")))
    patient.post_worker_init(worker)
    passed = worker.log.error_log.filter(record)
    assert (record.getMessage() if passed else None) == kept


def test_gunicorn_still_says_what_is_kept_back_in_the_words_the_filter_knows() -> None:
    source = inspect.getsource(BaseWorker.handle_error)
    assert '"Invalid request from ip=' in source and '"Error handling request %s' in source


def test_every_web_process_is_patient() -> None:
    for service in SERVICES:
        if "gunicorn" in service.command:
            assert service.command[service.command.index("--config") + 1] == "python:appliance.web.patient"


def test_r7_a_thread_that_the_kernel_refuses_costs_nobody_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, start, refused = Worker(threads=8), threading.Thread.start, [1, 3]
    begun = [0]

    def refuses(thread: threading.Thread) -> None:
        if thread._target == worker._serve:  # type: ignore[attr-defined]
            begun[0] += 1
            if begun[0] in refused:
                raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuses)
    monkeypatch.setattr(patient, "PAUSE", 0.01)
    worker.begin()
    for _ in range(6):
        caller = Caller()
        caller.enough.set()
        worker.listener.callers.put(caller)
        assert caller.taken.wait(60)
    assert worker._answering <= 1
    worker.end()


def test_r7_a_fault_that_ends_a_thread_leaves_no_process_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """gunicorn's own handling of a fault may fail as well. Before the mend such a thread was counted for ever."""
    worker, faults, done = Worker(threads=2), [MemoryError(), MemoryError(), MemoryError()], Worker.handle

    def handle(self: Worker, listener: Any, client: Any, address: Any) -> None:
        if faults:
            raise faults.pop()
        done(self, listener, client, address)

    monkeypatch.setattr(Worker, "handle", handle)
    monkeypatch.setattr(patient, "PAUSE", 0.01)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    worker.begin()
    for _ in range(3):
        worker.listener.callers.put(Caller())
    caller = Caller()
    caller.enough.set()
    worker.listener.callers.put(caller)
    assert caller.taken.wait(60) and not faults
    worker.end()
