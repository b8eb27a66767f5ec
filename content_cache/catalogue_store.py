"""E The box's catalogue: one SQLite file, built beside and swapped in whole; readers reopen it when it changes."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlite_utils

from appliance.errors import NotSo
from content_cache import needs, nest, search_text, snapshot
from content_cache.hsds import Record
from content_cache.snapshot import Catalogue

SCHEMA = 1
FILE = "catalogue.sqlite"
Texts = Mapping[str, Mapping[str, Mapping[str, tuple[str, bool]]]]
"""record id -> field -> language -> (text, translated by machine)."""


@dataclass(frozen=True)
class Service:
    """One service as stored: the whole nested HSDS document and its texts in other languages."""

    id: str
    needs: tuple[str, ...]
    document: Mapping[str, Any]
    texts: Texts


@dataclass(frozen=True)
class About:
    """What the stored catalogue says of itself. ``serial`` and ``sha256`` are those of the signed target."""

    serial: int
    sha256: str
    header: Mapping[str, Any]
    services: int


def build(path: Path, catalogue: Catalogue, serial: int, sha256: str) -> None:
    """Write the whole catalogue into a new file and swap it in at once. Killed at any moment, the old or the new one stands."""
    beside = path.with_name(f".{path.name}.new")
    for old in (beside, Path(f"{beside}-journal")):
        old.unlink(missing_ok=True)
    try:
        _write(beside, catalogue, serial, sha256)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except (OSError, sqlite3.Error) as error:
        beside.unlink(missing_ok=True)
        raise NotSo(f"cannot store the catalogue: {error}", where=str(path), mend="make room") from error


def _write(path: Path, catalogue: Catalogue, serial: int, sha256: str) -> None:
    connection = sqlite3.connect(path)
    with contextlib.closing(connection):
        # The file is nobody's until it is renamed: no journal is needed, the rename is the transaction.
        connection.executescript("pragma journal_mode=off; pragma synchronous=off; pragma page_size=4096")
        database = sqlite_utils.Database(connection)
        _tables(database)
        with connection:
            _fill(database, catalogue)
            about = {"schema": SCHEMA, "serial": serial, "sha256": sha256, "services": catalogue.count("service")}
            database.table("about").insert({**about, "header": json.dumps(asdict(catalogue.header))})
        connection.execute("insert into found(found) values('optimize')")
        connection.commit()
        database.vacuum()


def _tables(database: sqlite_utils.Database) -> None:
    database.table("about").create({"schema": int, "serial": int, "sha256": str, "services": int, "header": str})
    database.table("record").create({"entity": str, "id": str, "body": str}, pk=("entity", "id"))
    database.table("translation").create(
        {"entity": str, "id": str, "field": str, "tag": str, "text": str, "source": str, "machine": int},
        pk=("entity", "id", "field", "tag"),
    )
    database.table("service").create(
        {"position": int, "id": str, "organization_id": str, "modified": str, "listed": str, "document": str, "texts": str},
        pk="position",
    )
    database.table("service").create_index(["id"], unique=True)
    database.table("service_term").create({"term_id": str, "position": int, "slug": str}, pk=("term_id", "position"))
    database.execute(
        "create virtual table found using fts5(name, need, rest, content='', tokenize='unicode61 remove_diacritics 0')"
    )


def _fill(database: sqlite_utils.Database, catalogue: Catalogue) -> None:
    texts = snapshot.translated(catalogue)
    database.table("record").insert_all(
        {"entity": r.entity, "id": r.id, "body": json.dumps(dict(r.values), ensure_ascii=False)} for r in catalogue.records
    )
    database.table("translation").insert_all(asdict(t) for t in catalogue.translations)
    nester = nest.Nester(catalogue.records)
    services = sorted((r for r in catalogue.records if r.entity == "service"), key=_order)
    terms = _terms(catalogue.records)
    for position, service in enumerate(services, 1):
        document = nester.full("service", service.id)
        own = _own_texts(document, texts)
        database.table("service").insert(
            {
                "position": position, "id": service.id, "organization_id": service.values.get("organization_id"),
                "modified": service.values.get("last_modified") or service.values.get("assured_date") or "",
                "listed": json.dumps(nester.listed("service", service.id), ensure_ascii=False),
                "document": json.dumps(document, ensure_ascii=False), "texts": json.dumps(own, ensure_ascii=False),
            }
        )  # fmt: skip
        mine = terms.get(service.id, {})
        database.table("service_term").insert_all({"term_id": t, "position": position, "slug": s} for t, s in sorted(mine.items()))
        database.execute(
            "insert into found(rowid, name, need, rest) values (?, ?, ?, ?)",
            (position, *_search_texts(document, own, mine.values())),
        )


def _order(service: Record) -> tuple[str, str, str]:
    return (str(service.values["name"]), str(service.values.get("organization_id", "")), service.id)


def _terms(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """service id -> term id -> slug of the need ("" for terms of other taxonomies)."""
    found: dict[str, dict[str, str]] = {}
    for one in records:
        if one.entity == "attribute" and one.values.get("link_entity") == "service" and "taxonomy_term_id" in one.values:
            slug = str(one.values.get("value", ""))
            known = needs.BY_SLUG.get(slug)
            term = str(one.values["taxonomy_term_id"])
            found.setdefault(str(one.values["link_id"]), {})[term] = slug if known and known.term_id == term else ""
    return found


def _own_texts(document: Mapping[str, Any], texts: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    ids = nest.ids_within(document)
    return {
        id: {field: {tag: (t.text, t.machine) for tag, t in tags.items()} for field, tags in fields.items()}
        for (_, id), fields in texts.items()
        if id in ids
    }


def _search_texts(document: Mapping[str, Any], own: Mapping[str, Any], slugs: Any) -> tuple[str, str, str]:
    """Names; needs; everything else that is read, in all languages at once."""

    def every(part: Mapping[str, Any], *fields: str) -> Iterator[str]:
        for field in fields:
            yield str(part.get(field) or "")
            yield from (text for text, _ in own.get(str(part.get("id")), {}).get(field, {}).values())

    named = [*every(document, "name", "alternate_name"), *every(document.get("organization", {}), "name", "alternate_name")]
    rest = [*every(document, "description", "eligibility_description", "application_process")]
    for there in document.get("service_at_locations", ()):
        named += every(there.get("location", {}), "name", "alternate_name")
        rest += every(there.get("location", {}), "description")
    for paper in document.get("required_documents", ()):
        rest += every(paper, "document")
    for attribute in document.get("attributes", ()):
        if attribute.get("link_type") == "offer":
            rest += every(attribute, "value")
    meant = [text for slug in slugs if slug for text in (*needs.BY_SLUG[slug].names.values(), needs.SEARCH_WORDS[slug])]
    return search_text.indexed(*named), search_text.indexed(*meant), search_text.indexed(*rest)


class Store:
    """Reading side. Every thread has its own connection; a new file (another inode) is noticed at the next question."""

    def __init__(self, path: Path) -> None:
        self.path, self._local = path, threading.local()

    def _connection(self) -> sqlite3.Connection | None:
        try:
            stat = self.path.stat()
        except OSError:
            stat = None
        seen = (stat.st_ino, stat.st_mtime_ns) if stat else None
        old: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if getattr(self._local, "seen", "nothing yet") != seen:
            if old is not None:
                old.close()
            self._local.connection = self._open() if seen else None
            self._local.seen = seen
        connection: sqlite3.Connection | None = self._local.connection
        return connection

    def _open(self) -> sqlite3.Connection | None:
        # immutable: the file is never written once it has its name, so no lock and no journal is looked for.
        connection = sqlite3.connect(f"file:{self.path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        try:
            if connection.execute("select schema from about").fetchone() == (SCHEMA,):
                return connection
        except sqlite3.DatabaseError:
            pass
        connection.close()
        return None

    def _ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = self._connection()
        if connection is None:
            return []
        try:
            return connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # A damaged file is no catalogue: pages say so, and sync fetches it again.
            self._local.connection = None
            return []

    def about(self) -> About | None:
        """What is stored, or None when nothing whole is."""
        for serial, sha256, services, header in self._ask("select serial, sha256, services, header from about"):
            return About(serial, sha256, json.loads(header), services)
        return None

    def counts_by_need(self) -> dict[str, int]:
        """Slug -> number of services, in the table's order, needs without any left out."""
        counted = dict(self._ask("select slug, count(*) from service_term where slug <> '' group by slug"))
        return {need.slug: counted[need.slug] for need in needs.NEEDS if need.slug in counted}

    def of_need(self, slug: str, offset: int, limit: int) -> tuple[int, list[Service]]:
        """How many, and one page of them."""
        where = "position in (select position from service_term where slug = ?)"
        return self._count(where, slug), self._services(f"{where} order by position limit ? offset ?", slug, limit, offset)

    def search(self, untrusted_query: str, offset: int, limit: int) -> tuple[int, list[Service]]:
        """The best first: all words, or where nothing holds all of them, any."""
        for any_word in (False, True):
            expression = search_text.match(untrusted_query, any_word=any_word)
            if not expression:
                return 0, []
            total = self._ask("select count(*) from found where found match ?", expression)
            if total and total[0][0]:
                rows = self._ask(
                    "select rowid from found where found match ? order by bm25(found, 10.0, 3.0, 1.0), rowid limit ? offset ?",
                    expression, limit, offset,
                )  # fmt: skip
                found = [self._services("position = ?", position)[0] for (position,) in rows]
                return total[0][0], found
        return 0, []

    def service(self, untrusted_id: str) -> Service | None:
        """One service by its id."""
        return next(iter(self._services("id = ?", untrusted_id)), None)

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

    def _services(self, where: str, *values: Any) -> list[Service]:
        rows = self._ask(
            "select id, document, texts, (select group_concat(slug) from service_term t where t.position = service.position"
            f" and slug <> '') from service where {where}",
            *values,
        )
        return [Service(id, tuple((slugs or "").split(",")), json.loads(doc), json.loads(texts)) for id, doc, texts, slugs in rows]
