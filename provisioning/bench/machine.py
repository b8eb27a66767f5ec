"""E Which machine this is: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


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
    """Processor time one process has used; 0 when it is gone."""
    text = "\n".join(_lines(f"/proc/{pid}/stat"))
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def family(pids: list[int]) -> list[int]:
    """The processes and all that descend from them (gunicorn's and nginx's workers)."""
    found, new = set(pids), list(pids)
    while new:
        pid = new.pop()
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in (int(word) for line in _lines(str(path)) for word in line.split()):
                if child not in found:
                    found.add(child)
                    new.append(child)
    return sorted(found)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []
