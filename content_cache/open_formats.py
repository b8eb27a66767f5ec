"""P The catalogue for whoever wants all of it: JSON, the CSV package, and HXL; each with licence, source and date."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from content_cache.hsds import ENTITIES, VERSION

LICENCE_MARK = "; licence: "
"""Before the licence, in what a catalogue of an earlier hub says of its source."""
UNKNOWN_LICENCE = "not stated; ask the sources that are named"
TABLES: Mapping[str, str] = {
    "organization": "organizations", "program": "programs", "service": "services", "location": "locations", "address": "addresses",
    "phone": "phones", "contact": "contacts", "schedule": "schedules", "language": "languages", "cost_option": "cost_options",
    "required_document": "required_documents", "service_area": "service_areas", "unit": "units", "taxonomy": "taxonomies",
    "organization_identifier": "organization_identifiers", "taxonomy_term": "taxonomy_terms", "attribute": "attributes",
    "meta_table_description": "meta_table_descriptions",
}  # fmt: skip
"""Entity -> its table in the specification's package, where that is not its own name."""
TRANSLATION = ("entity", "id", "field", "tag", "text", "source", "machine")
Row = Mapping[str, Any]

HXL: Sequence[tuple[str, str]] = (
    ("Service id", "#service+id"), ("Service", "#service+name"), ("Organisation", "#org+name"), ("Need", "#sector+list"),
    ("Status", "#status"), ("Description", "#description"), ("Place", "#loc+name"), ("Address", "#loc+address"),
    ("Latitude", "#geo+lat"), ("Longitude", "#geo+lon"), ("Telephone", "#contact+phone+list"), ("Alert", "#description+alert"),
    ("Last checked", "#date+checked"),
)  # fmt: skip
"""Heading and hashtag (HXL 1.1 core schema) of each column; one row a service and place."""


def licence(header: Row) -> str:
    """As the catalogue states it, or ""."""
    return str(header.get("licence", "")) or str(header.get("source", "")).partition(LICENCE_MARK)[2]


def about(header: Row) -> dict[str, Any]:
    """What stands beside every copy."""
    source = str(header.get("source", "")).partition(LICENCE_MARK)[0]
    return {
        "specification": f"HSDS {VERSION}, camp profile", "site": header.get("site"), "date": header.get("date"), "source": source,
        "licence": licence(header) or UNKNOWN_LICENCE, "language": header.get("language"),
        "languages": header.get("languages"), "timezone": header.get("timezone"), "sample": header.get("sample"),
    }  # fmt: skip


def table_name(entity: str) -> str:
    """The file of an entity in the package."""
    return f"{TABLES.get(entity, entity)}.csv"


def as_json(header: Row, records: Mapping[str, Iterable[Row]], translations: Iterable[Row]) -> Iterator[str]:
    """One JSON object in pieces: about, one list an entity, translations."""
    yield f'{{"about": {json.dumps(about(header), ensure_ascii=False)}'
    for name, rows in [*records.items(), ("translations", translations)]:
        yield f',\n"{name}": ['
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}\n{json.dumps(row, ensure_ascii=False)}"
        yield "]"
    yield "}\n"


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A table with its line of names."""
    return _csv([columns], ([row.get(name) for name in columns] for row in rows))


def _csv(first: Iterable[Sequence[Any]], then: Iterable[Sequence[Any]]) -> Iterator[str]:
    """RFC 4180, in pieces."""
    out = io.StringIO()
    line = csv.writer(out, lineterminator="\r\n")
    for cells in itertools.chain(first, then):
        line.writerow(["" if cell is None else cell for cell in cells])
        if out.tell() > 60_000:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def columns_of(entity: str) -> list[str]:
    """The columns of an entity's table."""
    return [field.name for field in ENTITIES[entity].fields]


def datapackage(header: Row, entities: Iterable[str]) -> str:
    """The description of the package (Frictionless tabular data package)."""
    said = about(header)
    resources = [{"name": TABLES.get(one, one), "path": table_name(one), "schema": {"fields": _fields(one)}} for one in entities]
    translated = {"name": "translations", "path": "translations.csv", "schema": {"fields": [{"name": n} for n in TRANSLATION]}}
    package = {
        "name": f"campbox-{said['site']}", "profile": "tabular-data-package", "created": said["date"], "version": VERSION,
        "licenses": [{"title": said["licence"]}], "sources": [{"title": said["source"]}], "campbox": said,
        "resources": [*resources, translated],
    }  # fmt: skip
    return json.dumps(package, ensure_ascii=False, indent=1)


def _fields(entity: str) -> list[dict[str, str]]:
    return [{"name": field.name, "type": "number" if field.kind == "number" else "string"} for field in ENTITIES[entity].fields]


def as_hxl(header: Row, services: Iterable[tuple[Row, Sequence[str]]]) -> Iterator[str]:
    """``services``: the nested document of each and its needs. A first line tells source, licence and date (allowed by HXL)."""
    said = about(header)
    first = f"{said['site']}: {said['source']}. Licence: {said['licence']}. Date: {said['date']}."
    tags = [tag for _, tag in HXL]
    rows = ([row.get(tag) for tag in tags] for document, needs in services for row in _hxl_rows(document, needs))
    return _csv([[first], [name for name, _ in HXL], tags], rows)


def _hxl_rows(document: Row, needs: Sequence[str]) -> Iterator[dict[str, Any]]:
    phones = " | ".join(str(one["number"]) for one in document.get("phones", ()))
    shared = {
        "#service+id": document["id"], "#service+name": document["name"], "#org+name": document.get("organization", {}).get("name"),
        "#sector+list": " | ".join(needs), "#status": document.get("status"), "#description": document.get("description"),
        "#contact+phone+list": phones, "#description+alert": document.get("alert"), "#date+checked": document.get("assured_date"),
    }  # fmt: skip
    places: list[Row] = [there.get("location", {}) for there in document.get("service_at_locations", ())]
    for place in places or [{}]:
        addresses = [one.get("address_1") for one in place.get("addresses", ())]
        where = {"#loc+name": place.get("name"), "#loc+address": addresses[0] if addresses else None}
        yield shared | where | {"#geo+lat": place.get("latitude"), "#geo+lon": place.get("longitude")}
