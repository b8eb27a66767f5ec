"""The last step of a unit's start, as systemd runs it: a real shell, a real process that starts slowly, hangs or ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.run import spawn
from provisioning.lab.pace import patient

SCRIPT = Path(__file__).resolve().parents[2] / "appliance/await_ready.sh"
WORKS = "import time\nwhile True:\n    sum(range(200_000)); time.sleep(0.05)"
HANGS = "import time; time.sleep(10_000)"
NAMED = "import ctypes, time; ctypes.CDLL(None).prctl(15, b') S 1 (x y', 0, 0, 0); time.sleep(10_000)"
STILL = 2
pytestmark = pytest.mark.lint


@pytest.fixture
def service() -> Iterator[Callable[[str], subprocess.Popen[Any]]]:
    """Starts a process that is to become ready."""
    began = list[subprocess.Popen[Any]]()

    def start(code: str) -> subprocess.Popen[Any]:
        began.append(spawn([sys.executable, "-c", code]))
        return began[-1]

    yield start
    for process in began:
        process.kill()
        process.wait()


def waiting(process: subprocess.Popen[Any], ready: Path, still: int = STILL) -> subprocess.Popen[Any]:
    shell: subprocess.Popen[Any] = spawn(
        ["sh", str(SCRIPT), str(ready), str(still)],
        env={"PATH": "/usr/bin:/bin", "MAINPID": str(process.pid)},
        stderr=subprocess.PIPE,
        text=True,
    )
    return shell


def test_one_that_works_is_waited_for_beyond_the_patience_with_one_that_does_not(service: Any, tmp_path: Path) -> None:
    shell = waiting(service(WORKS), tmp_path / "ready")
    with pytest.raises(subprocess.TimeoutExpired):
        shell.wait(STILL * 3)
    (tmp_path / "ready").touch()
    assert shell.wait(patient(30)) == 0


@pytest.mark.parametrize("code", [HANGS, NAMED])
def test_one_that_hangs_is_given_up(service: Any, tmp_path: Path, code: str) -> None:
    _, said = (shell := waiting(service(code), tmp_path / "ready")).communicate(timeout=patient(60))
    assert (shell.returncode, said) == (1, "it is not ready and has done nothing for 2 s\n")


def test_one_that_ends_is_not_waited_for(service: Any, tmp_path: Path) -> None:
    process = service(HANGS)
    shell = waiting(process, tmp_path / "ready", still=600)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, said = shell.communicate(timeout=patient(60))
    assert (shell.returncode, said) == (1, "it ended before it was ready\n")


def test_one_that_is_ready_is_not_waited_for_at_all(service: Any, tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    assert waiting(service(HANGS), tmp_path / "ready").wait(patient(30)) == 0
