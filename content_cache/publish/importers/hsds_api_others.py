"""W The lists of an HSDS API beside its services: organisations, terms, services at places; each item is accounted for.

What hangs on a service came with it: then an item only adds what it says more, and every difference is named. What hangs on none
(an organisation that offers nothing yet, a term nobody uses) is fetched whole and kept. An API need not have these lists: one that
does not answer loses nothing that was known, and the report says so.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.errors import Unreachable
from content_cache.publish.importers.hsds_api_pages import Api, Listing
from content_cache.publish.importers.hsds_nested import Walker
from content_cache.publish.importers.hsds_rows import SHARED, Row
from content_cache.publish.importers.report import Entry

LISTS = {
    "organizations": "organization", "taxonomies": "taxonomy", "taxonomy_terms": "taxonomy_term",
    "service_at_locations": "service_at_location",
}  # fmt: skip
"""Path of the specification -> entity."""
Documents = dict[str, Any]
Others = dict[str, Documents]


@dataclass
class Brought:
    """Rows to gather, entries of what the lists themselves held amiss, how many of each there are, and what to remember."""

    rows: list[Row] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    documents: Others = field(default_factory=dict)


def remembered(untrusted: Any) -> Others:
    """The lists as a file of our own has them; what has not that form is forgotten."""
    kept = untrusted if isinstance(untrusted, dict) else {}
    return {path: kept[path] for path in LISTS if isinstance(kept.get(path), dict)}


def fetch(api: Api, before: Others, seen: Set[tuple[str, str]]) -> Brought:
    """``seen``: (entity, id) of everything that came with the services. Raises BadInput when all of it is too much."""
    made, known = Brought(), set(seen)
    for path, entity in LISTS.items():
        documents, entries = _listed(api, path, entity, before.get(path, {}), known)
        walker, rows = Walker(path), list[Row]()
        for document in documents.values():
            rows += _rows(walker, document, entity, known)
        known |= {(row.entity, str(row.values.get("id"))) for row in rows}
        made.rows += rows
        # Behind the items, in one file with them: the sums of that file then tell of everything the list held.
        made.entries += [replace(entry, file=path, number=walker.count + n) for n, entry in enumerate(entries, 1)]
        made.counts[path] = walker.count + len(entries)
        made.documents[path] = documents
    return made


def _rows(walker: Walker, document: Any, entity: str, known: Set[tuple[str, str]]) -> list[Row]:
    """What is there already is only added to: a list may say less of a service than the service's own page does."""
    rows = list[Row]()
    for row in walker.rows(document, entity):
        there = (row.entity, str(row.values.get("id"))) in known and row.entity not in SHARED
        rows.append(replace(row, partial=True) if there else row)
    return rows


def _listed(api: Api, path: str, entity: str, old: Documents, known: Set[tuple[str, str]]) -> tuple[Documents, list[Entry]]:
    try:
        found = api.listing(path, {})
    except Unreachable as error:
        kept = f"; the {len(old)} known before stay" if old else ""
        return dict(old), [Entry(path, 0, path, "kept", None, (), (f"this list is not offered: {path} ({error.what}){kept}",))]
    entries, documents = _amiss(found, entity), Documents()
    for id, item in found.items.items():
        documents[id] = item if (entity, id) in known else _whole(api, path, id, item, entries)
    for id in old.keys() - found.items.keys():
        if not found.whole:
            documents[id] = old[id]
        entries.append(_gone(entity, id, found))
    return documents, entries


def _whole(api: Api, path: str, id: str, item: Any, entries: list[Entry]) -> Any:
    try:
        found = api.json(f"{path}/{urllib.parse.quote(id, safe='')}", {})
        if isinstance(found, dict) and str(found.get("id")) == id:
            return found
        why = "its own page shows another"
    except Unreachable as error:
        why = f"its own page does not answer ({error.what})"
    entries.append(Entry(path, 0, f"{path} {id[:60]}", "mended", None, (f"only what the list says of it: {why}",)))
    return item


def _amiss(found: Listing, entity: str) -> list[Entry]:
    again = ("repeated in the list: the same id on another page",)
    entries = [Entry("", 0, f"{entity} {id[:60]}", "merged", None, again) for id in found.repeated]
    entries += [Entry("", 0, "", "refused", None, ("refused: an item of the list without an id",))] * found.nameless
    return entries + [Entry("", 0, "", "kept", None, (), (note,)) for note in found.notes]


def _gone(entity: str, id: str, found: Listing) -> Entry:
    if found.whole:
        return Entry("", 0, f"{entity} {id[:60]}", "refused", None, ("gone at the source: removed here",))
    return Entry("", 0, f"{entity} {id[:60]}", "kept", None, ("not in the list, but the list contradicts itself: it stays",))
