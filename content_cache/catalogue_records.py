"""E The stored records behind the API: one by its id, pages of an entity, and any of them with all that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from content_cache.catalogue_store import Store
from content_cache.hsds import ENTITIES, Record
from content_cache.nest import Nester

MOST = 100_000
"""Records of one answer."""
_DEEPEST = 6
_BRIEF = {"service_at_location": (("location", "location_id"), ("service", "service_id"))}
"""What a list shows beside a record, which the table of nestings does not say."""


class Records:
    """Reads what the catalogue's store holds; it is asked for nothing while no catalogue is there."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def page(self, entity: str, where: str, values: Sequence[str], offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        """How many, and those of one page as lists show them; ``where`` is a condition of our own, never text from outside."""
        found = self._brief(
            entity,
            self.store.objects(
                f"select body from record where entity = ? and {where} order by id limit ? offset ?", entity, *values, limit, offset
            ),
        )
        total = self.store.ask(f"select count(*) from record where entity = ? and {where}", entity, *values)
        return (int(total[0][0]), found) if total else (0, [])

    def full(self, entity: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """These records, each with everything that belongs to it; ids that are nowhere are left out."""
        nester = Nester(self._below(entity, ids))
        return [nester.full(entity, id) for id in ids if (entity, id) in nester.by_id]

    def every(self, entity: str) -> Iterator[dict[str, Any]]:
        """All records of an entity, by their ids; they end early at one that is damaged."""
        return self.store.each("select body from record where entity = ? order by id", entity)

    def translations(self) -> Iterator[dict[str, Any]]:
        """All texts in other languages."""
        names = ("entity", "id", "field", "tag", "text", "source", "machine")
        for row in self.store.ask(f"select {', '.join(names)} from translation order by entity, id, field, tag"):
            yield dict(zip(names, row, strict=True))

    def services(self) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """Each service as its nested document, and the slugs of its needs; they end early at one that is damaged."""
        needs: dict[int, list[str]] = {}
        for position, slug in self.store.ask("select position, slug from service_term where slug <> '' order by position, slug"):
            needs.setdefault(position, []).append(slug)
        places = [position for (position,) in self.store.ask("select position from service order by position")]
        for position, document in zip(places, self.store.each("select document from service order by position"), strict=False):
            yield document, needs.get(position, [])

    def _brief(self, entity: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ones = _BRIEF.get(entity, tuple((name, key) for name, _, key in ENTITIES[entity].one))
        target = {"taxonomy_detail": "taxonomy"}
        for name, key in ones:
            kind = target.get(name, name)
            found = {one["id"]: one for one in self._by_id(kind, {str(body.get(key)) for body in bodies})}
            for body in bodies:
                if body.get(key) in found:
                    body[name] = found[body[key]]
        return bodies

    def _below(self, entity: str, ids: Iterable[str]) -> list[Record]:
        """The records and, level by level, those that point to them or are pointed to."""
        found = {(entity, body["id"]): body for body in self._by_id(entity, ids)}
        level = list(found)
        for _ in range(_DEEPEST):
            new: dict[tuple[str, str], dict[str, Any]] = {}
            for kind in {one for one, _ in level}:
                here = [id for one, id in level if one == kind]
                for _name, child, key in ENTITIES[kind].many:
                    new |= {(child, body["id"]): body for body in self._pointing(child, key, here)}
                for _name, other, key in ENTITIES[kind].one:
                    wanted = {str(found[kind, id][key]) for id in here if key in found[kind, id]}
                    new |= {(other, body["id"]): body for body in self._by_id(other, wanted)}
            level = [key for key in new if key not in found]
            found |= new
            if not level:
                break
        return [Record(kind, body) for (kind, _), body in found.items()]

    def _by_id(self, entity: str, ids: Iterable[str]) -> list[dict[str, Any]]:
        sql = "select body from record where entity = ? and id in (select value from json_each(?))"
        return self.store.objects(sql, entity, json.dumps(list(ids)))

    def _pointing(self, entity: str, key: str, ids: list[str]) -> list[dict[str, Any]]:
        # "key" is a name of the table of entities.
        sql = f"select body from record where entity = ? and json_extract(body, '$.{key}') in (select value from json_each(?))"
        return self.store.objects(sql, entity, json.dumps(ids))
