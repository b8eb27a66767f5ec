"""E What pages and programs ask the box's catalogue for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import CampboxError
from content_cache import needs
from content_cache.catalogue_file import FILE, SCHEMA, About, CatalogueFile
from content_cache.catalogue_search import Asked, Search

__all__ = ["FILE", "MOST", "MOST_LISTED", "SCHEMA", "About", "Service", "Store", "Texts", "TooSlow"]

MOST, MOST_LISTED = 200, 100_000
"""Services a search counts and shows to people: ten pages; and to programs: all."""
_CHOSEN = "json_each(?) wanted cross join service on service.position = wanted.value order by wanted.key"
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


class TooSlow(CampboxError):
    """A search found nothing before its time was over: that is not the same as nothing to be found."""


class Store(CatalogueFile):
    """The questions of pages and programs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._search = Search()

    def timetables(self) -> dict[int, list[list[dict[str, Any]]]]:
        """Number -> the schedules that decide, place by place (``hours.essence``)."""
        return self.by_id(list, "select id, body from timetable")

    def counts_by_need(self, among: Set[int] | None = None) -> dict[str, int]:
        """Slug -> number of services (with one of these timetables), in the table's order, needs without any left out."""
        counted = {need.slug: self.how_many(need.slug, among) for need in needs.NEEDS}
        return {slug: count for slug, count in counted.items() if count}

    def how_many(self, slug: str, among: Set[int] | None = None) -> int:
        """Services of a need (with one of these timetables). Counted once a catalogue, by timetable."""
        if self._connection() is not None and self._local.counts is None:
            self._local.counts = {}
            for one, timetable, count in self.ask(
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
        return {id: (position, timetable) for id, position, timetable in self.ask("select id, position, timetable from service")}

    def bodies(self, entity: str, containing: str = "") -> list[dict[str, Any]]:
        """Every record of an entity whose text holds ``containing``: to be asked once a catalogue, not once a page."""
        return self.objects("select body from record where entity = ? and instr(body, ?)", entity, containing)

    def documents(self, marks: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Id -> the whole document of every service with an attribute of one of these kinds: once a catalogue, too."""
        return self.by_id(
            dict,
            "select id, document from service where id in (select json_extract(body, '$.link_id') from record"
            " where entity = 'attribute' and json_extract(body, '$.link_type') in (select value from json_each(?)))",
            json.dumps(list(marks)),
        )

    def translated(self, entity: str, field: str) -> dict[str, dict[str, tuple[str, bool]]]:
        """Id -> language -> text and whether a machine wrote it, of one field of an entity: once a catalogue, too."""
        found: dict[str, dict[str, tuple[str, bool]]] = {}
        for id, tag, text, machine in self.ask(
            "select id, tag, text, machine from translation where entity = ? and field = ?", entity, field
        ):
            found.setdefault(id, {})[tag] = (text, bool(machine))
        return found

    def search(self, untrusted_query: str, offset: int, limit: int, tag: str = "") -> tuple[int, list[Service]]:
        """How many (no more than ``MOST``), and one page of the best for a reader of the language ``tag``."""
        total, positions = self._hits(untrusted_query, offset, limit, tag, MOST)
        found = self._services(_CHOSEN, json.dumps(positions))
        return self._total(total), found

    def search_listed(self, untrusted_query: str, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """The same as HSDS list items."""
        total, positions = self._hits(untrusted_query, offset, limit, "", MOST_LISTED)
        found = self.objects(f"select listed from {_CHOSEN}", json.dumps(positions))
        return self._total(total), found

    def _total(self, counted: int) -> int:
        """None where the rows that were counted have turned out to be damaged."""
        return counted if self.generation() is not None else 0

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
        found = self.objects(f"select listed from service where {where} order by position limit ? offset ?", *values, limit, offset)
        return self._count(where, *values), found

    def records(self, entity: str, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """Raw records of one entity."""
        found = self.objects("select body from record where entity = ? order by id limit ? offset ?", entity, limit, offset)
        total = self.ask("select count(*) from record where entity = ?", entity)
        return (total[0][0] if total else 0), found

    def _count(self, where: str, *values: Any) -> int:
        rows = self.ask(f"select count(*) from service where {where}", *values)
        return int(rows[0][0]) if rows else 0

    def _services(self, which: str, *values: Any, columns: str = "short, short_texts") -> list[Service]:
        rows = self.ask(
            f"select service.id, {columns}, service.timetable, (select group_concat(slug) from service_term t"
            f" where t.position = service.position and slug <> '') from {which}",
            *values,
        )
        # Read in one go: there are two of them a row, and a small one costs little more than asking for it.
        texts = [str(text) for row in rows for text in row[1:3]]
        bodies = self._value(f"[{','.join(texts)}]", list) or []
        if len(bodies) != len(texts) or not all(isinstance(body, dict) for body in bodies):
            self._give_up()
            return []
        if not all(self._is_named(document) for document in bodies[::2]):
            return []
        pairs = zip(bodies[::2], bodies[1::2], strict=True)
        return [
            Service(id, tuple((slugs or "").split(",")), document, own, timetable)
            for (id, _, _, timetable, slugs), (document, own) in zip(rows, pairs, strict=True)
        ]


def _among(timetables: Set[int] | None) -> tuple[str, tuple[str, ...]]:
    if timetables is None:
        return "1", ()
    return "timetable in (select value from json_each(?))", (json.dumps(sorted(timetables)),)
