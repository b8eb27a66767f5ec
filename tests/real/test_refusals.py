"""A real disk and a real process table refuse as the fakes do (tests/test_refusals.py)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from appliance import files
from tests.fakes.refusals import How
from tests.fakes.refusals_contract import RefusalsContract
from tests.real.refusing_disk import FLUSHES, Memory, injected

pytestmark = [pytest.mark.net, pytest.mark.loopback]


class TestRealStorageKeepsTheContract(RefusalsContract):
    memory: Memory

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Path]:
        self.memory = Memory(tmp_path, "disk")
        yield self.memory.top
        self.memory.leave()

    def disk(self, place: Path, how: How) -> AbstractContextManager[None]:
        """EIO is put into this very process, where only what it writes to files passes those calls."""
        if how == "locked":
            return _held(place)
        if how.startswith("EIO"):
            return injected(os.getpid(), FLUSHES if how == "EIO on fsync" else "write,pwrite64", "error=EIO")
        return self.memory.full() if how == "full" else self.memory.read_only()

    def forks(self) -> AbstractContextManager[None]:
        return injected(os.getpid(), "fork,vfork,clone,clone3", "error=EAGAIN")


@contextmanager
def _held(place: Path) -> Iterator[None]:
    with ExitStack() as stack:
        beside = stack.enter_context(files.beside(place / "f").open("w"))
        fcntl.flock(beside, fcntl.LOCK_EX)
        if (place / "db.sqlite").exists():
            other = stack.enter_context(contextlib.closing(sqlite3.connect(place / "db.sqlite", isolation_level=None)))
            other.execute("BEGIN EXCLUSIVE")
        yield
    files.beside(place / "f").unlink(missing_ok=True)
