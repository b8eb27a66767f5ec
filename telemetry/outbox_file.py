"""E The outbox's file: opened, and set aside with all that belongs to it when SQLite says that it is damaged. See docs/adr/0186.

Only two answers of SQLite mean damage. Every other one (locked, full, read-only, an I/O error ...) says something about the moment,
not about the file: the rows in it are whole and are waited for. Nothing here deletes a write-ahead log: it may hold the only copy
of confirmed rows.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import NotSo
from telemetry.stored import JOURNAL_BYTES, SECRET_BYTES

log = logging.getLogger(__name__)
BUSY_SECONDS = 5.0
"""How long one deed waits for a lock before it is told as locked."""
MOST_SET_ASIDE = 8
"""Damaged files kept for whoever wants to look; a card that damages more has made room of the oldest."""
SEQUENCE_LIMIT = 2**62
COUNTERS = ("dropped", "lost", "unreadable")
"""Rows given up for want of room; measurements that could not be stored; rows and releases that could not be read."""
_BESIDE = ("", "-wal", "-shm", "-journal")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_COLUMNS = {
    "facts": {"name", "value"},
    "rows": {"sequence", "boot", "uptime", "wall", "trust", "body"},
    "releases": {"name", "period", "body"},
    "unreadable": {"sequence"},
}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, boot BLOB NOT NULL,
    uptime INTEGER NOT NULL, wall INTEGER NOT NULL, trust TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS releases (name TEXT PRIMARY KEY, period TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unreadable (sequence INTEGER PRIMARY KEY);
"""


class Damaged(Exception):
    """The file is no outbox, by SQLite's own word or by its tables; ``db`` still holds it open."""

    def __init__(self, why: str, db: sqlite3.Connection) -> None:
        super().__init__(why)
        self.db = db


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file's content is damaged (extended result codes included), not that it is out of reach.

    Source: https://sqlite.org/rescode.html; the low eight bits are the primary code.
    """
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _DAMAGED


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the disk or SQLite refuses into NotSo; what is damage passes as it is."""
    try:
        yield
    except (sqlite3.Error, OSError, MemoryError) as error:
        if is_damage(error):
            raise
        why = error.strerror if isinstance(error, OSError) else str(error) or "out of memory"
        mend = "make room on the card, or see what else holds the file; nothing in it is lost"
        raise NotSo(f"the outbox cannot be used: {why}", where=str(path), mend=mend) from error


def opened(path: Path) -> sqlite3.Connection:
    """The outbox's database, made when it is not there; a damaged one is set aside and begun anew.

    Raises NotSo while the disk or another process refuses: then every file stands as it stood.
    """
    with told(path):
        try:
            if _without_main(path):
                set_aside(path, "it is gone, and its log is there")
            return _open(path)
        except Damaged as error:
            replace(path, error.db, str(error))
        try:
            return _open(path)
        except Damaged as error:  # a card that damages what was written a moment ago: tried again later, as any other refusal
            error.db.close()
            raise NotSo(f"the outbox cannot be made anew: {error}", where=str(path), mend="replace the card") from error


def replace(path: Path, db: sqlite3.Connection, why: str) -> None:
    """Set the damaged file aside that ``db`` holds open. Raises OSError.

    Closed only afterwards: on closing, SQLite leaves the log of a file that was moved as it is, where else it would write it into
    the damaged file and delete it.
    """
    try:
        set_aside(path, why)
    finally:
        db.close()


def set_aside(path: Path, why: str) -> Path:
    """Move a damaged file and its log under a common name that SQLite can open together. Raises OSError."""
    to = _free_name(path)
    for suffix in _BESIDE:  # the file first: cut in between, its log is found without it, and joins it at the next start
        with contextlib.suppress(FileNotFoundError):
            os.replace(_with(path, suffix), _with(to, suffix))
    log.error("the outbox was set aside as %s, to be looked at: %s", to.name, why)
    return to


def _free_name(path: Path) -> Path:
    """The first name whose places for the files that there are now are all free; if none is, the oldest makes room."""
    names = [path.with_suffix(".damaged" if n == 1 else f".damaged-{n}") for n in range(1, MOST_SET_ASIDE + 1)]
    there = [suffix for suffix in _BESIDE if _with(path, suffix).exists()]
    for name in names:
        if not any(_with(name, suffix).exists() for suffix in there):
            return name
    oldest = min(names, key=lambda name: max(_with(name, s).stat().st_mtime for s in _BESIDE if _with(name, s).exists()))
    log.error("%s made room for a newer damaged file", oldest.name)
    for suffix in _BESIDE:
        _with(oldest, suffix).unlink(missing_ok=True)
    return oldest


def _without_main(path: Path) -> bool:
    """Whether there is a log with content and no file to it. SQLite would delete it on opening."""
    if path.exists() and path.stat().st_size:
        return False
    return any(_with(path, s).exists() and _with(path, s).stat().st_size for s in ("-wal", "-journal"))


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _open(path: Path) -> sqlite3.Connection:
    """Raises Damaged, sqlite3.Error or OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    db = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        # A text that is no UTF-8 is a row to be set aside, not an error of the whole query.
        db.text_factory = lambda octets: octets.decode("utf-8", "replace")
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 250", "journal_size_limit = 1048576"):
            db.execute(f"PRAGMA {pragma}")
        if not _is_whole(db):
            _create(db, after_damage=any(path.parent.glob(f"{path.stem}.damaged*")))
        if any(not columns <= _columns(db, table) or _wants_more(db, table) for table, columns in _COLUMNS.items()):
            raise Damaged("its tables are not an outbox's", db)
        if not _can_count(db):
            raise Damaged("its sequences are used up", db)
        db.execute("SELECT count(*), max(length(body)) FROM rows").fetchone()  # reads every page: a damaged file is found now
    except (sqlite3.Error, MemoryError) as error:
        if is_damage(error):
            raise Damaged(str(error), db) from error
        db.close()
        raise
    return db


def _is_whole(db: sqlite3.Connection) -> bool:
    """Whether every table is there: they are made in one transaction, but an older version had fewer."""
    return all(_columns(db, table) for table in _COLUMNS)


def _columns(db: sqlite3.Connection, table: str) -> set[str]:
    return {row[0] for row in db.execute("SELECT name FROM pragma_table_info(?)", (table,))}


def _wants_more(db: sqlite3.Connection, table: str) -> bool:
    """Whether a newer version's columns keep this one from writing; else they stay empty, and its rows are this one's to send."""
    query = 'SELECT name FROM pragma_table_info(?) WHERE "notnull" AND dflt_value IS NULL AND NOT pk'
    return bool({row[0] for row in db.execute(query, (table,))} - _COLUMNS[table])


def _can_count(db: sqlite3.Connection) -> bool:
    """Whether rows can be numbered on: SQLite says "full" for ever once a sequence has reached the end of its numbers."""
    found = db.execute("SELECT max(seq), typeof(max(seq)) FROM sqlite_sequence WHERE name = 'rows'").fetchone()
    return bool(found[1] == "integer" and 0 <= found[0] < SEQUENCE_LIMIT)


def _create(db: sqlite3.Connection, *, after_damage: bool) -> None:
    """Make the tables that are missing, all at once; a fact that is there stays.

    ``anew`` is one where numbers may have been told in this very period that nobody remembers (see Outbox.released).
    """
    first = not _columns(db, "rows")
    anew = (first and after_damage) or (bool(_columns(db, "facts")) and not _columns(db, "releases"))
    facts = {"journal": secrets.token_bytes(JOURNAL_BYTES), "secret": secrets.token_bytes(SECRET_BYTES)}
    facts |= dict.fromkeys(COUNTERS, (0).to_bytes(8)) | {"anew": int(anew).to_bytes(8)}
    with db:
        db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.executemany("INSERT OR IGNORE INTO facts (name, value) VALUES (?, ?)", facts.items())
        db.execute("PRAGMA user_version = 1")
        if first:
            # A key is (box, boot, sequence): an outbox made anew within a boot must not repeat sequences of the one it replaces.
            db.execute("INSERT INTO sqlite_sequence VALUES ('rows', ?)", (secrets.randbelow(2**40),))
