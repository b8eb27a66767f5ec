"""Storage and a process table that refuse, without a disk: the same errors as the real ones (tests/fakes/refusals_contract.py)."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from appliance import files, run

if "pytest" not in sys.modules:
    raise RuntimeError("a disk that refuses loses what is written: only tests may use it")
How = Literal["full", "read-only", "EIO on write", "EIO on fsync", "locked"]
HOWS: tuple[How, ...] = ("full", "read-only", "EIO on write", "EIO on fsync", "locked")
_WRITES = {"full": errno.ENOSPC, "EIO on write": errno.EIO}
_SQLITE = {
    "full": "database or disk is full", "read-only": "attempt to write a readonly database", "EIO on write": "disk I/O error",
    "EIO on fsync": "disk I/O error", "locked": "database is locked",
}  # fmt: skip


@contextmanager
def disk(folder: Path, how: How) -> Iterator[None]:
    """While the block runs, appliance.files and SQLite meet a disk below ``folder`` that refuses so."""
    with pytest.MonkeyPatch.context() as patch:
        _files(patch, folder, how)
        _Database.refusing = _SQLITE[how]
        try:
            yield
        finally:
            _Database.refusing = ""


def connect(path: Path) -> sqlite3.Connection:
    """A database that refuses when the disk does; opened before or meanwhile."""
    return sqlite3.connect(path, factory=_Database)


@contextmanager
def forks() -> Iterator[None]:
    """While the block runs, no process can be begun: fork(2), EAGAIN."""

    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.subprocess, "Popen", refuse)
        yield


class _Database(sqlite3.Connection):
    """Refuses what would be written when it is to be kept: at COMMIT."""

    refusing = ""

    def commit(self) -> None:
        if self.refusing and self.in_transaction:
            super().rollback()
            raise sqlite3.OperationalError(self.refusing)
        super().commit()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False


def _files(patch: pytest.MonkeyPatch, folder: Path, how: How) -> None:
    fsync, flock, opens = os.fsync, fcntl.flock, os.open

    def refuse(code: int) -> OSError:
        return OSError(code, os.strerror(code))

    def open_(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and Path(path).is_relative_to(folder):
            raise refuse(errno.EROFS)
        return opens(path, flags, *more, **named)

    class Raw(io.FileIO):
        def write(self, _data: Any) -> int:
            raise refuse(_WRITES[how])

    if how in _WRITES:
        patch.setattr(files.os, "fdopen", lambda descriptor, mode: io.BufferedWriter(Raw(descriptor, mode)))
    elif how == "read-only":
        patch.setattr(files.os, "open", open_)
    elif how == "EIO on fsync":
        patch.setattr(files.os, "fsync", lambda descriptor: (_ for _ in ()).throw(refuse(errno.EIO)) if fsync else None)
    else:
        patch.setattr(files.fcntl, "flock", lambda *_: (_ for _ in ()).throw(BlockingIOError()) if flock else None)
