"""P What is asked of the HSDS API -> conditions of our own. Texts from outside go in as values only; nonsense is refused."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import BadInput
from content_cache.search_text import LONGEST_QUERY

PER_PAGE, MOST_PER_PAGE = 50, 100
FORMATS = ("json", "ndjson")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_OF_TERM = "position in (select position from service_term where term_id = ?)"
_OF_TAXONOMY = (
    "position in (select position from service_term t join record r on r.entity = 'taxonomy_term' and r.id = t.term_id"
    " where json_extract(r.body, '$.taxonomy_id') = ?)"
)
SERVICE: Mapping[str, str] = {
    "taxonomy_term_id": _OF_TERM, "taxonomy_id": _OF_TAXONOMY, "organization_id": "organization_id = ?",
    "modified_after": "modified >= ?",
}  # fmt: skip
"""Filter -> condition on the table of services."""
_NAMED = " or ".join(f"instr(lower(coalesce(json_extract(body, '$.{name}'), '')), lower(?))" for name in ("name", "description"))
_BY_SERVICE = "json_extract(body, '$.service_id') in (select id from service where {})"
_AT_CODE = (
    "json_extract(body, '$.location_id') in (select json_extract(a.body, '$.location_id') from record a where a.entity = 'address'"
    " and json_extract(a.body, '$.postal_code') = ?)"
)
RECORD: Mapping[str, Mapping[str, str]] = {
    "organization": {
        "search": f"({_NAMED})",
        "taxonomy_term_id": f"id in (select organization_id from service where {_OF_TERM})",
        "taxonomy_id": f"id in (select organization_id from service where {_OF_TAXONOMY})",
    },
    "service_at_location": {
        "search": _BY_SERVICE.format("instr(lower(json_extract(listed, '$.name')), lower(?))"),
        **{name: _BY_SERVICE.format(condition) for name, condition in SERVICE.items()},
        "postcode": _AT_CODE,
    },
    "taxonomy": {"search": f"({_NAMED})"},
    "taxonomy_term": {
        "search": f"({_NAMED})",
        "taxonomy_id": "json_extract(body, '$.taxonomy_id') = ?",
        "parent_id": "json_extract(body, '$.parent_id') = ?",
    },
}
"""Entity -> filter -> condition on the table of records."""
TOP_ONLY = "json_extract(body, '$.parent_id') is null"


@dataclass(frozen=True)
class Question:
    """One question for a list. ``where`` is text of our own, ``values`` fill its question marks."""

    page: int
    size: int
    search: str
    where: str
    values: tuple[str, ...]
    full: bool
    full_service: bool
    minimal: bool
    streamed: bool

    @property
    def offset(self) -> int:
        """Items before this page."""
        return (self.page - 1) * self.size


def read(entity: str, untrusted: Mapping[str, str]) -> Question:
    """Raises BadInput naming the parameter."""
    known = SERVICE if entity == "service" else RECORD[entity]
    search = untrusted.get("search", "")[:LONGEST_QUERY]
    parts, values = list[str](), list[str]()
    for name, condition in known.items():
        text = search if name == "search" else untrusted.get(name, "")
        if text:
            parts.append(condition)
            values += [_value(name, text)] * condition.count("?")
    if entity == "taxonomy_term" and _flag(untrusted, "top_only"):
        parts.append(TOP_ONLY)
    if untrusted.get("proximity"):
        raise BadInput("proximity is measured from postcodes, and camps have none", mend="leave it out")
    wanted = untrusted.get("format") or "json"
    if wanted not in FORMATS:
        raise BadInput(f"format must be one of {', '.join(FORMATS)}", mend="leave it out")
    return Question(
        _number(untrusted, "page", 1, 1_000_000), _number(untrusted, "per_page", PER_PAGE, MOST_PER_PAGE), search,
        " and ".join(parts) or "1", tuple(values), _flag(untrusted, "full"), _flag(untrusted, "full_service"),
        _flag(untrusted, "minimal"), wanted == "ndjson",
    )  # fmt: skip


def uuid_of(untrusted: str) -> str:
    """The canonical form of an id. Raises BadInput."""
    try:
        return str(uuid.UUID(untrusted))
    except ValueError as error:
        raise BadInput("an id must be a UUID", mend="take it from a list") from error


def _value(name: str, text: str) -> str:
    if name.endswith("_id"):
        return uuid_of(text)
    return _instant(text) if name == "modified_after" else text


def _instant(untrusted: str) -> str:
    """As stored instants are compared: in UTC, a day as it is. A "+" that was not encoded has become a space."""
    if _DATE.match(untrusted):
        return untrusted
    try:
        instant = datetime.datetime.fromisoformat(untrusted.replace(" ", "+") if "T" in untrusted else untrusted)
        instant = instant if instant.tzinfo is None else instant.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput("modified_after must be a date and time", mend="write 2026-01-31T12:00:00Z") from error
    return instant.replace(tzinfo=None).isoformat(timespec="seconds")


def _flag(untrusted: Mapping[str, str], name: str) -> bool:
    text = untrusted.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise BadInput(f"{name} must be true or false", mend="leave it out")
    return text in ("true", "1")


def _number(untrusted: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = untrusted.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 7 or int(text) < 1:
        raise BadInput(f"{name} must be a whole number from 1", mend="leave it out")
    return min(int(text), most)
