"""P A whole catalogue as canonical sorted JSON lines: the same catalogue always gives the same bytes.

The first line is the header. Every other line is one record ``{"e": entity, ...fields}`` or one translation
``{"e": "translation", ...}``, sorted by entity, id, field and language; keys sorted, no spaces, UTF-8, one final newline.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import zstandard

from appliance.errors import BadInput
from content_cache.hsds import Record, Translation, check, check_together

FORMAT = 1
LARGEST = 64_000_000
"""Bytes of an unpacked snapshot; 5,000 services in six languages are about 15 million."""
LONGEST_LINE = 200_000
WINDOW = 2**27
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


@dataclass(frozen=True)
class Header:
    """What a snapshot says about itself.

    ``date`` when it was made (UTC), ``language`` what the records themselves are written in, ``languages`` all it has texts
    in, ``source`` where the entries come from, ``sample`` invented content that only a demo may show. ``licence`` under which the
    sources gave it, empty where none was told: it then stands in no file either, as before there was this field.
    """

    site: str
    date: str
    language: str
    languages: tuple[str, ...]
    timezone: str
    source: str
    sample: bool
    licence: str = ""


@dataclass(frozen=True)
class Catalogue:
    """A header, the records and their translations."""

    header: Header
    records: tuple[Record, ...]
    translations: tuple[Translation, ...]

    def count(self, entity: str) -> int:
        """How many records of one entity there are."""
        return sum(record.entity == entity for record in self.records)


def write(catalogue: Catalogue) -> bytes:
    """The canonical bytes. Raises BadInput when the catalogue breaks the specification."""
    for one in catalogue.records:
        check(one)
    check_together(catalogue.records, catalogue.translations)
    counts: dict[str, int] = {}
    for one in catalogue.records:
        counts[one.entity] = counts.get(one.entity, 0) + 1
    counts["translation"] = len(catalogue.translations)
    lines = [{"campbox_catalogue": FORMAT, **header_values(catalogue.header), "counts": counts}]
    lines += [{"e": r.entity, **r.values} for r in sorted(catalogue.records, key=lambda r: (r.entity, r.id))]
    translated = sorted(catalogue.translations, key=lambda t: (t.entity, t.id, t.field, t.tag))
    lines += [{"e": "translation", "of": t.entity, **{k: v for k, v in asdict(t).items() if k != "entity"}} for t in translated]
    return "".join(f"{_line(line)}\n" for line in lines).encode()


def header_values(header: Header) -> dict[str, Any]:
    """What stands of it in a file."""
    return {name: value for name, value in asdict(header).items() if (name, value) != ("licence", "")}


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def read(untrusted: bytes) -> Catalogue:
    """Read a snapshot whole, checking everything again. Raises BadInput naming the line."""
    if len(untrusted) > LARGEST:
        raise BadInput("a snapshot too large", mend="publish fewer services or raise the limit")
    lines = untrusted.split(b"\n")
    if lines.pop() != b"":
        raise BadInput("a snapshot without its last line end: it was cut off", mend="fetch it again")
    header, counts = _header(_parsed(lines[0] if lines else b"", 1))
    records, translations = list[Record](), list[Translation]()
    for number, line in enumerate(lines[1:], 2):
        values = _parsed(line, number)
        entity = values.pop("e", None)
        if entity == "translation":
            translations.append(_translation(values, number))
        else:
            one = Record(str(entity), values)
            check(one)
            records.append(one)
    check_together(records, translations)
    catalogue = Catalogue(header, tuple(records), tuple(translations))
    _check_counts(catalogue, counts)
    return catalogue


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise BadInput("a line too long", where=f"snapshot:{number}", mend="publish it again")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput("not JSON", where=f"snapshot:{number}", mend="publish it again") from error
    if not isinstance(value, dict):
        raise BadInput("not a JSON object", where=f"snapshot:{number}", mend="publish it again")
    return value


def _header(values: dict[str, Any]) -> tuple[Header, Mapping[str, int]]:
    if values.pop("campbox_catalogue", None) != FORMAT:
        raise BadInput(f"not a catalogue of format {FORMAT}", where="snapshot:1", mend="update this box or publish again")
    counts = values.pop("counts", None)
    kinds = {"languages": list, "sample": bool}
    values.setdefault("licence", "")
    known = {f.name for f in fields(Header)}
    wrong = [name for name in known if not isinstance(values.get(name), kinds.get(name, str))]
    if wrong or not isinstance(counts, dict) or not _DATE.match(values["date"]):
        raise BadInput(f"a bad header: {', '.join(sorted(wrong)) or 'counts or date'}", where="snapshot:1", mend="publish it again")
    kept = {name: values[name] for name in known}
    return Header(**{**kept, "languages": tuple(map(str, values["languages"]))}), counts


def _translation(values: dict[str, Any], number: int) -> Translation:
    names = {"of", "id", "field", "tag", "text", "source", "machine"}
    texts = names - {"machine"}
    if set(values) != names or not all(isinstance(values[n], str) for n in texts) or not isinstance(values["machine"], bool):
        raise BadInput("a bad translation", where=f"snapshot:{number}", mend="publish it again")
    return Translation(values.pop("of"), **values)


def _check_counts(catalogue: Catalogue, counts: Mapping[str, int]) -> None:
    found: dict[str, int] = {"translation": len(catalogue.translations)}
    for one in catalogue.records:
        found[one.entity] = found.get(one.entity, 0) + 1
    if found != dict(counts):
        raise BadInput("the counts in the header do not agree with the lines", where="snapshot:1", mend="publish it again")


def translated(catalogue: Catalogue) -> dict[tuple[str, str], dict[str, dict[str, Translation]]]:
    """(entity, id) -> field -> language -> translation."""
    table: dict[tuple[str, str], dict[str, dict[str, Translation]]] = {}
    for text in catalogue.translations:
        table.setdefault((text.entity, text.id), {}).setdefault(text.field, {})[text.tag] = text
    return table


def unpack(untrusted: bytes) -> bytes:
    """Zstandard (RFC 8878), never more than LARGEST bytes whatever the frame claims. Raises BadInput."""
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(io.BytesIO(untrusted)) as reader:
            content: bytes = reader.read(LARGEST + 1)
    except zstandard.ZstdError as error:
        raise BadInput("not a Zstandard frame of a catalogue", mend="fetch it again") from error
    if len(content) > LARGEST:
        raise BadInput("a snapshot too large", mend="publish fewer services or raise the limit")
    return content
