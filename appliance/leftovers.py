"""E The processes of one place as the kernel shows them: which run, what a killed start left, and that nobody is there twice.

A service is known by its folder (supervisor and units start each in ``layout.service_run(name)``) or by its environment
(``CAMPBOX_RUN`` and ``CAMPBOX_SERVICE``): dnsmasq leaves its folder, nginx writes over its environment.
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
        raise Refused("Campbox is already running here", where=str(layout.run), mend="stop that one first") from error
    try:
        yield
    finally:
        os.close(descriptor)


def running(layout: Layout) -> dict[str, list[int]]:
    """Service name -> its process ids, the oldest first. Needs root to see other users' processes."""
    found: dict[str, list[int]] = {}
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        name = _service(process, layout)
        if name is not None:
            found.setdefault(name, []).append(int(process.name))
    return found


def _service(process: Path, layout: Layout) -> str | None:
    try:
        if process.stat().st_uid not in USERS.values():
            return None
        variables = dict(pair.split(b"=", 1) for pair in (process / "environ").read_bytes().split(b"\0") if b"=" in pair)
        if variables.get(b"CAMPBOX_RUN") == str(layout.run).encode() and b"CAMPBOX_SERVICE" in variables:
            return variables[b"CAMPBOX_SERVICE"].decode()
        folder = Path(os.readlink(process / "cwd"))
    except OSError:  # it ended meanwhile
        return None
    return folder.name if folder.parent == layout.run else None


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
