"""E What the authority remembers, in SQLite: tickets by the hash of their token, certificates given out, alarms."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.services import USERS
from provisioning.authority.certificates import folder
from provisioning.enrolment import Asked, Decision, Issue, Refusal, Ticket

_SERIAL = re.compile(r"[0-9a-f]{1,40}\Z")
"""A certificate's number in hexadecimal, at most 20 octets of it (RFC 5280 section 4.1.2.2)."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS ticket (
    hash TEXT PRIMARY KEY, box TEXT NOT NULL, site TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,
    key TEXT, used REAL, superseded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS ticket_box ON ticket (box);
CREATE INDEX IF NOT EXISTS ticket_key ON ticket (key);
CREATE TABLE IF NOT EXISTS certificate (
    serial TEXT PRIMARY KEY, box TEXT NOT NULL, key TEXT NOT NULL, issued REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS alarm (
    box TEXT NOT NULL, kind TEXT NOT NULL, first REAL NOT NULL, last REAL NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (box, kind)
) STRICT;
"""


@dataclass(frozen=True)
class Enrolment:
    """One line of the list operators see."""

    box: str
    site: str
    state: str
    issued: float
    expires: float
    used: float | None


@dataclass(frozen=True)
class Alarm:
    """Somebody held a token that was not theirs; ``box`` is whose it was."""

    box: str
    kind: str
    first: float
    last: float
    times: int


class Store:
    """The authority's database. Opened for each piece of work: enrolment is rare, and processes may share the file."""

    def __init__(self, layout: Layout) -> None:
        self.path: Path = folder(layout) / "enrolment.sqlite"

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: committed when the block ends well, undone otherwise."""
        if not self.path.parent.is_dir():
            raise NotSo("this hub has no authority yet", where=str(self.path.parent), mend="start it once: campbox hub up")
        connection = None
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=10)
            connection.row_factory = sqlite3.Row
            # What a box was told must survive a power cut of the hub, else its key would count as another one. FULL is not enough
            # here: a commit removes the journal, and a journal that comes back with the power undoes it (sqlite.org/pragma.html).
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.executescript(SCHEMA)
            self._give_to_hub()
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            mend = "make room, or run this as root or as the hub's own user"
            raise NotSo(f"cannot use the authority's memory: {error}", where=str(self.path), mend=mend) from error
        finally:
            if connection is not None:
                connection.close()

    def _give_to_hub(self) -> None:
        """A ticket may be made by root before the hub's own process ever wrote here."""
        uid = USERS["campbox-hub"]
        if os.geteuid() == 0:
            standing = self.path.stat()
            if standing.st_uid != uid:
                os.chown(self.path, uid, uid)
            if standing.st_mode & 0o777 != 0o600:
                self.path.chmod(0o600)

    def add_ticket(self, hash: str, ticket: Ticket) -> None:
        """Remember a new ticket; earlier ones of the box that were not used are worth nothing any more."""
        with self._open() as connection:
            connection.execute("UPDATE ticket SET superseded = 1 WHERE box = ? AND key IS NULL", (ticket.box,))
            connection.execute(
                "INSERT INTO ticket (hash, box, site, issued, expires) VALUES (?, ?, ?, ?, ?)",
                (hash, ticket.box, ticket.site, ticket.issued, ticket.expires),
            )

    def judge(
        self, hash: str | None, asked: Asked, now: float, decide: Callable[[Ticket | None, Asked, float], Decision]
    ) -> Decision:
        """Find the ticket, let ``decide`` judge, and remember the outcome, all in one transaction: of two keys that show
        the same token at the same moment one wins."""
        with self._open() as connection:
            column, value = ("hash", hash) if hash is not None else ("key", asked.key)
            order = "ORDER BY superseded, used DESC LIMIT 1"
            row = connection.execute(f"SELECT rowid, * FROM ticket WHERE {column} = ? {order}", (value,)).fetchone()
            ticket = None if row is None else _ticket(row)
            decision = decide(ticket, asked, now)
            if isinstance(decision, Issue) and decision.first:
                connection.execute("UPDATE ticket SET key = ?, used = ? WHERE rowid = ?", (asked.key, now, row["rowid"]))
                connection.execute("UPDATE ticket SET superseded = 1 WHERE box = ? AND rowid <> ?", (asked.box, row["rowid"]))
            if isinstance(decision, Refusal) and decision.alarm is not None and ticket is not None:
                connection.execute(
                    "INSERT INTO alarm VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET last = excluded.last, times = times + 1",
                    (ticket.box, decision.alarm, now, now),
                )
            return decision

    def remember_certificate(self, serial: str, box: str, key: str, now: float) -> None:
        """Note that a certificate was given out, so that it can be refused one day."""
        with self._open() as connection:
            connection.execute("INSERT INTO certificate VALUES (?, ?, ?, ?)", (serial, box, key, now))

    def superseded(self) -> set[int]:
        """Serial numbers of every certificate given to a key whose place another key of its box has taken since."""
        with self._open() as connection:
            standing = "SELECT 1 FROM ticket WHERE ticket.box = c.box AND ticket.key = c.key AND NOT ticket.superseded"
            newer = "SELECT 1 FROM ticket WHERE ticket.box = c.box AND ticket.key <> c.key AND NOT ticket.superseded"
            query = f"SELECT serial FROM certificate AS c WHERE NOT EXISTS ({standing}) AND EXISTS ({newer})"
            serials = (row["serial"] for row in connection.execute(query))
            return {
                int(serial, 16) for serial in serials if _SERIAL.match(serial)
            }  # one that is spoilt keeps no other off the list

    def enrolments(self, now: float) -> list[Enrolment]:
        """Every ticket, the newest first."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM ticket ORDER BY issued DESC").fetchall()
        return [Enrolment(r["box"], r["site"], _state(r, now), r["issued"], r["expires"], r["used"]) for r in rows]

    def alarms(self) -> list[Alarm]:
        """Every alarm, the latest first."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM alarm ORDER BY last DESC").fetchall()
        return [Alarm(**dict(row)) for row in rows]

    def standing(self, since: float) -> list[Alarm]:
        """Alarms later than ``since`` whose box was given no newer ticket; none where there is no memory yet."""
        if not self.path.exists():
            return []
        with self._open() as connection:
            newer = "SELECT 1 FROM ticket WHERE ticket.box = alarm.box AND ticket.issued > alarm.last"
            rows = connection.execute(f"SELECT * FROM alarm WHERE last >= ? AND NOT EXISTS ({newer}) ORDER BY last DESC", (since,))
            return [Alarm(**dict(row)) for row in rows]


def _ticket(row: Any) -> Ticket:
    return Ticket(row["box"], row["site"], row["issued"], row["expires"], row["key"], bool(row["superseded"]))


def _state(row: Any, now: float) -> str:
    if row["superseded"]:
        return "superseded"
    if row["key"] is not None:
        return "enrolled"
    return "expired" if now >= row["expires"] else "waiting"
