"""P Where sources disagree, in words: a conflict of an import's report names an id, a person must know which service it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from content_cache.hsds import Record
from content_cache.publish import corrections
from content_cache.snapshot import Catalogue

_ABOVE = (
    "service_id",
    "link_id",
    "resource_id",
    "service_at_location_id",
    "location_id",
    "phone_id",
    "contact_id",
    "organization_id",
)
_DEEPEST = 6
_NAMED = ("service", "location", "organization", "program", "taxonomy_term", "taxonomy")


@dataclass(frozen=True)
class Disagreement:
    """``what`` field of ``whose`` record, ``where`` that is; ``service`` is its id where a correction can settle it, else ""."""

    whose: str
    where: str
    what: str
    service: str
    kept: str
    kept_from: str
    left: str
    left_from: str


def told(conflicts: Iterable[Mapping[str, Any]], catalogue: Catalogue | None) -> list[Disagreement]:
    """Conflicts as a report keeps them, with the names of the catalogue that is published."""
    known = {one.id: one for one in catalogue.records} if catalogue else {}
    owners = corrections.owners(catalogue) if catalogue else {}
    return [_one(conflict, known, owners) for conflict in conflicts]


def _one(conflict: Mapping[str, Any], known: Mapping[str, Record], owners: Mapping[str, str]) -> Disagreement:
    entity, id = str(conflict["entity"]), str(conflict["id"])
    owner = _named(known.get(id), known)
    field = str(conflict["field"]) or "all of it"
    kind = "" if owner is not None and owner.id == id else f"{entity.replace('_', ' ')}: "
    name, where = (str(owner.values["name"]), owners.get(owner.id, "")) if owner else (f"{entity} {id}", "")
    service = owner.id if owner is not None and owner.entity == "service" else ""
    said = [str(conflict[part]) for part in ("kept", "kept_from", "left", "left_from")]
    return Disagreement(name, where, f"{kind}{field.replace('_', ' ')}", service, *said)


def _named(one: Record | None, known: Mapping[str, Record], depth: int = 0) -> Record | None:
    """The record itself where it has a name, or the one it hangs below."""
    if one is None or (one.entity in _NAMED and "name" in one.values) or depth > _DEEPEST:
        return one if one is not None and "name" in one.values else None
    above = (known.get(str(one.values[name])) for name in _ABOVE if name in one.values)
    return next((found for record in above if (found := _named(record, known, depth + 1)) is not None), None)
