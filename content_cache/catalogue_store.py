"""E Reading the box's catalogue: one SQLite file that is never changed, only replaced; readers notice when it is."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import CampboxError
from content_cache import needs
from content_cache.catalogue_search import Asked, Search

SCHEMA = 3
FILE = "catalogue.sqlite"
MOST, MOST_LISTED = 200, 100_000
"""Services a search counts and shows to people: ten pages; and to programs: all."""
_CHOSEN = "json_each(?) wanted cross join service on service.position = wanted.value order by wanted.key"
_SWAPS, _NEVER = 5, "nothing yet"
Texts = Mapping[str, Mapping[str, Mapping[str, tuple[str, bool]]]]
"""record id -> field -> language -> (text, translated by machine)."""


@dataclass(frozen=True)
class Service:
    """One service as stored: its nested HSDS document (in lists, what a row needs of it) and its texts in other languages.

    ``timetable`` is the number of its hours, shared with all that have the same.
    """

    id: str
    needs: tuple[str, ...]
    document: Mapping[str, Any]
    texts: Texts
    timetable: int = 0


@dataclass(frozen=True)
class About:
    """What the stored catalogue says of itself. ``serial`` and ``sha256`` are those of the signed target."""

    serial: int
    sha256: str
    header: Mapping[str, Any]
    services: int


class TooSlow(CampboxError):
    """A search found nothing before its time was over: that is not the same as nothing to be found."""


class Store:
    """Reading side. Every thread has its own connection; a new file (another inode) is noticed at the next question.

    Between ``hold`` and ``release`` a thread reads one edition, whatever is swapped in meanwhile: a page whose rows are of one file
    and whose texts are of another shows wrong services.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._local, self._search = path, threading.local(), Search()

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
            if found is not None and found[0] == SCHEMA and _is_header(found[1]):
                return connection, True
            final = True
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)  # None: a text that is no UTF-8; SQLITE_ERROR: no such table
            final = _is_damage(error) or code in (None, sqlite3.SQLITE_ERROR)
        if connection is not None:
            connection.close()
        return None, final

    def _ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = self._connection()
        if connection is None:
            return []
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            self._raise_unless_damaged(error)
            return []

    def _raise_unless_damaged(self, error: sqlite3.DatabaseError) -> None:
        """A damaged file is no catalogue: pages say so, and sync fetches it again."""
        if not _is_damage(error):
            raise error
        self._forget()

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a question of our own; none while there is no catalogue."""
        return self._ask(sql, *values)

    def about(self) -> About | None:
        """What is stored, or None when nothing whole is."""
        if self._connection() is not None and self._local.about is None:
            for serial, sha256, services, header in self._ask("select serial, sha256, services, header from about"):
                self._local.about = About(serial, sha256, json.loads(header), services)
        about: About | None = self._local.about
        return about

    def generation(self) -> object:
        """Changes whenever another catalogue is read; None while there is none."""
        return self._local.seen if self._connection() is not None else None

    def timetables(self) -> dict[int, list[list[dict[str, Any]]]]:
        """Number -> the schedules that decide, place by place (``hours.essence``)."""
        return {id: json.loads(body) for id, body in self._ask("select id, body from timetable")}

    def counts_by_need(self, among: Set[int] | None = None) -> dict[str, int]:
        """Slug -> number of services (with one of these timetables), in the table's order, needs without any left out."""
        counted = {need.slug: self.how_many(need.slug, among) for need in needs.NEEDS}
        return {slug: count for slug, count in counted.items() if count}

    def how_many(self, slug: str, among: Set[int] | None = None) -> int:
        """Services of a need (with one of these timetables). Counted once a catalogue, by timetable."""
        if self._connection() is not None and self._local.counts is None:
            self._local.counts = {}
            for one, timetable, count in self._ask(
                "select slug, timetable, count(*) from service_term join service using (position) where slug <> '' group by 1, 2"
            ):
                self._local.counts.setdefault(one, {})[timetable] = count
        counts: dict[int, int] = (self._local.counts or {}).get(slug, {})
        return sum(counts.values()) if among is None else sum(n for timetable, n in counts.items() if timetable in among)

    def of_need(self, slug: str, offset: int, limit: int, among: Set[int] | None = None) -> tuple[int, list[Service]]:
        """How many (with one of these timetables), and one page of them."""
        condition, values = _among(among)
        found = self._services(
            f"service_term of_need join service using (position) where of_need.slug = ? and {condition}"
            " order by of_need.position limit ? offset ?",
            slug, *values, limit, offset,
        )  # fmt: skip
        return self.how_many(slug, among), found

    def chosen(self, positions: Sequence[int]) -> list[Service]:
        """The services at these places of the list, in its order: one page of them, not all there are."""
        return self._services(_CHOSEN, json.dumps(sorted(positions)))

    def positions(self) -> dict[str, tuple[int, int]]:
        """Id -> the place in lists and the number of the hours of every service."""
        return {id: (position, timetable) for id, position, timetable in self._ask("select id, position, timetable from service")}

    def bodies(self, entity: str, containing: str = "") -> list[dict[str, Any]]:
        """Every record of an entity whose text holds ``containing``: to be asked once a catalogue, not once a page."""
        rows = self._ask("select body from record where entity = ? and instr(body, ?)", entity, containing)
        return [json.loads(row) for (row,) in rows]

    def documents(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Id -> the whole document of every service with an attribute of one of these kinds: once a catalogue, too."""
        rows = self._ask(
            "select id, document from service where id in (select json_extract(body, '$.link_id') from record"
            " where entity = 'attribute' and json_extract(body, '$.link_type') in (select value from json_each(?)))",
            json.dumps(list(marks)),
        )
        return {id: json.loads(document) for id, document in rows}

    def translated(self, entity: str, field: str) -> dict[str, dict[str, tuple[str, bool]]]:
        """Id -> language -> text and whether a machine wrote it, of one field of an entity: once a catalogue, too."""
        found: dict[str, dict[str, tuple[str, bool]]] = {}
        for id, tag, text, machine in self._ask(
            "select id, tag, text, machine from translation where entity = ? and field = ?", entity, field
        ):
            found.setdefault(id, {})[tag] = (text, bool(machine))
        return found

    def search(self, untrusted_query: str, offset: int, limit: int, tag: str = "") -> tuple[int, list[Service]]:
        """How many (no more than ``MOST``), and one page of the best for a reader of the language ``tag``."""
        total, positions = self._hits(untrusted_query, offset, limit, tag, MOST)
        return total, self._services(_CHOSEN, json.dumps(positions))

    def search_listed(self, untrusted_query: str, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """The same as HSDS list items."""
        total, positions = self._hits(untrusted_query, offset, limit, "", MOST_LISTED)
        return total, [json.loads(row) for (row,) in self._ask(f"select listed from {_CHOSEN}", json.dumps(positions))]

    def _hits(self, untrusted_query: str, offset: int, limit: int, tag: str, most: int) -> tuple[int, tuple[int, ...]]:
        connection = self._connection()
        if connection is None:
            return 0, ()
        try:
            asked = Asked(untrusted_query, tag, wanted=min(offset + limit, most), most=most)
            answer = self._search.find(connection, self._local.seen, asked)
        except sqlite3.DatabaseError as error:
            self._raise_unless_damaged(error)
            return 0, ()
        if answer.cut and not answer.positions:
            raise TooSlow("the search took too long", mend="try again, with one word")
        return answer.total, answer.positions[offset : offset + limit]

    def service(self, untrusted_id: str) -> Service | None:
        """One service by its id, with its whole document."""
        return next(iter(self._services("service where service.id = ?", untrusted_id, columns="document, texts")), None)

    def listed(self, where: str, values: Sequence[Any], offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """HSDS list items; ``where`` is one of the API's own conditions, never text from outside."""
        rows = self._ask(f"select listed from service where {where} order by position limit ? offset ?", *values, limit, offset)
        return self._count(where, *values), [json.loads(row) for (row,) in rows]

    def records(self, entity: str, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """Raw records of one entity."""
        total = self._ask("select count(*) from record where entity = ?", entity)
        rows = self._ask("select body from record where entity = ? order by id limit ? offset ?", entity, limit, offset)
        return (total[0][0] if total else 0), [json.loads(row) for (row,) in rows]

    def _count(self, where: str, *values: Any) -> int:
        rows = self._ask(f"select count(*) from service where {where}", *values)
        return int(rows[0][0]) if rows else 0

    def _services(self, which: str, *values: Any, columns: str = "short, short_texts") -> list[Service]:
        rows = self._ask(
            f"select service.id, {columns}, service.timetable, (select group_concat(slug) from service_term t"
            f" where t.position = service.position and slug <> '') from {which}",
            *values,
        )
        # Read in one go: there are two of them a row, and a small one costs little more than asking for it.
        bodies = iter(json.loads(f"[{','.join(body for row in rows for body in row[1:3])}]"))
        return [
            Service(id, tuple((slugs or "").split(",")), next(bodies), next(bodies), timetable)
            for id, _, _, timetable, slugs in rows
        ]


def _is_header(untrusted: object) -> bool:
    """Whether it says of itself what every page and every look asks; a file that does not is no catalogue, and is built anew."""
    try:
        told = json.loads(untrusted) if isinstance(untrusted, (str, bytes)) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and {"sample", "date", "timezone", "language"} <= told.keys()


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is no good: SQLITE_CORRUPT or SQLITE_NOTADB, extended codes included."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _among(timetables: Set[int] | None) -> tuple[str, tuple[str, ...]]:
    if timetables is None:
        return "1", ()
    return "timetable in (select value from json_each(?))", (json.dumps(sorted(timetables)),)
