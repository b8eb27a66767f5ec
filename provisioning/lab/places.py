"""E The demo's place on this machine: its lock, its folder, its mounts; and clearing away what a killed demo left."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import Refused
from appliance.run import run
from provisioning.lab import cabling, netns

ROOT = Path("/run/campbox-demo")
LOCK = Path("/run/campbox-demo.lock")
APP = ROOT / "app"
MOUNTS = Path("/proc/self/mounts")
RAM = "size=256m,mode=755"


@contextmanager
def only_one(lock: Path = LOCK, what: str = "a demo") -> Iterator[None]:
    """Hold the lock; the file is gone afterwards. Raises Refused when another one holds it."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            mend = "use that one, or end it with Ctrl-C in its terminal"
            raise Refused(f"{what} is already running on this machine", where=str(lock), mend=mend) from error
        # The one before may have removed the file between our open and our lock: then we hold a lock on nothing.
        if _is(descriptor, lock):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def await_end(seconds: float = 60.0, lock: Path = LOCK) -> None:
    """Wait until the demo of a killed run has taken itself down, or ``seconds`` are over: then whoever starts one is told so."""
    deadline = time.monotonic() + seconds
    while lock.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


def _is(descriptor: int, file: Path) -> bool:
    """Whether what is open here is what has this name now."""
    try:
        return os.fstat(descriptor).st_ino == file.stat().st_ino
    except FileNotFoundError:
        return False


def make(project: Path) -> None:
    """The folder, with the project visible read-only at ``APP`` (a clone may stand in a home that others cannot enter)."""
    APP.mkdir(parents=True)
    ROOT.chmod(0o755)
    run(["mount", "--bind", str(project), str(APP)])
    run(["mount", "-o", "remount,bind,ro", str(APP)])


def make_ram(folder: Path) -> None:
    """A file system in memory, as ``/run`` is on a Pi."""
    folder.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "tmpfs", "-o", RAM, "campbox-demo", str(folder)])


def clear_ram(folder: Path) -> None:
    """Forget what is in it, as a reboot does."""
    run(["umount", "-l", str(folder)])
    make_ram(folder)


def sweep() -> list[str]:
    """Remove every namespace, process, mount and file of a demo, whoever left it, and what a killed bench or test left.

    What was found, for people.
    """
    found = [*cabling.remove_all(), *netns.sweep()]
    for mount in sorted(_mounts(), reverse=True):
        run(["umount", "-l", mount], check=False)
        found.append(mount)
    if _mounts():
        raise Refused("a mount of an earlier demo does not go away", where=str(ROOT), mend="umount it by hand")
    if ROOT.exists():
        shutil.rmtree(ROOT)
        found.append(str(ROOT))
    return found


def _mounts() -> list[str]:
    """What is mounted below ``ROOT``."""
    points = [line.split()[1] for line in MOUNTS.read_text().splitlines()]
    return [point for point in points if point == str(ROOT) or point.startswith(f"{ROOT}/")]
