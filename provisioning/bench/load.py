"""E Load from wrk (as fast as it goes) and h2load (an offered rate), run inside a namespace; and reading what they print."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CommandFailed
from provisioning.bench.report import percentile
from provisioning.lab.netns import Namespace

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """Requests per second, 99th percentile in ms, and how many went wrong (sockets and answers outside 2xx and 3xx)."""

    per_second: float
    p99_ms: float
    wrong: int


def wrk(place: Namespace, url: str, *, headers: dict[str, str], connections: int, seconds: int, script: Path | None = None) -> Load:
    """Closed-loop load with ``connections`` kept open, unless a header says ``Connection: close``; ``script`` names addresses."""
    argv = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in headers.items():
        argv += ["-H", f"{name}: {value}"]
    argv += ["-s", str(script)] if script else []
    return read_wrk(place.run(*argv, url, timeout=seconds + 30).stdout)


def read_wrk(text: str) -> Load:
    """Read wrk's report. Raises CommandFailed when it has none."""
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", text)
    p99 = re.search(r"99%\s+([0-9.]+)(us|ms|s|m)", text)
    if rate is None or p99 is None:
        raise CommandFailed("printed no figures", where="wrk")
    wrong = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    wrong += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    return Load(float(rate[1]), float(p99[1]) * _UNITS[p99[2]], wrong)


def offered(place: Namespace, url: str, *, headers: dict[str, str], rate: int, seconds: int, clients: int = 100) -> Load:
    """Open-loop load: ``rate`` requests a second whether or not they are answered in time."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        argv = ["h2load", "--h1", "-t1", f"-c{clients}", f"--rps={rate / clients:g}", f"-D{seconds}", f"--log-file={log}"]
        for name, value in headers.items():
            argv += ["-H", f"{name}: {value}"]
        place.run(*argv, url, timeout=seconds + 60)
        return read_h2load(log.read_text(), seconds)


def read_h2load(text: str, seconds: int) -> Load:
    """Read h2load's log: start in microseconds, status, duration in microseconds. Raises CommandFailed on an empty one."""
    rows = [(int(status), int(took)) for _, status, took in (line.split("\t")[:3] for line in text.splitlines() if line)]
    if not rows:
        raise CommandFailed("logged no request", where="h2load")
    good = [took / 1000 for status, took in rows if 200 <= status < 400]
    return Load(len(good) / seconds, percentile(good, 0.99) if good else float("inf"), len(rows) - len(good))
