"""E Which machine this is: figures mean nothing without it."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.run import spawn


def facts() -> dict[str, str | int]:
    """Processor, cores, memory in MB, kernel, distribution, Python."""
    models = (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
    cpu = next(models, platform.machine())
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    system = next((line.split("=", 1)[1].strip('"') for line in _lines("/etc/os-release") if line.startswith("PRETTY_NAME")), "")
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory,
        "kernel": platform.release(),
        "system": system,
        "python": platform.python_version(),
    }


def pss_kib(pid: int) -> int:
    """Proportional set size of one process in KiB; 0 when it is gone."""
    return next((int(line.split()[1]) for line in _lines(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:")), 0)


def cpu_seconds(pid: int) -> float:
    """Processor time that the threads of one process have used, in nanosecond steps; 0 when it is gone.

    From schedstat: the coarse figures of /proc/PID/stat count whole ticks, and whoever wakes by a timer wakes on a tick.
    """
    threads = (_lines(f"{thread}/schedstat") for thread in _threads(pid))
    return sum(int(lines[0].split()[0]) for lines in threads if lines) / 1e9


def family(pids: list[int]) -> list[int]:
    """The processes and all that descend from them (gunicorn's and nginx's workers)."""
    found, new = set(pids), list(pids)
    while new:
        pid = new.pop()
        for thread in _threads(pid):
            for child in (int(word) for line in _lines(f"{thread}/children") for word in line.split()):
                if child not in found:
                    found.add(child)
                    new.append(child)
    return sorted(found)


@dataclass(frozen=True)
class Kin:
    """Some processes with all that descend from them, and what the kernel remembers of those that have ended."""

    living: frozenset[int]
    ended: dict[int, int]

    @classmethod
    def of(cls, pids: list[int]) -> Kin:
        """As they are now."""
        living = family(pids)
        return cls(frozenset(living), {pid: _of_ended_children(pid) for pid in living})

    def made_since(self, before: Kin) -> int:
        """How many processes were made since ``before`` at least: those that live, and one for each parent that buried any.

        The kernel adds the page faults of every child that was waited for to its parent's count, and no program runs without one.
        Who lived before and does so no longer (nginx has a process that ends by itself a minute after the start) was not made.
        """
        buried = sum(count != before.ended.get(pid, 0) for pid, count in self.ended.items())
        return len(self.living - before.living) + max(0, buried - len(before.living - self.living))


def _of_ended_children(pid: int) -> int:
    """Minor page faults of the children it has waited for (proc(5), /proc/PID/stat, field 11)."""
    return next((int(line.rpartition(") ")[2].split()[8]) for line in _lines(f"/proc/{pid}/stat")), 0)


@contextlib.contextmanager
def kept_awake() -> Iterator[None]:
    """Keep every processor from sleeping, by work that gives way to any other (SCHED_IDLE, sched(7)).

    On many virtual machines a process that wakes a sleeping processor is charged with milliseconds of the host's; what a daemon
    itself does is seen only without that.
    """
    work = "import os\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"
    busy = [spawn([sys.executable, "-c", work], stdin=subprocess.DEVNULL) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _threads(pid: int) -> list[str]:
    """The folders of a process's threads; none when it is gone, which it may be between any two looks."""
    folder = f"/proc/{pid}/task"
    try:
        return [f"{folder}/{thread}" for thread in os.listdir(folder)]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
