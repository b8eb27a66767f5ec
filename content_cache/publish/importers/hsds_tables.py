"""P An HSDS tabular package (files by name) -> records; 3.x, and the tables of 1.x and 2.x with numbers for ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from appliance.errors import BadInput
from content_cache.publish.importers import hsds_finish, hsds_old_tables, tables
from content_cache.publish.importers.hsds_rows import Row, gather
from content_cache.publish.importers.report import Entry, Imported, Report


def import_package(files: Mapping[str, bytes], *, namespace: str, language: str = "en") -> Imported:
    """``files``: name -> content; ``datapackage.json`` describes and is not read as a table. Raises BadInput."""
    read = {name: tables.read(content, name) for name, content in sorted(files.items()) if name.lower().endswith(".csv")}
    return import_rows(read, namespace=namespace, language=language)


def import_json(untrusted: Any, *, namespace: str, language: str = "en") -> Imported:
    """The same package as one JSON object: name of a table -> list of rows. Raises BadInput."""
    if not isinstance(untrusted, dict) or not all(isinstance(rows, list) for rows in untrusted.values()):
        raise BadInput("not tables by name", mend="export it again")
    return import_rows(untrusted, namespace=namespace, language=language)


def import_rows(read: Mapping[str, list[Any]], *, namespace: str, language: str) -> Imported:
    """Rows by the name of their table. A table that HSDS does not know is refused row by row, by name."""
    if not any(hsds_old_tables.table_name(name) == "service" for name in read):
        raise BadInput("no table of services", mend="name a folder or zip with services.csv in it")
    refused = list[Entry]()
    made = gather(_rows(read, refused), namespace)
    made.entries += refused
    counts = {name: len(rows) for name, rows in read.items()}
    return hsds_finish.finish(made, Report(counts, ()), source=namespace, language=language)


def _rows(read: Mapping[str, list[Any]], refused: list[Entry]) -> Iterator[Row]:
    for name, rows in read.items():
        table = hsds_old_tables.table_name(name)
        for number, row in enumerate(rows, 1):
            converted = hsds_old_tables.convert(table, row) if isinstance(row, dict) else None
            if converted is None:
                why = f"no table of HSDS: {table[:60]}" if isinstance(row, dict) else "not a row"
                refused.append(Entry(name, number, table[:60], "refused", None, (f"refused: {why}",)))
                continue
            entity, values, partial = converted
            yield Row(entity, values, name, number, partial)


def described(untrusted: bytes | None) -> str | None:
    """The name of a package by its ``datapackage.json``, or None."""
    try:
        value = json.loads(untrusted or b"")
    except (ValueError, RecursionError):
        return None
    name = value.get("name") if isinstance(value, dict) else None
    return name.strip()[:100] if isinstance(name, str) and name.strip() else None
