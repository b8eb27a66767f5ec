"""How storage and a process table refuse: the real ones and the fakes pass the same body."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from appliance import files
from appliance.errors import NotSo
from appliance.run import spawn
from tests.fakes.refusals import HOWS, How

WORDS: dict[How, str] = {
    "full": "No space left on device", "read-only": "Read-only file system", "EIO on write": "Input/output error",
    "EIO on fsync": "Input/output error", "locked": "Device or resource busy",
}  # fmt: skip


class RefusalsContract:
    """Give ``place``, a folder on a disk, and the ways to make it refuse."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        raise NotImplementedError

    def disk(self, place: Path, how: How) -> AbstractContextManager[None]:
        """While the block runs, what is written below ``place`` is refused; "locked": ``f`` and ``db.sqlite`` are held."""
        raise NotImplementedError

    def forks(self) -> AbstractContextManager[None]:
        """While the block runs, no process can be begun."""
        raise NotImplementedError

    def connect(self, path: Path) -> sqlite3.Connection:
        """A database there, whose owner waits for nobody."""
        return sqlite3.connect(path, timeout=0.0)

    @pytest.mark.parametrize("how", HOWS)
    def test_t8_a_file_is_refused_in_words_and_the_old_one_stands(
        self, place: Path, how: How, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "_PAUSE", 0.0)
        files.write_atomically(place / "f", "old")
        with self.disk(place, how), pytest.raises(NotSo, match=WORDS[how]):
            files.write_atomically(place / "f", "new" * 2_000)
        assert (place / "f").read_text() == "old"
        files.write_atomically(place / "f", "new")
        assert (place / "f").read_text() == "new" and not files.beside(place / "f").exists()

    @pytest.mark.parametrize("how", [how for how in HOWS if how != "read-only"])
    def test_t8_a_commit_is_refused_and_the_rows_before_it_stand(self, place: Path, how: How) -> None:
        with closing(self.connect(place / "db.sqlite")) as db:
            with db:
                db.execute("CREATE TABLE t (x TEXT)")
            with self.disk(place, how), pytest.raises(sqlite3.OperationalError), db:
                db.execute("INSERT INTO t VALUES (?)", ("x" * 20_000,))
            assert db.execute("SELECT count(*) FROM t").fetchone() == (0,) and not db.in_transaction
            with db:
                db.execute("INSERT INTO t VALUES ('y')")
            assert db.execute("SELECT x FROM t").fetchall() == [("y",)]

    def test_t8_a_fork_that_is_refused_is_a_blocking_error(self) -> None:
        with self.forks(), pytest.raises(BlockingIOError) as refused:
            spawn(["true"])
        assert refused.value.errno == errno.EAGAIN and os.strerror(errno.EAGAIN) in str(refused.value)
