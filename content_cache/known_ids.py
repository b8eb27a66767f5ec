"""P Ids that follow from what a record says: they need not travel. 16 random bytes a record are most of an update otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from content_cache.needs import stable_id

SOURCES = ("services-advisor", "sample")
"""Importers whose services, places and organisations are named by what the source itself says."""
MOST_NUMBERED = 8
Values = Mapping[str, Any]
_BY = {
    "service_at_location": "location_id", "phone": "number", "language": "code", "required_document": "document",
    "service_area": "name", "accessibility": "description",
}  # fmt: skip
"""Entity -> the field that, with the owner's id, makes the id of its records."""


def candidates(entity: str, owner: str, values: Values, children: Iterable[tuple[str, Values]]) -> Iterator[str]:
    """Ids that an importer may have given this record, the likeliest first; always the same ones in the same order."""
    if entity == "attribute":
        if values.get("label") == "need":
            yield stable_id(entity, owner, "need", values.get("value"))
        yield stable_id(entity, owner, values.get("link_type"), values.get("label"), values.get("value"))
        yield stable_id(entity, owner, values.get("label"))
    elif entity == "taxonomy_term":
        yield stable_id(entity, "need", values.get("code"))
    elif entity == "organization":
        yield from (stable_id(entity, source, values.get("name")) for source in SOURCES)
    elif entity == "location":
        place = (values.get("longitude"), values.get("latitude"))
        yield from (stable_id(entity, source, values.get("name", ""), *place) for source in SOURCES)
    elif entity == "service":
        yield _services_advisor({str(v.get("label")): str(v.get("value")) for kind, v in children if kind == "attribute"})
    elif owner:
        if entity in _BY:
            yield stable_id(entity, owner, values.get(_BY[entity]))
        yield stable_id(entity, owner)
        yield from (stable_id(entity, owner, number) for number in range(MOST_NUMBERED))


def _services_advisor(labels: Mapping[str, str]) -> str:
    return stable_id("service", "services-advisor", labels.get("source", "").rpartition(" ")[2], labels.get("activity", ""))


def need_term(values: Values) -> str:
    """The taxonomy term of an attribute that names a need."""
    return stable_id("taxonomy_term", "need", values.get("value"))
