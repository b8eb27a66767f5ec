"""A disk that refuses is waited for; only what SQLite itself calls damaged is set aside, with its log. Real SQLite, a real lock."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import NotSo
from telemetry import outbox_file
from telemetry.message import Ack
from telemetry.noise import UNKNOWN, Released
from telemetry.outbox import Outbox
from tests.telemetry.test_outbox import BOOT, MOMENT, fill

OUT_OF_REACH = {
    "BUSY", "BUSY_RECOVERY", "BUSY_SNAPSHOT", "BUSY_TIMEOUT", "LOCKED", "LOCKED_SHAREDCACHE", "FULL", "READONLY",
    "READONLY_CANTLOCK", "READONLY_ROLLBACK", "READONLY_DBMOVED", "READONLY_DIRECTORY", "CANTOPEN", "CANTOPEN_FULLPATH",
    "CANTOPEN_ISDIR", "PERM", "AUTH", "NOMEM", "IOERR", "IOERR_READ", "IOERR_SHORT_READ", "IOERR_WRITE", "IOERR_FSYNC",
    "IOERR_DIR_FSYNC", "IOERR_TRUNCATE", "IOERR_FSTAT", "IOERR_LOCK", "IOERR_CLOSE", "IOERR_SHMOPEN", "IOERR_SHMSIZE",
    "IOERR_SHMLOCK", "IOERR_SHMMAP", "IOERR_NOMEM", "IOERR_DATA", "IOERR_CORRUPTFS", "ERROR", "INTERRUPT", "PROTOCOL",
    "SCHEMA", "NOLFS", "TOOBIG", "CONSTRAINT", "MISUSE",
}  # fmt: skip
DAMAGE = {"CORRUPT", "CORRUPT_VTAB", "CORRUPT_SEQUENCE", "CORRUPT_INDEX", "NOTADB"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the file for itself, as a backup or a copy of the card does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM facts WHERE name = 'nobody'")
        yield
        other.execute("ROLLBACK")


def powerless(path: Path, outbox: Outbox) -> bytes:
    """Copy the files as a power cut leaves them, without -shm, back over themselves; what the log held."""
    kept = {suffix: path.with_name(path.name + suffix).read_bytes() for suffix in ("", "-wal")}
    outbox.close()
    for suffix, content in kept.items():
        path.with_name(path.name + suffix).write_bytes(content)
    return kept["-wal"]


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.iterdir())


def error(name: str) -> sqlite3.Error:
    made = sqlite3.OperationalError(f"it says {name}")
    made.sqlite_errorcode = getattr(sqlite3, f"SQLITE_{name}")
    return made


@pytest.mark.parametrize("name", sorted(OUT_OF_REACH))
def test_r1_what_keeps_the_file_out_of_reach_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    outbox = Outbox(path)
    kept = fill(outbox, 50)
    log = powerless(path, outbox)

    def refuse(*_: Any, **__: Any) -> sqlite3.Connection:
        raise error(name)

    with monkeypatch.context() as patched:
        patched.setattr(outbox_file.sqlite3, "connect", refuse)
        with pytest.raises(NotSo, match=f"it says {name}"):
            Outbox(path)
    assert names(path) == ["outbox.sqlite", "outbox.sqlite-wal"]
    assert path.with_name("outbox.sqlite-wal").read_bytes() == log
    assert [row.sequence for row in Outbox(path).oldest()[1]] == kept


@pytest.mark.parametrize("name", sorted(DAMAGE))
def test_r1_only_these_are_damage(name: str) -> None:
    assert outbox_file.is_damage(error(name))


def test_r1_an_error_without_a_code_is_no_damage() -> None:
    assert not outbox_file.is_damage(sqlite3.OperationalError("Could not decode to UTF-8 column"))


def test_r1_a_locked_outbox_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_file, "BUSY_SECONDS", 0.02)
    outbox = Outbox(path)
    kept = fill(outbox, 50)
    outbox.close()
    with held(path):
        with pytest.raises(NotSo, match="locked"):
            Outbox(path)
        assert not any("damaged" in name for name in names(path))
    outbox = Outbox(path)
    assert [row.sequence for row in outbox.oldest()[1]] == kept
    assert fill(outbox, 1)[0] > kept[-1]


def test_r1_a_lock_while_it_runs_is_told_and_goes_by(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_file, "BUSY_SECONDS", 0.02)
    outbox = Outbox(path)
    kept = fill(outbox, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotSo, match="locked"):
            fill(outbox, 1)
        assert "locked" in outbox.why
        outbox.lose()
        assert outbox.count() == 3, "reading goes on"
    assert [row.sequence for row in outbox.oldest()[1]] == kept
    fill(outbox, 1)
    assert outbox.why == "" and outbox.lost == 1
    outbox.close()
    assert Outbox(path).lost == 1, "the count is kept with the next row that can be"


def test_r1_no_memory_and_no_rights_are_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Outbox(path).close()

    def refused(problem: BaseException) -> Callable[..., Any]:
        def refuse(*_: Any, **__: Any) -> Any:
            raise problem

        return refuse

    for what, problem in ((outbox_file.sqlite3, MemoryError()), (outbox_file.os, PermissionError(13, "Permission denied"))):
        with monkeypatch.context() as patched:
            patched.setattr(what, "connect" if what is outbox_file.sqlite3 else "open", refused(problem))
            with pytest.raises(NotSo, match="outbox cannot be used"):
                Outbox(path)
    assert names(path) == ["outbox.sqlite"]


def test_r1_a_damaged_file_goes_aside_with_its_log_and_both_can_be_read_together(path: Path) -> None:
    outbox = Outbox(path)
    kept = fill(outbox, 50)
    log = powerless(path, outbox)
    spoilt = bytearray(log)
    whole = path.read_bytes()
    path.write_bytes(b"not a database, not at all" * 400)
    path.with_name("outbox.sqlite-wal").write_bytes(bytes(32) + spoilt[32:])  # the first page comes from the file again
    assert Outbox(path).count() == 0
    aside = path.with_name("outbox.damaged")
    assert aside.read_bytes().startswith(b"not a database")
    assert path.with_name("outbox.damaged-wal").read_bytes() == bytes(32) + spoilt[32:], "to the byte"
    aside.write_bytes(whole)
    path.with_name("outbox.damaged-wal").write_bytes(log)
    assert [row.sequence for row in Outbox(aside).oldest()[1]] == kept, "the names fit each other"


def test_r1_a_log_without_its_file_is_not_deleted(path: Path) -> None:
    """SQLite deletes it when the file is empty or gone: a power cut in the middle of setting aside leaves just that."""
    outbox = Outbox(path)
    fill(outbox, 5)
    log = powerless(path, outbox)
    path.replace(path.with_suffix(".damaged"))
    assert Outbox(path).count() == 0
    assert path.with_name("outbox.damaged-wal").read_bytes() == log
    for content in (None, b""):
        alone = path.with_name(f"{'empty' if content is not None else 'gone'}.sqlite")
        alone.with_name(f"{alone.name}-wal").write_bytes(log)
        if content is not None:
            alone.write_bytes(content)
        Outbox(alone).close()
        assert alone.with_name(f"{alone.stem}.damaged-wal").read_bytes() == log


def test_r1_damage_found_while_it_runs_is_set_aside_too_and_the_measurement_is_kept(path: Path) -> None:
    outbox = Outbox(path)
    fill(outbox, 200)
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xee" * (len(content) - 4096)
    with path.open("r+b") as file:
        file.write(content)
    outbox._db.execute("PRAGMA cache_size = 0")
    journal = outbox.journal
    added = fill(outbox, 1)
    assert outbox.journal != journal and [row.sequence for row in outbox.oldest()[1]] == added
    assert path.with_suffix(".damaged").stat().st_size == len(content)
    assert outbox.acknowledge(Ack(journal, 2**60)) == 0


def test_r1_a_second_damaged_file_does_not_cover_the_first_and_only_so_many_are_kept(path: Path) -> None:
    for n in range(outbox_file.MOST_SET_ASIDE + 3):
        path.write_bytes(f"damage {n:3}".encode() * 400)
        Outbox(path).close()
        if n < outbox_file.MOST_SET_ASIDE:
            assert path.with_suffix(".damaged").read_bytes().startswith(b"damage   0")
    aside = [one for one in names(path) if "damaged" in one]
    assert len(aside) == outbox_file.MOST_SET_ASIDE


def test_r1_what_cannot_be_set_aside_stays_where_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"not a database, not at all" * 400)

    def refuse(*_: Any) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(outbox_file.os, "replace", refuse)
        with pytest.raises(NotSo, match="Read-only"):
            Outbox(path)
    assert path.read_bytes().startswith(b"not a database")
    assert Outbox(path).count() == 0


def test_after_damage_nothing_is_told_of_people_until_the_period_ends(path: Path) -> None:
    outbox = Outbox(path)
    assert outbox.released("people_online") is None, "a box that is new tells from the first minute"
    outbox.keep_release("people_online", Released("boot/1", 20))
    outbox.close()
    path.write_bytes(b"not a database, not at all" * 400)
    outbox = Outbox(path)
    assert outbox.released("people_online") == UNKNOWN
    outbox.keep_release("people_online", Released("boot/1", None))
    outbox.close()
    assert Outbox(path).released("people_online") == Released("boot/1", None)


def test_a_database_that_is_no_outbox_is_set_aside(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE rows (another INTEGER)")
        other.execute("PRAGMA user_version = 1")
    assert fill(Outbox(path), 2)
    assert path.with_suffix(".damaged").exists()


def test_an_outbox_of_the_version_before_keeps_everything(path: Path) -> None:
    outbox = Outbox(path)
    kept, journal = fill(outbox, 3), outbox.journal
    outbox._db.execute("DROP TABLE unreadable")
    with outbox._db:
        outbox._db.execute("DELETE FROM facts WHERE name IN ('lost', 'unreadable', 'anew')")
    outbox.close()
    outbox = Outbox(path)
    assert outbox.journal == journal and [row.sequence for row in outbox.oldest()[1]] == kept
    assert (outbox.lost, outbox.unreadable, outbox.released("people_online")) == (0, 0, None)


def test_sequences_at_their_end_begin_anew(path: Path) -> None:
    """SQLite answers "full" for ever then, and no room made on the card would help."""
    outbox = Outbox(path)
    fill(outbox, 1)
    with outbox._db:
        outbox._db.execute("UPDATE sqlite_sequence SET seq = 9223372036854775807")
    outbox.close()
    assert len(fill(Outbox(path), 2)) == 2


def test_two_threads_of_the_lock_do_not_deadlock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock ends while the outbox waits for it: nothing is told, nothing is lost."""
    outbox = Outbox(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
    release.start()
    assert outbox.add(BOOT, MOMENT, {1: 1}) and outbox.why == ""
    release.join()
    other.close()
