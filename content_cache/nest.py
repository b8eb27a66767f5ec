"""P HSDS records nested as the specification's API answers them: a whole service, or its one-to-one fields only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from content_cache.hsds import ENTITIES, Record

_NOT_AGAIN = {"organization": {"locations", "programs"}}
"""Inside a service its organisation is shown without all its other places and programmes (compiled service.json does the same)."""


class Nester:
    """All records of a catalogue, ready to be nested."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_id: dict[tuple[str, str], Record] = {}
        self.pointing: dict[tuple[str, str, str], list[Record]] = {}
        for record in records:
            self.by_id[record.entity, record.id] = record
            for _, child, key in _MANY_KEYS:
                if child == record.entity and key in record.values:
                    self.pointing.setdefault((child, key, str(record.values[key])), []).append(record)

    def full(self, entity: str, id: str) -> dict[str, Any]:
        """One record with everything that belongs to it."""
        return self._full(self.by_id[entity, id], parent_key=None, without=set())

    def _full(self, record: Record, parent_key: str | None, without: set[str]) -> dict[str, Any]:
        entity = ENTITIES[record.entity]
        nested: dict[str, Any] = {name: value for name, value in record.values.items() if name != parent_key}
        for name, child, key in entity.many:
            found = [] if name in without else self.pointing.get((child, key, record.id), [])
            if found:
                nested[name] = [self._full(one, key, set()) for one in sorted(found, key=_order)]
        nested |= self._ones(record, lambda one: self._full(one, None, _NOT_AGAIN.get(one.entity, set())))
        return nested

    def listed(self, entity: str, id: str) -> dict[str, Any]:
        """One record with its one-to-one fields, as in lists."""
        record = self.by_id[entity, id]
        return {**record.values, **self._ones(record, lambda one: dict(one.values))}

    def _ones(self, record: Record, nest: Any) -> dict[str, Any]:
        found = {}
        for name, target, key in ENTITIES[record.entity].one:
            other = self.by_id.get((target, str(record.values.get(key))))
            if other is not None:
                found[name] = nest(other)
        return found


def ids_within(document: Mapping[str, Any]) -> set[str]:
    """Every id that occurs in a nested document."""
    found = {str(document["id"])} if "id" in document else set()
    for value in document.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                found |= ids_within(part)
    return found


def _order(record: Record) -> tuple[str, str]:
    return (str(record.values.get("opens_at", "")), record.id)


_MANY_KEYS = tuple({(name, child, key) for entity in ENTITIES.values() for name, child, key in entity.many})
