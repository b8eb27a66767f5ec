"""A disk that refuses is waited for; only what SQLite itself calls damaged is set aside, with its log. Real SQLite, a real lock."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import NotSo
from telemetry import outbox, outbox_file, stored, storing
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


def test_r1_damage_found_while_it_runs_is_set_aside_too_and_the_measurement_is_kept(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
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
    assert "to be looked at: database disk image is malformed" in caplog.text, "the log says what SQLite said"
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


# --- each rule of the file, on both sides


def sql(path: Path, statement: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(path)) as other, other:
        return other.execute(statement, values).fetchall()


def test_the_bounds_that_the_papers_promise() -> None:
    assert (outbox.LIMIT, outbox.TOGETHER) == (14 * 24 * 60, 100)
    assert (outbox_file.BUSY_SECONDS, outbox_file.MOST_SET_ASIDE, outbox_file.SEQUENCE_LIMIT) == (5.0, 8, 2**62)
    assert (stored.BODY_LIMIT, stored.BOOT_BYTES, stored.JOURNAL_BYTES, stored.SECRET_BYTES) == (65_536, 16, 8, 32)
    assert storing.LOOK_AGAIN == 5.0
    assert [module.log.name for module in (outbox, outbox_file, storing)] == [
        module.__name__ for module in (outbox, outbox_file, storing)
    ]


def test_how_the_file_is_written(path: Path) -> None:
    made = Outbox(path)
    pragmas = {name: made._db.execute(f"PRAGMA {name}").fetchone()[0] for name in (
        "journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit", "busy_timeout", "user_version",
    )}  # fmt: skip
    assert pragmas == {
        "journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 250, "journal_size_limit": 2**20, "busy_timeout": 5_000,
        "user_version": 1,
    }  # fmt: skip
    assert (len(made.journal), len(made.secret)) == (8, 32) and made.journal != made.secret[:8]
    assert path.stat().st_mode & 0o777 == 0o600
    facts = dict(sql(path, "SELECT name, value FROM facts"))
    assert set(facts) == {"journal", "secret", "dropped", "lost", "unreadable", "anew"}
    assert {facts[name] for name in ("dropped", "lost", "unreadable", "anew")} == {bytes(8)}
    assert 0 <= sql(path, "SELECT seq FROM sqlite_sequence WHERE name = 'rows'")[0][0] < 2**40


def test_so_many_rows_are_asked_for_at_a_time_and_no_more(path: Path) -> None:
    made = Outbox(path)
    kept = fill(made, 102)
    assert [row.sequence for row in made.oldest()[1]] == kept[:100] and [row.sequence for row in made.oldest(3)[1]] == kept[:3]
    assert made.count() == 102
    made.acknowledge(Ack(made.journal, kept[-1]))
    assert made.oldest() == (b"", ()) and made.count() == 0 == made.acknowledge(Ack(made.journal, kept[-1]))


def test_at_its_limit_an_outbox_drops_nothing_and_one_row_later_the_oldest(path: Path) -> None:
    made = Outbox(path, limit=3)
    kept = fill(made, 3)
    assert (made.dropped, made.count()) == (0, 3)
    kept += fill(made, 1)
    assert (made.dropped, [row.sequence for row in made.oldest()[1]]) == (1, kept[1:])
    assert [b - a for a, b in zip(kept, kept[1:], strict=False)] == [1, 1, 1]


def test_every_count_is_kept_with_the_next_row_and_only_what_changed_is_written(path: Path) -> None:
    made = Outbox(path, limit=2)
    made.lose()
    made.lose(4)
    fill(made, 3)
    assert (made.lost, made.dropped, made.unreadable) == (5, 1, 0)
    sql(path, "UPDATE facts SET value = ? WHERE name = 'lost'", (77).to_bytes(8))
    fill(made, 1)
    assert sql(path, "SELECT value FROM facts WHERE name = 'lost'") == [((77).to_bytes(8),)], "it had not changed"
    made.close()
    again = Outbox(path, limit=2)
    assert (again.lost, again.dropped, again.unreadable) == (77, 2, 0)


def test_a_row_that_cannot_be_read_is_passed_over_counted_kept_and_never_acknowledged(path: Path) -> None:
    made = Outbox(path, limit=5)
    kept = fill(made, 4)
    sql(path, "UPDATE rows SET trust = 'gospel' WHERE sequence = ?", kept[1])
    assert [row.sequence for row in made.oldest()[1]] == [kept[0], *kept[2:]]
    assert (made.unreadable, made.count()) == (1, 3) and sql(path, "SELECT sequence FROM unreadable") == [(kept[1],)]
    assert made.oldest()[1] and made.unreadable == 1, "counted once"
    assert made.acknowledge(Ack(made.journal, kept[-1])) == 3 and sql(path, "SELECT sequence FROM rows") == [(kept[1],)]
    made.close()
    again = Outbox(path, limit=2)
    assert again.count() == 0, "marked for good"
    fill(again, 2)
    assert sql(path, "SELECT sequence FROM unreadable") == [] and again.dropped == 1, "its mark goes with it when room is needed"


@pytest.mark.parametrize(
    ("name", "value", "spoilt"),
    [
        ("journal", bytes(8), False), ("journal", bytes(7), True), ("journal", bytes(9), True), ("journal", "a text!!", True),
        ("journal", bytes(65), True), ("secret", bytes(32), False), ("secret", bytes(31), True),
        ("lost", (2**56 - 1).to_bytes(8), False),
        ("lost", (2**56).to_bytes(8), True), ("dropped", 5, True), ("unreadable", bytes(9), True), ("anew", bytes(9), True),
    ],
)  # fmt: skip
def test_a_fact_that_cannot_be_right_is_made_anew_and_counted(path: Path, name: str, value: object, spoilt: bool) -> None:
    made = Outbox(path)
    made.keep_release("people_online", Released("boot/1", 20))
    made.close()
    sql(path, "UPDATE facts SET value = ? WHERE name = ?", value, name)
    again = Outbox(path)
    assert again.unreadable == int(spoilt)
    [(standing,)] = sql(path, "SELECT value FROM facts WHERE name = ?", name)
    assert (standing == value) is (not spoilt) and isinstance(standing, bytes)
    if spoilt and name in ("journal", "secret"):
        assert any(standing) and len(standing) == {"journal": 8, "secret": 32}[name]
    if spoilt and name not in ("journal", "secret"):
        assert standing == bytes(8)
    lost = name == "secret" and spoilt
    assert again.released("people_online") == (UNKNOWN if lost else Released("boot/1", 20))
    again.close()
    if lost:
        assert Outbox(path).released("people_online") == UNKNOWN, "with another secret another number would be told"


def test_a_release_that_cannot_be_read_tells_nothing_more_and_is_counted(path: Path) -> None:
    made = Outbox(path)
    for body in (b"\xff", b"\x00" * (stored.BODY_LIMIT + 1), b"\x83\x00\x01\x02"):
        made.keep_release("people_online", Released("boot/1", 20))
        sql(path, "UPDATE releases SET body = ?", body)
        assert made.released("people_online") == UNKNOWN
    assert made.unreadable == 3 and made.released("another") is None


@pytest.mark.parametrize(
    ("sequence", "whole"), [(2**62 - 1, True), (2**62, False), (-1, False), (0, True), ("x", False), (None, False)]
)
def test_sequences_go_on_as_long_as_they_can_be_counted(path: Path, sequence: object, whole: bool) -> None:
    made = Outbox(path)
    journal = made.journal
    made.close()
    sql(path, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'rows'", sequence)
    again = Outbox(path)
    assert (again.journal == journal) is whole and path.with_suffix(".damaged").exists() is not whole


@pytest.mark.parametrize("table", ["facts", "rows", "releases", "unreadable"])
def test_a_table_of_other_columns_is_no_outboxs(path: Path, table: str) -> None:
    Outbox(path).close()
    sql(path, f"ALTER TABLE {table} RENAME COLUMN {OF_EACH[table]} TO more")
    Outbox(path).close()
    assert path.with_suffix(".damaged").exists()


OF_EACH = {"facts": "value", "rows": "wall", "releases": "period", "unreadable": "sequence"}


@pytest.mark.parametrize("table", OF_EACH)
def test_r1_an_outbox_of_a_newer_version_is_no_damage(path: Path, table: str) -> None:
    """The card was put back to an older Campbox: the rows that wait are sent all the same."""
    outbox = Outbox(path)
    kept, journal = fill(outbox, 3), outbox.journal
    outbox.close()
    sql(path, f"ALTER TABLE {table} ADD COLUMN more TEXT NOT NULL DEFAULT ''")
    sql(path, "PRAGMA user_version = 9")
    outbox = Outbox(path)
    assert outbox.journal == journal and [row.sequence for row in outbox.oldest()[1]] == kept
    assert len(fill(outbox, 2)) == 2
    outbox.keep_release("people_online", Released("boot/1", None))
    outbox.lose()
    fill(outbox, 1)
    assert not path.with_suffix(".damaged").exists() and outbox.count() == 6


def test_one_that_wants_what_this_version_does_not_know_is_set_aside(path: Path) -> None:
    Outbox(path).close()
    for statement in (
        "ALTER TABLE releases RENAME TO old",
        "CREATE TABLE releases (name PRIMARY KEY, period, body, more NOT NULL)",
    ):
        sql(path, statement)
    Outbox(path).keep_release("people_online", Released("boot/1", None))
    assert path.with_suffix(".damaged").exists()


def test_an_outbox_from_before_numbers_were_kept_tells_nothing_until_the_period_ends(path: Path) -> None:
    made = Outbox(path)
    journal = made.journal
    made.close()
    sql(path, "DROP TABLE releases")
    sql(path, "DELETE FROM facts WHERE name = 'anew'")
    again = Outbox(path)
    assert again.released("people_online") == UNKNOWN and again.journal == journal


def test_with_every_name_taken_the_oldest_damaged_file_makes_room_with_all_that_belongs_to_it(path: Path) -> None:
    names_of = [path.with_suffix(".damaged" if n == 1 else f".damaged-{n}") for n in range(1, 9)]
    for n, name in enumerate(names_of):
        for suffix in ("", "-wal"):
            file = name.with_name(name.name + suffix)
            file.write_bytes(b"%d" % n)
            os.utime(file, (1_000 + (n - 5) ** 2, 1_000 + (n - 5) ** 2))
    path.write_bytes(b"new")
    assert outbox_file.set_aside(path, "a test") == names_of[5]
    assert (
        names_of[5].read_bytes() == b"new" and not names_of[5].with_name(names_of[5].name + "-wal").exists() and not path.exists()
    )
    names_of[2].unlink()
    path.write_bytes(b"another")
    assert outbox_file.set_aside(path, "a test") == names_of[2], "a place is free where none of its files would be covered"


@pytest.mark.parametrize("suffix", ["-wal", "-journal", "-shm"])
@pytest.mark.parametrize("content", [b"", b"a log"])
def test_only_a_log_with_something_in_it_stands_alone(path: Path, suffix: str, content: bytes) -> None:
    path.with_name(path.name + suffix).write_bytes(content)
    assert outbox_file._without_main(path) is (suffix != "-shm" and content != b"")
    path.write_bytes(b"x")
    assert not outbox_file._without_main(path)
