"""E Network namespaces, made and removed with iproute2; those whose maker was killed are known and cleared away."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from appliance.errors import CommandFailed
from appliance.files import which
from appliance.run import run, spawn
from provisioning.lab.pace import patient

PATIENCE = 60.0
"""Seconds: the kernel makes and removes namespaces and cables one after the other, whoever asks, and may be busy with many."""

MAKERS = Path("/run/campbox-namespaces")
"""A file for each namespace: process id and start of whoever made it. Goes with a reboot, as namespaces do."""

NAMED = Path("/run/netns")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Namespace:
    """A network namespace by name (``ip netns``)."""

    name: str

    @classmethod
    def create(cls, name: str) -> Namespace:
        """Make it, loopback up. One of this name whose maker was killed is removed before.

        Raises CommandFailed when it exists and somebody uses it.
        """
        made = cls(name)
        if not _note(name):
            made.destroy()
            _note(name)
        try:
            with _held():
                run(["ip", "netns", "add", name], timeout=patient(PATIENCE))
        except CommandFailed:
            _forget(name, only_own=True)
            raise
        made.ip("link", "set", "lo", "up")
        return made

    @property
    def enter(self) -> tuple[str, ...]:
        """What to put before a command to run it inside."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *argv: str, **options: Any) -> CompletedProcess[str]:
        """Run a program inside to its end; ``options`` as for appliance.run.run."""
        return run([*self.enter, *argv], **options)

    def spawn(self, argv: Sequence[str], **options: Any) -> Any:
        """Start a program inside."""
        return spawn([*self.enter, *argv], **options)

    def ip(self, *argv: str) -> None:
        """``ip`` inside, without a mount namespace of its own."""
        run(["ip", "-n", self.name, *argv], timeout=patient(PATIENCE))

    def pids(self) -> list[int]:
        """Processes inside; none where it is gone. As ``ip netns pids`` finds them, without a process."""
        place, found = which(NAMED / self.name), list[int]()
        for folder in Path("/proc").glob("[0-9]*") if place is not None else ():
            if which(folder / "ns/net") == place:
                found.append(int(folder.name))
        return found

    def destroy(self) -> None:
        """Kill what runs inside and remove it; nothing happens when it is gone already."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        run(["ip", "netns", "delete", self.name], check=False, timeout=patient(PATIENCE))
        _forget(self.name)


def sweep() -> list[str]:
    """Remove the namespaces whose makers are gone: killed demos, benches and tests. Their names, for people."""
    makers = sorted(MAKERS.iterdir()) if MAKERS.exists() else []
    left = [file.name for file in makers if not _lives(file)]
    for name in left:
        Namespace(name).destroy()
    return left


@contextlib.contextmanager
def _held() -> Iterator[None]:
    """What would end us waits until this is done: a child whose parent leaves while it starts makes the namespace all the same."""
    if threading.current_thread() is not threading.main_thread():  # in no other does a handler run (docs.python.org, signal)
        yield
        return
    came = list[int]()
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for late in dict.fromkeys(came):
            signal.raise_signal(late)


def _note(name: str) -> bool:
    """Write down that this process makes it; False, and nothing written, where the maker written down is gone.

    A maker that lives keeps its note: the kernel then refuses the second one of that name.
    """
    MAKERS.mkdir(exist_ok=True)
    try:
        with (MAKERS / name).open("x") as file:
            file.write(f"{os.getpid()} {_started(os.getpid())}")
    except FileExistsError:
        return _lives(MAKERS / name)
    return True


def _forget(name: str, *, only_own: bool = False) -> None:
    file = MAKERS / name
    with contextlib.suppress(FileNotFoundError):
        if only_own and file.read_text().split()[:1] != [str(os.getpid())]:
            return
        file.unlink()
    with contextlib.suppress(OSError):  # not empty, or gone
        MAKERS.rmdir()


def _lives(file: Path) -> bool:
    """Whether the process written down is still that process: numbers are given again, with another start."""
    try:
        pid, started = file.read_text().split()
        return _started(int(pid)) == started
    except (OSError, ValueError):
        return False


def _started(pid: int) -> str:
    """Ticks since the boot, field 22 of ``/proc/PID/stat`` (proc(5)); the name before may hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def connect(one: Namespace, one_name: str, other: Namespace, other_name: str) -> None:
    """A cable: a veth pair with an end in each namespace, both up, offloads off (shares are wrong by percents with them)."""
    ends = [one_name, "netns", one.name, "type", "veth", "peer", "name", other_name, "netns", other.name]
    run(["ip", "link", "add", *ends], timeout=patient(PATIENCE))
    for place, name in ((one, one_name), (other, other_name)):
        place.run("ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off", check=False)
        place.ip("link", "set", name, "up")


def existing() -> list[str]:
    """Names of the namespaces that are there."""
    folder = Path("/run/netns")
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []
