"""E The hub's store of reports: SQLite in WAL mode. Rows are kept once, whatever arrives twice.

Written by ingest alone (the wish to watch apart, which the events process writes); read by the pages. synchronous=FULL: what is
acknowledged to a box has reached the disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cbor2

from appliance.layout import Layout
from telemetry.dashboard.sorting import Sorter
from telemetry.message import Batch, Birth, Death, Live, Wire, encode_values
from telemetry.metrics import named, sort_out, to_json
from telemetry.result import Result

_SCHEMA = """
CREATE TABLE IF NOT EXISTS boxes (
    box TEXT PRIMARY KEY, site TEXT NOT NULL DEFAULT '', software TEXT NOT NULL DEFAULT '',
    first_seen REAL NOT NULL, last_seen REAL NOT NULL, online INTEGER NOT NULL DEFAULT 1,
    session BLOB, dead BLOB, measured REAL NOT NULL DEFAULT 0, latest TEXT NOT NULL DEFAULT '{}',
    catalogue_state TEXT GENERATED ALWAYS AS (json_extract(latest, '$.catalogue_state')) VIRTUAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reports (
    box TEXT NOT NULL, boot BLOB NOT NULL, sequence INTEGER NOT NULL, at REAL NOT NULL,
    uptime INTEGER NOT NULL, wall INTEGER NOT NULL, trust TEXT NOT NULL, body BLOB NOT NULL, stripped INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (box, boot, sequence)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reports_at ON reports (box, at);
CREATE INDEX IF NOT EXISTS reports_age ON reports (stripped, at);
CREATE TABLE IF NOT EXISTS live (id INTEGER PRIMARY KEY, box TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS live_at ON live (box, at);
CREATE TABLE IF NOT EXISTS refusals (
    box TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL, PRIMARY KEY (box, reason)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watched (box TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
"""
_SELFTEST = """
ALTER TABLE boxes ADD COLUMN selftest TEXT NOT NULL DEFAULT '{}';
"""
_STEPS = (_SCHEMA, _SELFTEST)
"""What makes a store of version n one of n + 1."""
LONGEST_WISH = 3_600
"""Seconds for which a box may be watched at a time; pages ask for thirty."""
_INSERT = "INSERT OR IGNORE INTO reports (box, boot, sequence, at, uptime, wall, trust, body) VALUES (?,?,?,?,?,?,?,?)"


def store_file(layout: Layout) -> Path:
    """Where the store of a hub stands."""
    return layout.data / "hub" / "store.sqlite"


def connect(path: Path) -> sqlite3.Connection:
    """Open the store, and make it where there is none. Every statement stands for itself unless it is in a transaction.

    Raises sqlite3.Error, also when the file cannot be made or written: whoever waits for the store waits for its disk, too.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open database file: {error.strerror}") from error
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    # A text that is no UTF-8 spoils its own row, not every question that meets it.
    db.text_factory = lambda octets: octets.decode("utf-8", "replace")
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        db.execute(f"PRAGMA {pragma}")
    if db.execute("PRAGMA user_version").fetchone()[0] < len(_STEPS):
        _bring_up_to_date(db)
    return db


def _bring_up_to_date(db: sqlite3.Connection) -> None:
    """Several processes open the store at once: whoever comes second finds it done."""
    db.execute("BEGIN IMMEDIATE")
    standing = db.execute("PRAGMA user_version").fetchone()[0]
    try:
        for statement in "".join(_STEPS[standing:]).split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(_STEPS)}")
        db.execute("COMMIT")
    except sqlite3.Error:
        db.execute("ROLLBACK")
        raise


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; when it ends, it is on the disk. Raises sqlite3.Error, then nothing of it is kept."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:  # SQLite itself has rolled back after some errors (sqlite.org/lang_transaction.html)
            db.execute("ROLLBACK")


def as_object(untrusted: object) -> dict[str, Any]:
    """What a column of JSON holds; empty when it cannot be read: one spoiled row stops nobody."""
    try:
        value = json.loads(untrusted) if isinstance(untrusted, (str, bytes)) else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class ReportStore:
    """The writing side. ``smallest_count``: counts of people below it are refused even if a box sends them."""

    def __init__(self, db: sqlite3.Connection, smallest_count: int = 10) -> None:
        self._db, self._smallest = db, smallest_count

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; when it ends, it is on the disk."""
        return transaction(self._db)

    def take_batch(self, batch: Batch, dates: list[float], arrived: float) -> int:
        """Keep the rows that are new; how many these were. Values that the metric table does not take are refused; each reason
        is counted once a message, and not again when all its rows are known already.
        """
        box = str(batch.box)
        self._see(box, arrived)
        sorter = Sorter(self._smallest, unknown=batch.unknown)
        columns = [
            (
                box,
                batch.boot,
                row.sequence,
                at,
                row.uptime,
                row.wall,
                row.trust,
                cbor2.dumps(encode_values(sorter.take(row.values))),
            )
            for row, at in zip(batch.rows, dates, strict=True)
        ]
        fresh = self._db.executemany(_INSERT, columns).rowcount
        if fresh:
            self._refuse_values(box, sorter.reasons, arrived)
        self._know(box, dates[-1], sorter.taken)
        return fresh

    def take_live(self, live: Live, at: float, arrived: float) -> None:
        """Keep a live point for a while."""
        box = str(live.box)
        self._see(box, arrived)
        values, reasons = sort_out(live.row.values, self._smallest)
        self._refuse_values(box, {*reasons, *(["unknown-metric"] if live.unknown else [])}, arrived)
        self._db.execute("INSERT INTO live (box, at, body) VALUES (?,?,?)", (box, at, cbor2.dumps(encode_values(values))))
        self._know(box, at, values)

    def take_result(self, result: Result, at: float, arrived: float) -> None:
        """Keep the lines of a self-test in place of those before; an older one that comes again changes nothing."""
        box, journal = str(result.box), result.journal.hex()
        self._see(box, arrived)
        standing = as_object(self._db.execute("SELECT selftest FROM boxes WHERE box = ?", (box,)).fetchone()[0])
        sequence = standing.get("sequence") if standing.get("journal") == journal else None
        if isinstance(sequence, int) and sequence >= result.sequence:
            return
        told = {"at": at, "journal": journal, "sequence": result.sequence, "checks": [asdict(line) for line in result.lines]}
        self._db.execute("UPDATE boxes SET selftest = ? WHERE box = ?", (json.dumps(told, ensure_ascii=False), box))

    def take_birth(self, birth: Birth, arrived: float, *, retained: bool) -> None:
        """A box is there. A retained birth says nothing about now: it was, unless its death is known."""
        box = str(birth.box)
        if not retained:
            self._see(box, arrived)
            self._db.execute("UPDATE boxes SET dead = NULL WHERE box = ?", (box,))
        else:
            self._exist(box, arrived)
        self._db.execute(
            "UPDATE boxes SET site = ?, software = ?, session = ?, online = (dead IS NOT ?) WHERE box = ?",
            (birth.site, birth.software, birth.session, birth.session, box),
        )

    def take_death(self, death: Death, arrived: float) -> None:
        """A connection is gone; if it is the box's last one, the box is."""
        self._exist(box := str(death.box), arrived)
        statement = "UPDATE boxes SET dead = ?, online = (session IS NOT ?) WHERE box = ?"
        self._db.execute(statement, (death.session, death.session, box))

    def forget_who_is_online(self) -> None:
        """At the start of ingest: nobody is known to be there until the broker says so."""
        self._db.execute("UPDATE boxes SET online = 0")

    def online(self) -> list[str]:
        """Boxes that are connected now."""
        return [box for (box,) in self._db.execute("SELECT box FROM boxes WHERE online ORDER BY box")]

    def refuse(self, box: str, reason: str, arrived: float, count: int = 1) -> None:
        """Count a refusal. Only counts: nothing of what was refused is kept."""
        counted = "count = count + excluded.count, last = excluded.last"
        self._db.execute(
            f"INSERT INTO refusals VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET {counted}", (box, reason, count, arrived)
        )

    def watch(self, box: str, until: float) -> None:
        """Somebody looks at this box until then: measure live."""
        later = f"until BETWEEN excluded.until AND excluded.until + {LONGEST_WISH}"
        statement = f"INSERT INTO watched VALUES (?,?) ON CONFLICT DO UPDATE SET until = excluded.until WHERE NOT ({later})"
        self._db.execute(statement, (box, until))

    def watched(self, now: float) -> list[str]:
        """Boxes that somebody looks at. A wish of longer than any was written by a clock that has been set back since."""
        query = "SELECT box FROM watched WHERE until > ? AND until <= ?"
        return [box for (box,) in self._db.execute(query, (now, now + LONGEST_WISH))]

    def _refuse_values(self, box: str, reasons: set[str], arrived: float) -> None:
        for reason in sorted(reasons):
            self.refuse(box, reason, arrived)

    def _see(self, box: str, arrived: float) -> None:
        self._exist(box, arrived)
        self._db.execute("UPDATE boxes SET last_seen = ?, online = 1 WHERE box = ?", (arrived, box))

    def _exist(self, box: str, arrived: float) -> None:
        self._db.execute("INSERT OR IGNORE INTO boxes (box, first_seen, last_seen) VALUES (?,?,?)", (box, arrived, arrived))

    def _know(self, box: str, at: float, values: Mapping[int, Wire]) -> None:
        text = json.dumps({name: to_json(value) for name, value in named(values).items()}, ensure_ascii=False)
        self._db.execute("UPDATE boxes SET latest = ?, measured = ? WHERE box = ? AND measured <= ?", (text, at, box, at))
