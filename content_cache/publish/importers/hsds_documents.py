"""P Nested HSDS documents of one file -> records: a service as the API shows it, a page of them, or the tables as JSON."""

from __future__ import annotations

import json
from typing import Any

from appliance.errors import BadInput
from content_cache.publish.importers import hsds_finish, hsds_tables
from content_cache.publish.importers.hsds_nested import Walker, entity_of
from content_cache.publish.importers.hsds_rows import Row, gather
from content_cache.publish.importers.report import Entry, Imported, Report

LARGEST = 100_000_000


def load(untrusted: bytes, file: str) -> Any:
    """The value in a JSON file. Raises BadInput."""
    if len(untrusted) > LARGEST:
        raise BadInput(f"larger than {LARGEST} bytes", where=file, mend="split it")
    try:
        return json.loads(untrusted.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON in UTF-8: {str(error)[:100]}", where=file, mend="export it again") from error


def is_tables(untrusted: Any) -> bool:
    """Whether it is a package of tables in one object: ``{"services.csv": [...], ...}``."""
    return isinstance(untrusted, dict) and any(str(name).endswith(".csv") for name in untrusted)


def documents_of(untrusted: Any) -> list[Any]:
    """A page's contents, a list, or the one document itself."""
    if isinstance(untrusted, dict) and isinstance(untrusted.get("contents"), list):
        found: list[Any] = untrusted["contents"]
        return found
    return untrusted if isinstance(untrusted, list) else [untrusted]


def import_documents(untrusted: Any, *, file: str, namespace: str, language: str = "en", sample: bool = False) -> Imported:
    """What each document is, its fields tell. Raises BadInput where none of them is HSDS."""
    if is_tables(untrusted):
        return hsds_tables.import_json(untrusted, namespace=namespace, language=language)
    documents, walker = documents_of(untrusted), Walker(file)
    rows, refused = list[Row](), list[Entry]()
    for document in documents:
        entity = entity_of(document)
        if entity is None:
            walker.count += 1
            refused.append(Entry(file, walker.count, "", "refused", None, ("refused: nothing tells which entity of HSDS it is",)))
            continue
        rows += walker.rows(document, entity)
    if not rows:
        raise BadInput("no document of HSDS", where=file, mend="name a file that an HSDS API or export gave")
    made = gather(rows, namespace)
    made.entries += refused
    return hsds_finish.finish(made, Report({file: walker.count}, ()), source=namespace, language=language, sample=sample)
