"""E How the box's web processes wait, and what they keep to themselves.

These are gunicorn's settings (``--config python:appliance.web.patient``).

gunicorn's two processes look up once a second each, whether anybody asks or not, and there are several of them on a box that lives
on a battery. Nothing hangs on that pace: requests, signals and the end of a worker wake them at once.
"""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

PAUSE = 5.0
"""Seconds between two looks; far below gunicorn's own limit (30 s) for a worker that hangs."""


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Threads that answer, and one that waits for them."""

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """As gunicorn's, only that it waits longer until it is told to end."""
        super().wait_for_and_dispatch_events(PAUSE if self.alive else timeout)


worker_class = PatientWorker


def when_ready(server: Any) -> None:
    """gunicorn's hook (docs.gunicorn.org, "Server Hooks"): the parent process waits longer, too."""
    wait = server.wait_for_signals
    server.wait_for_signals = lambda timeout=PAUSE: wait(timeout=PAUSE)


def post_worker_init(worker: Any) -> None:
    """gunicorn's hook: its own lines on requests it could not read or answer quote what somebody asked for."""
    worker.log.error_log.addFilter(nameless)


def nameless(record: logging.LogRecord) -> bool:
    """No line for a request that was refused (nobody has to mend that); for one that failed, the traceback without its address."""
    if str(record.msg).startswith("Invalid request"):
        return False
    if str(record.msg).startswith("Error handling request"):
        record.msg, record.args = "a request failed", ()
    return True
