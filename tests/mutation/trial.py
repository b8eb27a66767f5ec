"""E One run of tests with one module changed in memory, in a forked process: no file is written, many can run side by side."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Literal

PROJECT = Path(__file__).resolve().parents[2]
Outcome = Literal["killed", "timed out", "survived"]
_PRELOADED = ("pytest", "hypothesis", "flask", "flask_babel", "click", "rich", "cryptography.x509", "cbor2", "zstandard", "sqlite3")
"""Libraries that most tests import: the forked processes find them there. Nothing of the project is among them."""
_PASSED, _NONE_FOUND = 0, 5


@dataclass(frozen=True)
class Trial:
    """Tests to run with the module at ``path`` as ``text``; ``path`` is empty where nothing is changed."""

    path: str
    text: str
    tests: tuple[str, ...]
    seconds: float


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives the changed text where the module is imported."""

    def __init__(self, path: str, text: str) -> None:
        self._name, self._file, self._text = path.removesuffix(".py").replace("/", "."), str(PROJECT / path), text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._file)

    def get_source(self, fullname: str) -> str:
        return self._text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self._file, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._file
        exec(self.get_code(module.__name__), module.__dict__)


def preload() -> None:
    """Import what is costly once."""
    for name in _PRELOADED:
        __import__(name)


def run(trials: Sequence[Trial], at_once: int) -> Iterator[tuple[int, Outcome, float]]:
    """Run them, some at once; (place in ``trials``, what came of it, seconds) as they end.

    Raises LookupError when pytest finds no test at all: then nothing would be killed for a wrong reason.
    """
    waiting, running = list(enumerate(trials))[::-1], dict[int, tuple[int, float, str]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                place, trial = waiting.pop()
                folder = tempfile.mkdtemp(prefix="campbox-mutation-")
                running[_start(trial, folder)] = place, time.monotonic(), folder
            yield from _ended(trials, running)
            time.sleep(0.02)
    finally:
        for pid, (_, _, folder) in running.items():
            _kill(pid)
            shutil.rmtree(folder, ignore_errors=True)


def _ended(trials: Sequence[Trial], running: dict[int, tuple[int, float, str]]) -> Iterator[tuple[int, Outcome, float]]:
    for pid, (place, began, folder) in list(running.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        took = time.monotonic() - began
        late = not done and took > trials[place].seconds
        if not done and not late:
            continue
        if late:
            _kill(pid)
        del running[pid]
        shutil.rmtree(folder, ignore_errors=True)
        code = None if late else os.waitstatus_to_exitcode(status)
        if code == _NONE_FOUND:
            raise LookupError(f"no test at all in {' '.join(trials[place].tests)}")
        yield place, "timed out" if late else "survived" if code == _PASSED else "killed", took


def _kill(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _start(trial: Trial, folder: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 3
    try:
        os.setpgid(0, 0)
        status = _child(trial, folder)
    finally:
        os._exit(status)


def _child(trial: Trial, folder: str) -> int:
    import pytest

    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)
    # What a test leaves goes with the folder: the process ends without tidying up.
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    os.chdir(PROJECT)
    sys.path.insert(0, str(PROJECT))
    if trial.path:
        sys.meta_path.insert(0, _Changed(trial.path, trial.text))
    return int(
        pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not (net or browser or vm or image or lint)", *trial.tests])
    )
