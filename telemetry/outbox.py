"""E The outbox: rows on disk until the hub has acknowledged them. A power cut loses none that ``add`` returned for.

SQLite in WAL mode with synchronous=FULL: one flush a row, about 20 MB of writes a day at one row a minute. See docs/adr/0040.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import cbor2

from appliance.clock import Moment, Trust
from appliance.errors import NotSo
from telemetry.message import Ack, Row, Wire, decode_values, encode_values
from telemetry.noise import Released
from telemetry.strict import unpack

T = TypeVar("T")
LIMIT = 20_160
"""Rows kept while the hub is out of reach: 14 days at one a minute, about 4 MB."""
TOGETHER = 100
"""Rows asked for at a time."""
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, boot BLOB NOT NULL,
    uptime INTEGER NOT NULL, wall INTEGER NOT NULL, trust TEXT NOT NULL, body BLOB NOT NULL
);
CREATE TABLE releases (name TEXT PRIMARY KEY, period TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class Outbox:
    """Rows of this box in the order they were measured. Raises NotSo when the disk refuses.

    ``journal`` names this very file to the hub, so that an acknowledgement for a lost one deletes nothing; ``secret`` keys the
    noise and never leaves the box.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path, self.limit = path, limit
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError:
            _set_aside(path)
            self._db = self._do(lambda: _open(path))
        self.journal, self.secret = self._fact("journal"), self._fact("secret")
        self.dropped = int.from_bytes(self._fact("dropped"))

    def add(self, boot: bytes, moment: Moment, values: Mapping[int, Wire]) -> int:
        """Keep one row durably and return its sequence; the oldest go, and are counted, when there are too many."""
        body = cbor2.dumps(encode_values(values))
        row = (boot, int(moment.uptime), int(moment.wall), moment.trust, body)
        return self._do(lambda: self._insert(row))

    def oldest(self, limit: int = TOGETHER) -> tuple[bytes, tuple[Row, ...]]:
        """The boot of the oldest row and the oldest rows of that boot, at most ``limit``; no rows when empty."""
        query = "SELECT sequence, uptime, wall, trust, body, boot FROM rows ORDER BY sequence LIMIT ?"
        found = self._do(lambda: self._db.execute(query, (limit,)).fetchall())
        boot = found[0][5] if found else b""
        # Boots never interleave: rows are added in the order of time.
        return boot, tuple(_row(*columns[:5]) for columns in found if columns[5] == boot)

    def acknowledge(self, ack: Ack) -> int:
        """Delete what the hub has committed; how many rows that were. One for another journal deletes nothing."""
        if ack.journal != self.journal:
            return 0
        return self._do(lambda: self._delete(ack.upto))

    def count(self) -> int:
        """Rows that wait."""
        return int(self._do(lambda: self._db.execute("SELECT count(*) FROM rows").fetchone())[0])

    def released(self, name: str) -> Released | None:
        """What was last told of a count of people."""
        found = self._do(lambda: self._db.execute("SELECT period, body FROM releases WHERE name = ?", (name,)).fetchone())
        if found is None:
            return None
        value = decode_values(unpack(found[1]), {}).get(0)
        return None if value is None or isinstance(value, str) else Released(found[0], value)

    def keep_release(self, name: str, released: Released) -> None:
        """Remember what is being told, so that a restart tells the same."""
        row = (name, released.period, cbor2.dumps(encode_values({0: released.value})))
        self._do(lambda: self._write("INSERT OR REPLACE INTO releases VALUES (?, ?, ?)", row))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _insert(self, row: tuple[bytes, int, int, Trust, bytes]) -> int:
        with self._db:
            sequence = self._db.execute("INSERT INTO rows (boot, uptime, wall, trust, body) VALUES (?, ?, ?, ?, ?)", row).lastrowid
            surplus = self._db.execute("SELECT count(*) FROM rows").fetchone()[0] - self.limit
            if surplus > 0:
                oldest = "SELECT sequence FROM rows ORDER BY sequence LIMIT ?"
                self._db.execute(f"DELETE FROM rows WHERE sequence IN ({oldest})", (surplus,))
                dropped = self.dropped + surplus
                self._db.execute("UPDATE facts SET value = ? WHERE name = 'dropped'", (dropped.to_bytes(8),))
        self.dropped += max(0, surplus)
        assert sequence is not None
        return sequence

    def _delete(self, upto: int) -> int:
        return self._write("DELETE FROM rows WHERE sequence <= ?", (upto,))

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        with self._db:
            return self._db.execute(statement, values).rowcount

    def _fact(self, name: str) -> bytes:
        found = self._do(lambda: self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone())
        return bytes(found[0])

    def _do(self, deed: Callable[[], T]) -> T:
        try:
            return deed()
        except sqlite3.Error as error:
            raise NotSo(f"the outbox cannot be used: {error}", where=str(self.path), mend="make room on the card") from error


def _open(path: Path) -> sqlite3.Connection:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(descriptor)
    db = sqlite3.connect(path, timeout=5)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 250", "journal_size_limit = 1048576"):
        db.execute(f"PRAGMA {pragma}")
    if db.execute("PRAGMA user_version").fetchone()[0] == 0:
        _create(db)
    db.execute("SELECT count(*), max(length(body)) FROM rows").fetchone()  # reads every page: a damaged file is found now
    return db


def _create(db: sqlite3.Connection) -> None:
    facts = {"journal": secrets.token_bytes(8), "secret": secrets.token_bytes(32), "dropped": (0).to_bytes(8)}
    with db:
        db.executescript(f"BEGIN; {_SCHEMA}")
        db.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
        # A key is (box, boot, sequence): an outbox made anew within a boot must not repeat sequences of the one it replaces.
        db.execute("INSERT INTO sqlite_sequence VALUES ('rows', ?)", (secrets.randbelow(2**40),))


def _set_aside(path: Path) -> None:
    """Keep a damaged file for whoever wants to look, one only, and begin a new one."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if path.exists():
        os.replace(path, path.with_suffix(".damaged"))


def _row(sequence: int, uptime: int, wall: int, trust: Trust, body: bytes) -> Row:
    return Row(sequence, uptime, wall, trust, decode_values(unpack(body), {}))
