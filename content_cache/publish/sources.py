"""W Sources as people name them -> imports: ``[LAYER:][KIND=]WHERE[#NAME]``; what a file is, its content tells."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from appliance.errors import BadInput, MissingComponent
from content_cache.publish import source_files
from content_cache.publish.importers import facilities, hsds_documents, hsds_tables, licences, tables, template, template_columns
from content_cache.publish.importers.hsds_api import State, import_api
from content_cache.publish.importers.hsds_api_door import HttpDoor
from content_cache.publish.importers.layers import LAYERS, Source
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.services_advisor import import_files

KINDS = ("hsds-api", "hsds-tables", "hsds-json", "services-advisor", "facilities", "template")
USUAL_LAYER = "camp"
_TAGGED = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{4})?(?:-[A-Z]{2})?=")


@dataclass(frozen=True)
class Wanted:
    """One argument taken apart. ``files``: language -> path, where a source is one file a language."""

    layer: str
    kind: str
    where: str
    name: str
    files: Mapping[str, str]

    @property
    def label(self) -> str:
        """What reports call it: the layer stands before the colon."""
        path = next(iter(self.files.values()), self.where)
        return f"{self.layer}: {self.name or (path if self.kind == 'hsds-api' else Path(path).name)}"


@dataclass(frozen=True)
class Site:
    """What an import must know of the place it is for."""

    id: str
    country: str
    language: str
    memory: Path
    """Folder in which APIs' states are kept between imports."""


@dataclass(frozen=True)
class Loaded:
    """A source, and what to write into which file once it is published."""

    source: Source
    remember: tuple[Path, dict[str, Any]] | None = None


def parse(argument: str) -> Wanted:
    """Raises BadInput for a source that says nothing."""
    layer, colon, rest = argument.partition(":")
    layer, rest = (layer, rest) if colon and layer in LAYERS else (USUAL_LAYER, argument)
    kind, equals, behind = rest.partition("=")
    kind, rest = (kind, behind) if equals and kind in KINDS else ("", rest)
    files = files_by_language(rest.split(",")) if _TAGGED.match(rest) else {}
    if files:
        return Wanted(layer, kind or "services-advisor", "", "", files)
    where, _, name = rest.partition("#")
    if not where:
        raise BadInput(f"{argument!r} names no source", mend="write [LAYER:][KIND=]FILE, FOLDER or URL")
    if not kind and where.startswith(("http://", "https://")):
        kind = "hsds-api"
    return Wanted(layer, kind, where, name, {})


def files_by_language(parts: Sequence[str]) -> dict[str, str]:
    """``["en=services.json", ...]`` -> language -> path. Raises BadInput."""
    files: dict[str, str] = {}
    for part in parts:
        tag, equals, path = part.partition("=")
        if not equals or tag in files or not path:
            raise BadInput(f"{part!r} is not TAG=PATH, or its language is there twice", mend="write en=services.json")
        files[tag] = path
    return files


def load(wanted: Wanted, site: Site) -> Loaded:
    """Read and import one source. Raises BadInput for a bad one, Unreachable for an API that does not answer."""
    if wanted.files:
        contents = {tag: source_files.read(Path(path)) for tag, path in wanted.files.items()}
        return Loaded(Source(wanted.layer, wanted.label, import_files(contents, country=site.country)))
    if wanted.kind == "hsds-api":
        return _api(wanted, site)
    path = Path(wanted.where)
    if path.is_dir() or path.suffix.lower() == ".zip":
        imported = _package(wanted, source_files.tables(path), site)
    else:
        imported = _file(wanted, path, source_files.read(path), site)
    return Loaded(Source(wanted.layer, wanted.label, imported))


def _api(wanted: Wanted, site: Site) -> Loaded:
    memory = site.memory / f"{hashlib.sha256(wanted.where.encode()).hexdigest()[:32]}.json"
    known = State.read(hsds_documents.load(source_files.read(memory), str(memory))) if memory.exists() else State()
    door = HttpDoor(wanted.where)
    name = wanted.name or str(urllib.parse.urlsplit(door.base).hostname)
    imported, state = import_api(door, known, source=name, language=site.language)
    return Loaded(Source(wanted.layer, wanted.label, imported), (memory, state.as_json()))


def _package(wanted: Wanted, files: dict[str, bytes], site: Site) -> Imported:
    if wanted.kind not in ("", "hsds-tables"):
        raise BadInput(f"a folder or zip is no {wanted.kind}", where=wanted.where, mend="name a file")
    description = files.pop("datapackage.json", None)
    namespace = wanted.name or hsds_tables.described(description) or Path(wanted.where).stem
    imported = hsds_tables.import_package(files, namespace=namespace, language=site.language)
    return replace(imported, licence=licences.of_package(description))


def _file(wanted: Wanted, path: Path, content: bytes, site: Site) -> Imported:
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        rows = tables.rows(spreadsheets().read(content, path.name), path.name)
        return template.import_rows(rows, file=path.name, country=site.country, language=site.language)
    return _csv(wanted, path, content, site) if suffix in (".csv", ".tsv", ".txt") else _json(wanted, path, content, site)


def spreadsheets() -> ModuleType:
    """What reads and writes workbooks: openpyxl takes 20 MB of memory that only a workbook needs. Raises MissingComponent."""
    try:
        from content_cache.publish import spreadsheet
    except ImportError as error:
        raise MissingComponent("openpyxl is not installed", mend="install the hub's part, or use CSV") from error
    return spreadsheet


def _csv(wanted: Wanted, path: Path, content: bytes, site: Site) -> Imported:
    rows = tables.read(content, path.name)
    names = {name for row in rows for name in row}
    kind = wanted.kind or ("facilities" if facilities.matches(names) else "template" if template_columns.matches(names) else "")
    readers: Mapping[str, Callable[[], Imported]] = {
        "facilities": lambda: facilities.import_csv(content, site=site.id, country=site.country, file=path.name),
        "template": lambda: template.import_rows(rows, file=path.name, country=site.country, language=site.language),
    }
    return _reader(readers, kind, path)()


def _json(wanted: Wanted, path: Path, content: bytes, site: Site) -> Imported:
    value = hsds_documents.load(content, path.name)
    kind = wanted.kind or _kind_of(value)
    readers: Mapping[str, Callable[[], Imported]] = {
        "facilities": lambda: facilities.import_geojson(value, site=site.id, country=site.country, file=path.name),
        "services-advisor": lambda: import_files({"en": content}, country=site.country),
        "hsds-json": lambda: hsds_documents.import_documents(
            value, file=path.name, namespace=wanted.name or path.stem, language=site.language
        ),
    }
    return _reader(readers, "hsds-json" if kind == "hsds-tables" else kind, path)()


def _reader(readers: Mapping[str, Callable[[], Imported]], kind: str, path: Path) -> Callable[[], Imported]:
    if kind not in readers:
        raise BadInput(
            f"not a {kind}" if kind else "nothing tells what it is", where=str(path), mend=f"write KIND=FILE; {', '.join(KINDS)}"
        )
    return readers[kind]


def _kind_of(value: Any) -> str:
    features = value.get("features") if isinstance(value, dict) and isinstance(value.get("features"), list) else value
    if not isinstance(features, list) or not any(isinstance(one, dict) and "properties" in one for one in features):
        return "hsds-json"
    names = {
        name for one in features if isinstance(one, dict) and isinstance(one.get("properties"), dict) for name in one["properties"]
    }
    return "facilities" if facilities.matches(names) else "services-advisor"
