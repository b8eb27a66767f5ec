"""P One row of any HSDS source -> the values of one record; what was mended is named, what cannot be kept is refused."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache.camp_profile import MAY_BE_EMPTY, STATUS
from content_cache.hsds import ENTITIES, LONGEST_TEXT, Entity, Field, Record, Value, check, target_of
from content_cache.needs import stable_id
from content_cache.publish.importers import hsds_mend_schedule

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HALF = re.compile("[\ud800-\udfff]")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\Z")
_URI = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[/?#][^\s<>\"]*)?\Z", re.IGNORECASE)
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?\Z")
WITHOUT_ATTRIBUTES = frozenset(["attribute", "metadata", "taxonomy", "taxonomy_term"])
NAMELESS = {"taxonomy_term": "code"}
"""Entity -> the field that stands in for a name where there is none."""


@dataclass
class Mended:
    """The values of a record. ``extras`` are columns the specification does not know: they become attributes."""

    entity: str
    values: dict[str, Value] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)
    mends: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def id_of(entity: str, untrusted: object, namespace: str) -> str:
    """A UUID stays itself; any other key (older sources number their rows) gets one of our own, always the same."""
    text = str(untrusted).strip()
    return text.lower() if _UUID.match(text) else stable_id(entity, "hsds", namespace, text)


def mend(entity: str, untrusted: Mapping[str, Any], namespace: str, *, partial: bool = False) -> Mended:
    """``partial``: the row changes a record that is there, so that required fields may be absent. Raises BadInput: refused."""
    made, table = Mended(entity), ENTITIES[entity]
    for name, value in untrusted.items():
        known = table.by_name.get(name)
        text = tidy(value) if isinstance(value, str) else value
        if text is None or text == "" or text == [] or text == {}:
            continue
        if known is None:
            _extra(made, str(name), text)
        elif known.kind == "uuid":
            made.values[name] = _id(table, name, text, untrusted, namespace)
        else:
            _field(made, known, text)
    _own_id(made, namespace)
    if entity == "schedule":
        hsds_mend_schedule.mend(made.values, made.mends)
    if entity == "location":
        _point(made)
    if not partial:
        _required(made, table)
        check(Record(entity, made.values))
    return made


def tidy(text: str) -> str:
    """Without control characters, line ends unified, no spaces at both ends."""
    # JSON may hold half of a character outside the first plane; no file in UTF-8 can.
    whole = _HALF.sub("\ufffd", text)
    return _CONTROL.sub("", whole.replace("\r\n", "\n").replace("\r", "\n")).strip()


def words(value: object) -> str:
    """Any JSON value as a text of bounded length."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return tidy(text)[:LONGEST_TEXT]


def _extra(made: Mended, name: str, value: Any) -> None:
    label = " ".join(tidy(name).split())[:200] or "nameless column"
    if made.entity in WITHOUT_ATTRIBUTES:
        made.notes.append(f"left out, no room in the specification: {label} = {words(value)[:200]}")
    else:
        made.extras[label] = words(value)


def _id(table: Entity, name: str, value: Any, row: Mapping[str, Any], namespace: str) -> str:
    target = table.name if name == "id" else target_of(table.name, name, row)
    return id_of(target or table.name, value, namespace)


def _own_id(made: Mended, namespace: str) -> None:
    if "id" not in made.values:
        digest = hashlib.sha256(json.dumps(made.values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        made.values["id"] = stable_id(made.entity, "hsds", namespace, "content", digest)
        made.mends.append("id made: the source gives none")


def _field(made: Mended, known: Field, value: Any) -> None:
    try:
        kept = _CASTS[known.kind](value)
    except (ValueError, OverflowError):
        made.mends.append(f"left out, not a {known.kind}: {known.name} = {words(value)[:200]}")
        return
    if known.one_of and kept not in known.one_of:
        kept = _choice(made, known, str(kept))
    elif isinstance(value, str) and kept != value and known.kind != "number":
        made.mends.append(f"{known.kind} mended: {known.name} {value[:100]!r} read as {str(kept)[:100]!r}")
    if kept is not None:
        made.values[known.name] = kept


def _choice(made: Mended, known: Field, value: str) -> str | None:
    plain = value.strip().lower()
    found = next((one for one in known.one_of if one.lower() == plain), None)
    if found is None and known.name == "status":
        # A word nobody knows must not send people there.
        found = STATUS.get(plain, "inactive")
    said = f"read as {found!r}" if found else "left out"
    made.mends.append(f"{known.name} mended: {value[:100]!r} {said}")
    return found


def _text(value: Any) -> str:
    if isinstance(value, (list, dict, tuple)):
        raise ValueError(value)
    text = tidy(str(value))
    return text[:LONGEST_TEXT]


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(value)
    number = float(value)
    if number != number or abs(number) > 1e15:
        raise ValueError(value)
    return int(number) if number == int(number) and not isinstance(value, float) else number


def _date(value: Any) -> str:
    found = _DATETIME.match(_text(value))
    if found is None:
        raise ValueError(value)
    return datetime.date.fromisoformat(found[1]).isoformat()


def _datetime(value: Any) -> str:
    found = _DATETIME.match(_text(value))
    if found is None:
        raise ValueError(value)
    zone = found[4] or "Z"
    zone = zone if ":" in zone or zone == "Z" else f"{zone[:3]}:{zone[3:]}"
    return f"{datetime.date.fromisoformat(found[1])}T{found[2] or '00:00'}{found[3] or ':00'}{zone}"


def _uri(value: Any) -> str:
    text = _text(value)
    if _URI.match(text):
        return text[:1].lower() + text[1:]
    if not _DOMAIN.match(text):
        raise ValueError(value)
    return f"http://{text}"


def _email(value: Any) -> str:
    text = _text(value).removeprefix("mailto:")
    if not _EMAIL.match(text):
        raise ValueError(value)
    return text


_CASTS: Mapping[str, Any] = {
    "text": _text, "number": _number, "date": _date, "datetime": _datetime, "uri": _uri, "email": _email,
}  # fmt: skip


def _point(made: Mended) -> None:
    """Both or none, and on this Earth."""
    point = [made.values.get(name) for name in ("latitude", "longitude")]
    given = [one for one in point if one is not None]
    if not given:
        return
    good = len(given) == 2 and abs(float(given[0])) <= 90 and abs(float(given[1])) <= 180
    if not good:
        made.mends.append(f"left out, impossible coordinates: {point[0]}, {point[1]}")
        for name in ("latitude", "longitude"):
            made.values.pop(name, None)


def _required(made: Mended, table: Entity) -> None:
    for known in table.fields:
        if not known.required or known.name in made.values:
            continue
        instead = made.values.get(NAMELESS.get(made.entity, "")) if known.name == "name" else None
        profile = MAY_BE_EMPTY.get((made.entity, known.name))
        if instead is None and profile is None:
            raise BadInput(f"no {known.name}")
        made.values[known.name] = instead if instead is not None else str(profile)
        if made.values[known.name] != "":
            made.mends.append(f"{known.name} is missing: {made.values[known.name]!r} is written")
