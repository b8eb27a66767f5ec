"""P Nested HSDS documents, as the API answers them -> rows, every object inside counted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.errors import BadInput
from content_cache.hsds import ENTITIES
from content_cache.publish.importers.hsds_rows import Row

DEEPEST = 12
MOST = 500_000
"""Objects of one source."""
_ALSO_MANY: Mapping[tuple[str, str], tuple[str, str]] = {
    ("organization", "services"): ("service", "organization_id"),
    ("location", "service_at_locations"): ("service_at_location", "location_id"),
    ("taxonomy", "taxonomy_terms"): ("taxonomy_term", "taxonomy_id"),
}
_ALSO_ONE: Mapping[tuple[str, str], tuple[str, str]] = {
    ("service_at_location", "service"): ("service", "service_id"),
    ("location", "organization"): ("organization", "organization_id"),
    ("program", "organization"): ("organization", "organization_id"),
}
"""(entity, name when nested) -> (entity, reference): nestings that answers hold beyond the table of the specification."""


class Walker:
    """Counts the objects of one file while it walks through its documents."""

    def __init__(self, file: str) -> None:
        self.file, self.count = file, 0

    def rows(self, untrusted: Any, entity: str) -> Iterator[Row]:
        """Of one document; parents before children. Raises BadInput for what is no object."""
        if not isinstance(untrusted, dict):
            raise BadInput(f"not a {entity}: {str(untrusted)[:40]!r}", where=self.file, mend="export it again")
        yield from self._walk(untrusted, entity, {}, 0)

    def _walk(self, untrusted: Mapping[str, Any], entity: str, parent: Mapping[str, Any], depth: int) -> Iterator[Row]:
        self.count += 1
        number = self.count
        if depth > DEEPEST or number > MOST:
            raise BadInput("nested too deeply, or too many objects", where=self.file, mend="export it again")
        plain, inner = dict(parent), list[tuple[Any, str, str | None]]()
        many, one = _nestings(entity)
        for name, value in untrusted.items():
            if name in many and isinstance(value, list):
                inner += [(item, *many[name]) for item in value]
            elif name in one and isinstance(value, dict):
                child = _with_id(value)
                plain.setdefault(one[name][1], child["id"])
                inner.append((child, one[name][0], None))
            else:
                plain[name] = value
        plain = _with_id(plain)
        yield Row(entity, plain, self.file, number)
        for item, child_entity, key in inner:
            if isinstance(item, dict):
                yield from self._walk(item, child_entity, _parent(child_entity, key, entity, plain["id"]), depth + 1)
            elif item is not None:
                self.count += 1
                yield Row(child_entity, {"(value)": item}, self.file, self.count)


def _nestings(entity: str) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    table = ENTITIES[entity]
    many = {name: (child, key) for name, child, key in table.many} | {n: to for (e, n), to in _ALSO_MANY.items() if e == entity}
    one = {name: (child, key) for name, child, key in table.one} | {n: to for (e, n), to in _ALSO_ONE.items() if e == entity}
    return many, one


def _parent(entity: str, key: str | None, parent: str, id: Any) -> dict[str, Any]:
    if key is None:
        return {}
    named = {"link_id": "link_entity", "resource_id": "resource_type"}.get(key)
    return {key: id} | ({named: parent} if named else {})


def _with_id(untrusted: Mapping[str, Any]) -> dict[str, Any]:
    """Children point to their parent: one without an id is called by its content."""
    if untrusted.get("id"):
        return dict(untrusted)
    digest = hashlib.sha256(json.dumps(untrusted, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
    return {**untrusted, "id": f"content-{digest}"}


def entity_of(untrusted: Any) -> str | None:
    """What a bare document is, by the fields that only one entity has; None where nothing tells."""
    if not isinstance(untrusted, dict) or not {"id", "name"} & set(untrusted):
        return None
    names = set(untrusted)
    for entity, marks in _MARKS:
        if names & marks:
            return entity
    return "organization" if {"name", "description"} <= names else None


_MARKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("service_at_location", frozenset(["location", "service"])),
    ("taxonomy_term", frozenset(["taxonomy_detail", "taxonomy_id", "term_uri", "parent_id", "code"])),
    ("organization", frozenset(["organization_identifiers", "legal_status", "tax_status", "year_incorporated", "programs"])),
    ("service", frozenset(["status", "service_at_locations", "organization_id", "assured_date"])),
    ("location", frozenset(["location_type", "latitude", "addresses"])),
    ("taxonomy", frozenset(["version"])),
)
