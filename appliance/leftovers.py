"""E The processes of one place as the kernel shows them: which run, what a killed start left, and that nobody is there twice.

A service is known by its folder: supervisor and units start each in ``layout.service_run(name)`` and name the layout in its
environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import Refused
from appliance.layout import Layout
from appliance.services import USERS

GRACE = 3.0
"""Seconds an orphan gets to end by itself."""


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """Hold the place until the block ends, or this process does. Raises Refused when another one holds it."""
    layout.run.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(layout.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Refused("a box is already running here", where=str(layout.run), mend="stop that one first") from error
    try:
        yield
    finally:
        os.close(descriptor)


def running(layout: Layout) -> dict[str, list[int]]:
    """Service name -> its process ids, the oldest first. Needs root to see other users' processes."""
    found: dict[str, list[int]] = {}
    mark = f"CAMPBOX_RUN={layout.run}".encode()
    users = set(USERS.values())
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            folder = Path(os.readlink(process / "cwd"))
            if folder.parent != layout.run or process.stat().st_uid not in users:
                continue
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.setdefault(folder.name, []).append(int(process.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def end(layout: Layout) -> list[str]:
    """End what a start that was killed left behind; the names of the services. Call it only while holding the place."""
    left = running(layout)
    pids = [pid for one in left.values() for pid in one]
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while any(Path(f"/proc/{pid}/cwd").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal([pid for one in running(layout).values() for pid in one], signal.SIGKILL)
    return sorted(left)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
