"""E How the box's web processes answer and wait, and what they keep to themselves.

These are gunicorn's settings (``--config python:appliance.web.patient``).

gunicorn's own threaded worker passes each connection from thread to thread, so that clients which send slowly hold none of them;
before these processes stands nginx, which asks only when it has the whole request. And gunicorn's two processes look up once a
second each, whether anybody asks or not, and there are several of them on a box that lives on a battery. Nothing hangs on that
pace: requests, signals and the end of a worker wake them at once.
"""

from __future__ import annotations

import gc
import logging
import select
import socket
import threading
import time
from typing import Any

from gunicorn.workers.sync import SyncWorker  # type: ignore[import-untyped]

PAUSE = 5.0
"""Seconds between two looks; far below gunicorn's own limit (30 s) for a worker that hangs."""
SILENCE = 30.0
"""Seconds that a connection may say or take nothing before its thread is free again."""
MADE = 10_000
"""Things made more than gone between two looks for circles; Python's own 700 come together several times a page."""
_BREATH = 0.05


class PatientWorker(SyncWorker):  # type: ignore[misc]
    """gunicorn's simple worker in several threads: each takes a connection, answers it, and takes the next.

    There are as many as were ever needed at once, ``--threads`` at most. One listening socket.
    """

    alive: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counting = threading.Lock()
        self._threads = self._answering = 0

    def run(self) -> None:
        """Start answering, and wait for the end; then for the answers under way, as long as gunicorn's grace lasts."""
        (listener,) = self.sockets
        listener.setblocking(True)
        self._begin_thread(listener)
        while self.alive and self.is_parent_alive():
            self.notify()
            if not self._threads:
                self._begin_thread(listener)
            # Signals write into it (signal.set_wakeup_fd): an end is noticed at once.
            select.select([self.PIPE[0]], [], [], PAUSE)
        self.alive = False
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._answering and time.monotonic() < deadline:
            self.notify()
            time.sleep(_BREATH)

    def _begin_thread(self, listener: socket.socket) -> None:
        """One more, if the kernel gives one: else those there are answer, and the next busy moment asks again."""
        self._threads += 1
        try:
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
        except RuntimeError:  # "can't start new thread"
            self._threads -= 1

    def _serve(self, listener: socket.socket) -> None:
        try:
            self._answer(listener)
        finally:  # a thread that ended over a fault is replaced: run() begins one where there is none
            with self._counting:
                self._threads -= 1

    def _answer(self, listener: socket.socket) -> None:
        while self.alive:
            try:
                client, address = listener.accept()
            except OSError:  # too many open files, or somebody who hung up
                time.sleep(_BREATH)
                continue
            with self._counting:
                self._answering += 1
                if self._answering == self._threads < self.cfg.threads:
                    self._begin_thread(listener)
            try:
                client.settimeout(SILENCE)
                self.handle(listener, client, address)
            finally:
                with self._counting:
                    self._answering -= 1


worker_class = PatientWorker


def when_ready(server: Any) -> None:
    """gunicorn's hook (docs.gunicorn.org, "Server Hooks"): the parent process waits longer, too."""
    wait = server.wait_for_signals
    server.wait_for_signals = lambda timeout=PAUSE: wait(timeout=PAUSE)


def post_worker_init(worker: Any) -> None:
    """gunicorn's hook: its own lines on requests it could not read or answer quote what somebody asked for.

    And Python looks for circles among what it made less often, and never again among what is there before the first request: a
    page makes some thousand things and leaves next to no circle.
    """
    worker.log.error_log.addFilter(nameless)
    gc.collect()
    gc.freeze()
    gc.set_threshold(MADE)


def nameless(record: logging.LogRecord) -> bool:
    """No line for a request that was refused (nobody has to mend that); for one that failed, the traceback without its address."""
    if str(record.msg).startswith("Invalid request"):
        return False
    if str(record.msg).startswith("Error handling request"):
        record.msg, record.args = "a request failed", ()
    return True
