"""E Building the box's catalogue: one SQLite file, written beside and swapped in whole by its name."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import sqlite_utils

from appliance.errors import NotSo
from appliance.files import beside, replacing
from content_cache import hours, needs, nest, opportunities, snapshot
from content_cache.catalogue_file import SCHEMA, content_digest
from content_cache.hsds import Record
from content_cache.search_index import SearchIndex
from content_cache.snapshot import Catalogue


def build(path: Path, catalogue: Catalogue, serial: int, sha256: str) -> None:
    """Write the whole catalogue into a new file and swap it in at once. Killed at any moment, the old or the new one stands.

    Raises NotSo when the disk refuses.
    """
    try:
        with replacing(path):
            _write(beside(path), catalogue, serial, sha256)
    except sqlite3.Error as error:
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
            about["content"] = content_digest(connection.execute)
            database.table("about").insert({**about, "header": json.dumps(asdict(catalogue.header))})
        database.vacuum()


def _tables(database: sqlite_utils.Database) -> None:
    database.table("about").create({"schema": int, "serial": int, "sha256": str, "services": int, "header": str, "content": str})
    database.table("record").create({"entity": str, "id": str, "body": str}, pk=("entity", "id"))
    database.table("translation").create(
        {"entity": str, "id": str, "field": str, "tag": str, "text": str, "source": str, "machine": int},
        pk=("entity", "id", "field", "tag"),
    )
    database.table("service").create(
        {
            "position": int,
            "id": str,
            "organization_id": str,
            "modified": str,
            "timetable": int,
            # Lists read these two alone; what stands behind a long text is only found by reading through it.
            "short": str,
            "short_texts": str,
            "listed": str,
            "document": str,
            "texts": str,
        },
        pk="position",
    )
    database.table("service").create_index(["id"], unique=True)
    database.table("timetable").create({"id": int, "body": str}, pk="id")
    database.table("service_term").create({"term_id": str, "position": int, "slug": str}, pk=("term_id", "position"))
    # A page of twenty asks twenty times which needs a service has, and once which services a need has.
    database.table("service_term").create_index(["position", "slug"])
    database.table("service_term").create_index(["slug", "position"])


def _fill(database: sqlite_utils.Database, whole: Catalogue) -> None:
    # What nobody has vetted does not come in: it is on no page, in no search and in no answer of the API.
    records = tuple(opportunities.vetted_only(whole.records))
    known = {one.id for one in records}
    catalogue = replace(whole, records=records, translations=tuple(t for t in whole.translations if t.id in known))
    texts = _by_id(catalogue)
    database.table("record").insert_all(
        {"entity": r.entity, "id": r.id, "body": json.dumps(dict(r.values), ensure_ascii=False)} for r in catalogue.records
    )
    database.table("translation").insert_all(asdict(t) for t in catalogue.translations)
    nester = nest.Nester(catalogue.records)
    services = sorted((r for r in catalogue.records if r.entity == "service"), key=_order)
    terms = _terms(catalogue.records)
    timetables: dict[str, int] = {}
    languages = (*catalogue.header.languages, *sorted({text.tag for text in catalogue.translations}))
    index = SearchIndex(database, catalogue.header.language, languages)
    for position, service in enumerate(services, 1):
        document = nester.full("service", service.id)
        own = _own_texts(document, texts)
        short = _short(document)
        essence = json.dumps(hours.essence(document), sort_keys=True)
        names = {id: {"name": own[id]["name"]} for id in nest.ids_within(short) if "name" in own.get(id, {})}
        database.table("service").insert(
            {
                "position": position, "id": service.id, "organization_id": service.values.get("organization_id"),
                "modified": service.values.get("last_modified") or service.values.get("assured_date") or "",
                "listed": json.dumps(nester.listed("service", service.id), ensure_ascii=False),
                "document": json.dumps(document, ensure_ascii=False), "texts": json.dumps(own, ensure_ascii=False),
                "short": json.dumps(short, ensure_ascii=False), "short_texts": json.dumps(names, ensure_ascii=False),
                "timetable": timetables.setdefault(essence, len(timetables) + 1),
            }
        )  # fmt: skip
        mine = terms.get(service.id, {})
        database.table("service_term").insert_all({"term_id": t, "position": position, "slug": s} for t, s in sorted(mine.items()))
        index.add(position, document, own, mine.values())
    index.finish()
    database.table("timetable").insert_all({"id": number, "body": body} for body, number in timetables.items())


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


def _short(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a row of a list needs, cut out of the whole document: a list of twenty is read in a millisecond."""
    short = {name: document[name] for name in ("id", "name", "assured_date") if name in document}
    short["schedules"] = [
        {name: s[name] for name in ("valid_from", "valid_to") if name in s} for s in document.get("schedules", ())
    ]
    if "organization" in document:
        short["organization"] = {name: document["organization"][name] for name in ("id", "name")}
    places = [there["location"] for there in document.get("service_at_locations", ()) if "location" in there]
    short["service_at_locations"] = [{"location": {name: p[name] for name in ("id", "name") if name in p}} for p in places]
    return short


def _own_texts(document: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    return {id: texts[id] for id in sorted(nest.ids_within(document)) if id in texts}


def _by_id(catalogue: Catalogue) -> dict[str, dict[str, dict[str, tuple[str, bool]]]]:
    """Id -> field -> language -> text and whether a machine wrote it; an id belongs to one record."""
    return {
        id: {field: {tag: (t.text, t.machine) for tag, t in tags.items()} for field, tags in fields.items()}
        for (_, id), fields in snapshot.translated(catalogue).items()
    }
