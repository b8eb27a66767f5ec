"""E The file of the box's catalogue, as its readers see it: never changed, only replaced; one that is damaged is no catalogue."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

SCHEMA = 4
FILE = "catalogue.sqlite"
_SWAPS, _NEVER = 5, "nothing yet"
_JSON: tuple[tuple[str, type], ...] = (
    ("record.body", dict), ("service.short", dict), ("service.short_texts", dict), ("service.listed", dict),
    ("service.document", dict), ("service.texts", dict), ("timetable.body", list),
)  # fmt: skip
"""Every column that holds JSON but the header, and what it is."""
_CONTENT = ("record", "translation", "service", "timetable", "service_term")
"""The tables whose rows say what the catalogue says; the index of words is made from them."""
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class About:
    """What the stored catalogue says of itself. ``serial`` and ``sha256`` are those of the signed target."""

    serial: int
    sha256: str
    header: Mapping[str, Any]
    services: int


def content_digest(ask: Callable[[str], Iterable[tuple[Any, ...]]]) -> str:
    """SHA-256 (hex) of every row, by who asks for rows: a spoilt cell may still be JSON, with another name in it or none."""
    digest = hashlib.sha256()
    for table in _CONTENT:
        for row in ask(f"select * from {table} order by rowid"):
            digest.update(json.dumps(row, default=repr).encode())
    return digest.hexdigest()


class CatalogueFile:
    """Reading side. Every thread has its own connection; a new file (another inode) is noticed at the next question.

    Between ``hold`` and ``release`` a thread reads one edition, whatever is swapped in meanwhile: a page whose rows are of one file
    and whose texts are of another shows wrong services.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._local = path, threading.local()
        self._found_whole: object = None

    def hold(self) -> object:
        """Look for a newer edition now, and read that one in this thread until ``release`` is given what this gives back.

        Holding again lets go of what was held: a thread answers one request at a time, and the newest one counts.
        """
        self._local.held = None
        self._look()
        self._local.held = token = object()
        return token

    def release(self, token: object) -> None:
        """Notice newer editions again; nothing happens where the thread has begun something else meanwhile."""
        if getattr(self._local, "held", None) is token:
            self._local.held = None

    def _connection(self) -> sqlite3.Connection | None:
        if getattr(self._local, "held", None) is None:
            self._look()
        connection: sqlite3.Connection | None = self._local.connection
        return connection

    def _look(self) -> None:
        """Open the file that is there now, unless this thread reads it already."""
        for _ in range(_SWAPS):
            seen = self._seen()
            if getattr(self._local, "seen", _NEVER) == seen:
                return
            self._forget()
            self._local.connection, whole = self._open() if seen else (None, True)
            if self._seen() == seen:
                # What only failed this time (no memory, no descriptor, an unreadable sector) is tried again at the next question.
                self._local.seen = seen if whole else _NEVER
                return
        # Swapped each time while it was opened: the next question looks again.
        self._local.seen = _NEVER

    def _seen(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _forget(self) -> None:
        """Close what is open; nothing of it is remembered."""
        old: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if old is not None:
            old.close()
        self._local.connection = self._local.about = self._local.counts = None

    def _open(self) -> tuple[sqlite3.Connection | None, bool]:
        """A connection to the file, if it is a whole catalogue; and whether that answer will stay the same for this file."""
        connection = None
        try:
            # immutable: the file is never written once it has its name, so no lock and no journal is looked for.
            connection = sqlite3.connect(f"file:{self.path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
            found = connection.execute("select schema, header from about").fetchone()
            if found is not None and found[0] == SCHEMA and _header(found[1]) is not None:
                return connection, True
            final = True
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)  # None: a text that is no UTF-8; SQLITE_ERROR: no such table
            final = _is_damage(error) or code in (None, sqlite3.SQLITE_ERROR)
        if connection is not None:
            connection.close()
        return None, final

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a question of our own; none while there is no catalogue."""
        connection = self._connection()
        if connection is None:
            return []
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._raise_unless_damaged(error)
            return []

    def each(self, sql: str, *values: Any) -> Iterator[dict[str, Any]]:
        """The objects of a question for one column of JSON. They end early at one that is damaged: see ``generation``."""
        for (text,) in self.ask(sql, *values):
            one = self._value(text, dict)
            if one is None or not self._is_named(one):
                return
            yield one

    def objects(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All of them, or none where one is damaged."""
        found = list(self.each(sql, *values))
        return found if self.generation() is not None else []

    def by_id(self, kind: type[_Kind], sql: str, *values: Any) -> dict[Any, _Kind]:
        """Of a question for an id and a column of JSON; nothing where one is damaged."""
        found = dict[Any, _Kind]()
        for id, text in self.ask(sql, *values):
            value = self._value(text, kind)
            if value is None or isinstance(value, dict) and not self._is_named(value):
                return {}
            found[id] = value
        return found

    def about(self) -> About | None:
        """What is stored, or None when nothing whole is."""
        if self._connection() is not None and self._local.about is None:
            for serial, sha256, services, header in self.ask("select serial, sha256, services, header from about"):
                told = _header(header)
                if told is None or not isinstance(serial, int) or not isinstance(sha256, str) or not isinstance(services, int):
                    self._give_up()
                    break
                self._local.about = About(serial, sha256, told, services)
        about: About | None = self._local.about
        return about

    def generation(self) -> object:
        """Changes whenever another catalogue is read; None while there is none."""
        return self._local.seen if self._connection() is not None else None

    def is_whole(self) -> bool:
        """Whether all of it can be read, every page of the file and every row: else it is no catalogue from now on.

        Reads everything, so for a look once an hour and for no page.
        """
        if self.generation() is None:
            return False
        if self.ask("pragma quick_check") != [("ok",)]:
            self._give_up()
            return False
        for column, kind in _JSON:
            table, _, name = column.partition(".")
            if any(self._value(text, kind) is None for (text,) in self.ask(f"select {name} from {table}")):
                return False
        if self.ask("select content from about") != [(content_digest(self.ask),)]:
            self._give_up()
            return False
        return self.about() is not None

    def is_to_blame(self) -> bool:
        """Whether the catalogue is why an answer failed: it is damaged, and none from now on. Reads everything, once an edition."""
        generation = self.generation()
        if generation is None or generation == self._found_whole:
            return False
        if self.is_whole():
            self._found_whole = generation
            return False
        return True

    def _value(self, untrusted: object, kind: type[_Kind]) -> _Kind | None:
        """What a column of JSON holds; None where it is damaged: the whole file is then no catalogue."""
        value = _json(untrusted)
        if isinstance(value, kind):
            return value
        self._give_up()
        return None

    def _is_named(self, one: Mapping[str, Any]) -> bool:
        """Whether it says which one it is, as every record, list item and document does: else the file is no catalogue."""
        if "id" not in one:
            self._give_up()
        return "id" in one

    def _raise_unless_damaged(self, error: sqlite3.DatabaseError) -> None:
        if not _is_damage(error):
            raise error
        self._give_up()

    def _give_up(self) -> None:
        """A damaged file is no catalogue: pages say so, and sync builds it anew or fetches it again."""
        self._forget()


def _json(untrusted: object) -> object:
    """What a text of JSON says; None for anything else."""
    try:
        return json.loads(untrusted) if isinstance(untrusted, str) else None
    except (ValueError, RecursionError):
        return None


def _header(untrusted: object) -> dict[str, Any] | None:
    """What it says of itself, if that is what every page and every look asks."""
    told = _json(untrusted)
    return told if isinstance(told, dict) and {"sample", "date", "timezone", "language"} <= told.keys() else None


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is no good (SQLITE_CORRUPT or SQLITE_NOTADB, extended codes included), or a row:
    a text that is no UTF-8, which Python's module finds and gives no code, or JSON that is none, where SQLite looks into it.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.OperationalError)
    if code == sqlite3.SQLITE_ERROR:
        return "malformed JSON" in str(error)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
