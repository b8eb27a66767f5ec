"""The web processes wait longer than gunicorn would by itself; and gunicorn still has the places where that is said."""

from __future__ import annotations

import inspect
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from appliance.services import SERVICES
from appliance.web import patient


def test_a_worker_waits_long_until_it_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()
    monkeypatch.setattr(ThreadWorker, "wait_for_and_dispatch_events", lambda self, timeout: waits.append(timeout))
    worker: Any = object.__new__(patient.PatientWorker)
    worker.alive = True
    worker.wait_for_and_dispatch_events(timeout=1.0)
    worker.alive = False
    worker.wait_for_and_dispatch_events(timeout=0.3)
    assert waits == [patient.PAUSE, 0.3]


def test_the_parent_waits_long_whatever_it_is_asked() -> None:
    server: Any = SimpleNamespace(wait_for_signals=lambda timeout: [timeout])
    patient.when_ready(server)
    assert server.wait_for_signals(timeout=1.0) == [patient.PAUSE]


def test_gunicorn_waits_in_the_places_that_are_patient() -> None:
    assert "self.wait_for_signals(timeout=" in inspect.getsource(Arbiter.run)
    assert "self.wait_for_and_dispatch_events(timeout=" in inspect.getsource(ThreadWorker.run)
    assert "self.method_queue.defer" in inspect.getsource(ThreadWorker.handle_exit), "an end wakes it"


@pytest.mark.parametrize(
    ("said", "arguments", "kept"),
    [
        ("Invalid request from ip=: Invalid HTTP Header: 'planted'", (), None),
        ("Error handling request %s", ("/en/services?q=planted",), "a request failed"),
        ("Error handling request %s %s", ("GET", "/planted"), "a request failed"),
        ("Worker (pid:%s) was sent SIGKILL!", (7,), "Worker (pid:7) was sent SIGKILL!"),
    ],
)
def test_gunicorns_own_lines_quote_nobody(said: str, arguments: tuple[Any, ...], kept: str | None) -> None:
    record = logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, said, arguments, None)
    worker = SimpleNamespace(log=SimpleNamespace(error_log=logging.Logger("a")))
    patient.post_worker_init(worker)
    passed = worker.log.error_log.filter(record)
    assert (record.getMessage() if passed else None) == kept


def test_gunicorn_still_says_what_is_kept_back_in_the_words_the_filter_knows() -> None:
    source = inspect.getsource(Worker.handle_error)
    assert '"Invalid request from ip=' in source and '"Error handling request %s' in source


def test_every_web_process_is_patient() -> None:
    for service in SERVICES:
        if "gunicorn" in service.command:
            assert service.command[service.command.index("--config") + 1] == "python:appliance.web.patient"
