"""E The outbox: rows on disk until the hub has acknowledged them. A power cut loses none that ``add`` returned for.

SQLite in WAL mode with synchronous=FULL: one flush a row, about 20 MB of writes a day at one row a minute. See docs/adr/0040; for
a disk that refuses and for rows that cannot be read, docs/adr/0186.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import cbor2

from appliance.clock import Moment
from appliance.errors import BadInput, NotSo
from telemetry import outbox_file, stored
from telemetry.message import Ack, Row, Wire, encode_values
from telemetry.noise import UNKNOWN, Released

T = TypeVar("T")
log = logging.getLogger(__name__)
LIMIT = 20_160
"""Rows kept while the hub is out of reach: 14 days at one a minute, about 4 MB."""
TOGETHER = 100
"""Rows asked for at a time."""
_NOT_MARKED = "sequence NOT IN (SELECT value FROM json_each(?))"
_PUT_FACT = "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"


class Outbox:
    """Rows of this box in the order they were measured. Raises NotSo when the disk refuses, also from the first.

    ``journal`` names this very file to the hub, so that an acknowledgement for a lost one deletes nothing; ``secret`` keys the
    noise and never leaves the box. Counts for good: ``dropped`` rows for want of room, ``lost`` measurements that could not be
    stored, ``unreadable`` rows, releases and facts; ``why`` the disk refused last, empty once it takes something again.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path, self.limit, self.why = path, limit, ""
        self.dropped = self.lost = self.unreadable = 0
        self.secret = self.journal = b""
        self._anew, self._marked, self._kept_counts = False, set[int](), dict[str, int]()
        self._open: sqlite3.Connection | None = None
        self._do(lambda: None)

    def add(self, boot: bytes, moment: Moment, values: Mapping[int, Wire]) -> int:
        """Keep one row durably and return its sequence; the oldest go, and are counted, when there are too many."""
        body = cbor2.dumps(encode_values(values))
        row = (boot, int(moment.uptime), int(moment.wall), moment.trust, body)
        return self._do(lambda: self._insert(row))

    def lose(self, measurements: int = 1) -> None:
        """Count what could not be stored; it is told with the next row that can."""
        self.lost += measurements

    def oldest(self, limit: int = TOGETHER) -> tuple[bytes, tuple[Row, ...]]:
        """The boot of the oldest row and the oldest rows of that boot, at most ``limit``; no rows when empty.

        What cannot be read is marked, counted and passed over.
        """
        while found := self._do(lambda: self._read(limit)):
            rows: list[tuple[bytes, Row]] = []
            for columns in found:
                try:
                    rows.append(stored.row(columns))
                except BadInput as error:
                    self._mark(columns[0], error)
            if rows:
                # Boots never interleave: rows are added in the order of time.
                return rows[0][0], tuple(row for boot, row in rows if boot == rows[0][0])
        return b"", ()

    def acknowledge(self, ack: Ack) -> int:
        """Delete what the hub has committed; how many rows that were. One for another journal deletes nothing."""
        if ack.journal != self.journal:
            return 0
        return self._do(lambda: self._write(f"DELETE FROM rows WHERE sequence <= ? AND {_NOT_MARKED}", (ack.upto, self._marks())))

    def count(self) -> int:
        """Rows that wait."""
        query = f"SELECT count(*) FROM rows WHERE {_NOT_MARKED}"
        return int(self._do(lambda: self._db.execute(query, (self._marks(),)).fetchone())[0])

    def released(self, name: str) -> Released | None:
        """What was last told of a count of people; UNKNOWN when something was and cannot be read any more."""
        query = f"SELECT period, CASE WHEN length(body) <= {stored.BODY_LIMIT} THEN body END FROM releases WHERE name = ?"
        found = self._do(lambda: self._db.execute(query, (name,)).fetchone())
        if found is None:
            return UNKNOWN if self._anew else None
        try:
            return stored.release(*found)
        except BadInput as error:
            log.warning("what was told of %s cannot be read: %s; nothing more is told in this period", name, error.what)
            self.unreadable += 1
            return UNKNOWN

    def keep_release(self, name: str, released: Released) -> None:
        """Remember what is being told, so that a restart tells the same."""
        told: dict[int, Wire] = {} if released.value is None else {0: released.value}
        row = (name, released.period, cbor2.dumps(encode_values(told)))
        self._do(lambda: self._write("INSERT OR REPLACE INTO releases (name, period, body) VALUES (?, ?, ?)", row))

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()

    @property
    def _db(self) -> sqlite3.Connection:
        """The open file; opened at the first call, and again after damage. Raises NotSo."""
        if self._open is None:
            self._open = outbox_file.opened(self.path)
            try:
                self._learn(self._open)
            except (sqlite3.Error, MemoryError) as error:
                if not outbox_file.is_damage(error):
                    self._open.close()
                    self._open = None
                raise
        return self._open

    def _learn(self, db: sqlite3.Connection) -> None:
        self.secret, self.journal = self._fact("secret", stored.SECRET_BYTES), self._fact("journal", stored.JOURNAL_BYTES)
        self._anew = any(self._fact("anew", 8))
        self._marked = {int(row[0]) for row in db.execute("SELECT sequence FROM unreadable")}
        kept = {name: int.from_bytes(self._fact(name, 8)) for name in outbox_file.COUNTERS}
        self._kept_counts = {}
        for name, count in kept.items():  # what was counted while there was no file is kept
            setattr(self, name, getattr(self, name) + count)

    def _fact(self, name: str, length: int) -> bytes:
        """A fact of the file; one that cannot be read is made anew, and counted."""
        query = "SELECT CASE WHEN length(value) <= 64 THEN value END FROM facts WHERE name = ?"
        value = (self._db.execute(query, (name,)).fetchone() or (None,))[0]
        if isinstance(value, bytes) and len(value) == length and (name not in outbox_file.COUNTERS or not value[0]):
            return value
        log.warning("the outbox's %s cannot be read; it begins anew", name)
        self.unreadable += 1
        fresh = [(name, secrets.token_bytes(length) if name in ("secret", "journal") else (0).to_bytes(8))]
        if name == "secret":  # with another secret another number would be told in the same period
            fresh.append(("anew", (1).to_bytes(8)))
        with self._db:
            self._db.executemany(_PUT_FACT, fresh)
            if name == "secret":
                self._db.execute("DELETE FROM releases")
        return fresh[0][1]

    def _insert(self, row: tuple[bytes, int, int, str, bytes]) -> int:
        with self._db:
            sequence = self._db.execute("INSERT INTO rows (boot, uptime, wall, trust, body) VALUES (?, ?, ?, ?, ?)", row).lastrowid
            surplus = max(0, self._db.execute("SELECT count(*) FROM rows").fetchone()[0] - self.limit)
            if surplus:
                oldest = "SELECT sequence FROM rows ORDER BY sequence LIMIT ?"
                self._db.execute(f"DELETE FROM rows WHERE sequence IN ({oldest})", (surplus,))
                self._db.execute("DELETE FROM unreadable WHERE sequence NOT IN (SELECT sequence FROM rows)")
            counts = {"dropped": self.dropped + surplus, "lost": self.lost, "unreadable": self.unreadable}
            changed = {name: count for name, count in counts.items() if self._kept_counts.get(name) != count}
            self._db.executemany(_PUT_FACT, [(name, count.to_bytes(8)) for name, count in changed.items()])
        self.dropped, self._kept_counts, self.why = counts["dropped"], counts, ""
        assert sequence is not None
        return sequence

    def _read(self, limit: int) -> list[tuple[Any, ...]]:
        # A body too long to be a row is not even fetched.
        body = f"CASE WHEN length(body) <= {stored.BODY_LIMIT} THEN body END"
        query = f"SELECT sequence, uptime, wall, trust, {body}, boot FROM rows WHERE {_NOT_MARKED} ORDER BY sequence LIMIT ?"
        return self._db.execute(query, (self._marks(), limit)).fetchall()

    def _mark(self, sequence: int, error: BadInput) -> None:
        """The row stays where it is, for whoever wants to look; it is offered no more and deleted by no acknowledgement."""
        log.warning("row %d of the outbox cannot be read and is passed over: %s", sequence, error.what)
        self._marked.add(sequence)
        self.unreadable += 1
        try:
            self._do(lambda: self._write("INSERT OR IGNORE INTO unreadable (sequence) VALUES (?)", (sequence,)))
        except NotSo as refused:  # a full disk keeps no mark; the next start finds the row again
            log.warning("the mark is kept in memory alone: %s", refused)

    def _marks(self) -> str:
        return json.dumps(sorted(self._marked))

    def _write(self, statement: str, values: tuple[object, ...]) -> int:
        with self._db:
            changed = self._db.execute(statement, values).rowcount
        self.why = ""
        return changed

    def _do(self, deed: Callable[[], T]) -> T:
        """Do it; on damage, set the file aside and do it with a new one. Raises NotSo while the disk refuses."""
        try:
            try:
                with outbox_file.told(self.path):
                    self._db  # noqa: B018  # opened here, not in the middle of a deed
                    done = deed()
            except sqlite3.DatabaseError as error:
                with outbox_file.told(self.path):
                    self._give_up(str(error))
                    done = deed()
        except (NotSo, sqlite3.DatabaseError) as error:
            self.why = error.what if isinstance(error, NotSo) else f"the outbox cannot be used: {error}"
            raise error if isinstance(error, NotSo) else NotSo(self.why, where=str(self.path), mend="replace the card") from error
        return done

    def _give_up(self, why: str) -> None:
        """Set the damaged file aside; the next look at ``_db`` makes a new one."""
        damaged, self._open = self._open, None
        if damaged is not None:
            outbox_file.replace(self.path, damaged, why)
