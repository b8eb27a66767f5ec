"""P The Human Services Data Specification 3.1 as one table of entities and fields, and the records that follow it.

Camp profile (what a camp cannot have): an address without postcode, city or state carries empty texts there; times of a
schedule are the site's local time as HH:MM; closing at or before the opening time means the following day.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from appliance.errors import BadInput

VERSION = "3.1"
Kind = Literal["text", "uuid", "number", "date", "datetime", "uri", "email"]
Value = str | int | float
LONGEST_TEXT = 20_000
"""Characters of one field; the longest real one known has 2,400."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z")
_URI = re.compile(r"https?://[^\s<>\"]+\Z")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\Z")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PATTERNS = {"uuid": _UUID, "date": _DATE, "datetime": _DATETIME, "uri": _URI, "email": _EMAIL}


@dataclass(frozen=True)
class Field:
    """One field of an entity; ``one_of`` are its only allowed values, where the specification names them."""

    name: str
    kind: Kind
    required: bool = False
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """One table of the specification: its fields, and how it is nested.

    ``many`` are (name when nested, entity, the field of that entity which points here); ``one`` are (name when nested,
    entity, the field of this entity which points there).
    """

    name: str
    fields: tuple[Field, ...]
    many: tuple[tuple[str, str, str], ...] = ()
    one: tuple[tuple[str, str, str], ...] = ()
    by_name: Mapping[str, Field] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {f.name: f for f in self.fields})


_PLACE = ("physical", "postal", "virtual")
_STATUS = ("active", "inactive", "defunct", "temporarily closed")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ALLOWED = {
    ("location", "location_type"): _PLACE,
    ("address", "address_type"): _PLACE,
    ("service", "status"): _STATUS,
    ("schedule", "wkst"): _DAYS,
    ("schedule", "freq"): ("WEEKLY", "MONTHLY"),
}
_EVERYWHERE = (("attributes", "attribute", "link_id"), ("metadata", "metadata", "resource_id"))

# One line an entity: fields as the JSON schemas order them; "!" required, ":kind" other than text.
_FIELDS = {
    "organization": "id:uuid! name! alternate_name description! email:email website:uri tax_status tax_id year_incorporated:number"
    " legal_status logo uri:uri parent_organization_id:uuid",
    "program": "id:uuid! organization_id:uuid name! alternate_name description!",
    "service": "id:uuid! organization_id:uuid program_id:uuid name! alternate_name description url:uri email:email status!"
    " interpretation_services application_process fees_description wait_time fees accreditations eligibility_description"
    " minimum_age:number maximum_age:number assured_date:date assurer_email:email licenses alert last_modified:datetime",
    "location": "id:uuid! location_type! url:uri organization_id:uuid name alternate_name description transportation"
    " latitude:number longitude:number external_identifier external_identifier_type",
    "service_at_location": "id:uuid! service_id:uuid location_id:uuid description",
    "address": "id:uuid! location_id:uuid attention address_1! address_2 city! region state_province! postal_code! country!"
    " address_type!",
    "phone": "id:uuid! location_id:uuid service_id:uuid organization_id:uuid contact_id:uuid service_at_location_id:uuid number!"
    " extension:number type description",
    "contact": "id:uuid! organization_id:uuid service_id:uuid service_at_location_id:uuid location_id:uuid name title department"
    " email:email",
    "schedule": "id:uuid! service_id:uuid location_id:uuid service_at_location_id:uuid valid_from:date valid_to:date dtstart:date"
    " timezone:number until:date count:number wkst freq interval:number byday byweekno bymonthday byyearday description opens_at"
    " closes_at schedule_link:uri attending_type notes",
    "language": "id:uuid! service_id:uuid location_id:uuid phone_id:uuid name code note",
    "accessibility": "id:uuid! location_id:uuid description details url:uri",
    "cost_option": "id:uuid! service_id:uuid valid_from:date valid_to:date option currency amount:number amount_description",
    "required_document": "id:uuid! service_id:uuid document uri:uri",
    "service_area": "id:uuid! service_id:uuid service_at_location_id:uuid name description extent extent_type uri",
    "service_capacity": "id:uuid! service_id:uuid unit_id:uuid available:number! maximum:number description updated:datetime!",
    "unit": "id:uuid! name! scheme identifier uri:uri",
    "url": "id:uuid! label url:uri! organization_id:uuid service_id:uuid",
    "funding": "id:uuid! organization_id:uuid service_id:uuid source",
    "organization_identifier": "id:uuid! organization_id:uuid identifier_scheme identifier_type! identifier!",
    "taxonomy": "id:uuid! name! description! uri:uri version",
    "taxonomy_term": "id:uuid! code name! description! parent_id:uuid taxonomy language taxonomy_id:uuid term_uri:uri",
    "attribute": "id:uuid! link_id:uuid taxonomy_term_id:uuid link_type link_entity value label",
    "metadata": "id:uuid! resource_id:uuid resource_type last_action_date:date! last_action_type! field_name! previous_value!"
    " replacement_value! updated_by!",
    "meta_table_description": "id:uuid! name language character_set",
}

_MANY: dict[str, tuple[tuple[str, str, str], ...]] = {
    "organization": (
        ("additional_websites", "url", "organization_id"), ("funding", "funding", "organization_id"),
        ("contacts", "contact", "organization_id"), ("phones", "phone", "organization_id"),
        ("locations", "location", "organization_id"), ("programs", "program", "organization_id"),
        ("organization_identifiers", "organization_identifier", "organization_id"),
    ),
    "service": (
        ("additional_urls", "url", "service_id"), ("phones", "phone", "service_id"), ("schedules", "schedule", "service_id"),
        ("service_areas", "service_area", "service_id"), ("service_at_locations", "service_at_location", "service_id"),
        ("languages", "language", "service_id"), ("funding", "funding", "service_id"),
        ("cost_options", "cost_option", "service_id"), ("required_documents", "required_document", "service_id"),
        ("contacts", "contact", "service_id"), ("capacities", "service_capacity", "service_id"),
    ),
    "location": (
        ("languages", "language", "location_id"), ("addresses", "address", "location_id"), ("contacts", "contact", "location_id"),
        ("accessibility", "accessibility", "location_id"), ("phones", "phone", "location_id"),
        ("schedules", "schedule", "location_id"),
    ),
    "service_at_location": (
        ("service_areas", "service_area", "service_at_location_id"), ("contacts", "contact", "service_at_location_id"),
        ("phones", "phone", "service_at_location_id"), ("schedules", "schedule", "service_at_location_id"),
    ),
    "phone": (("languages", "language", "phone_id"),),
    "contact": (("phones", "phone", "contact_id"),),
}  # fmt: skip
_ONE: dict[str, tuple[tuple[str, str, str], ...]] = {
    "service": (("organization", "organization", "organization_id"), ("program", "program", "program_id")),
    "service_at_location": (("location", "location", "location_id"),),
    "service_capacity": (("unit", "unit", "unit_id"),),
    "attribute": (("taxonomy_term", "taxonomy_term", "taxonomy_term_id"),),
    "taxonomy_term": (("taxonomy_detail", "taxonomy", "taxonomy_id"),),
}
_POINTS_TO = {"parent_organization_id": "organization", "parent_id": "taxonomy_term"}
_WITHOUT_ATTRIBUTES = ("attribute", "metadata", "taxonomy", "taxonomy_term")


def _entity(name: str, line: str) -> Entity:
    fields = []
    for word in line.split():
        plain, _, kind = word.rstrip("!").partition(":")
        assert (kind or "text") in get_args(Kind)
        fields.append(Field(plain, kind or "text", word.endswith("!"), _ALLOWED.get((name, plain), ())))  # type: ignore[arg-type]
    every: tuple[tuple[str, str, str], ...] = _EVERYWHERE[1:] if name in _WITHOUT_ATTRIBUTES else _EVERYWHERE
    if name == "metadata":
        every = ()
    return Entity(name, tuple(fields), _MANY.get(name, ()) + every, _ONE.get(name, ()))


ENTITIES: Mapping[str, Entity] = {name: _entity(name, line) for name, line in _FIELDS.items()}


@dataclass(frozen=True)
class Record:
    """One row of one entity; fields without a value are absent."""

    entity: str
    values: Mapping[str, Value]

    @property
    def id(self) -> str:
        """The record's UUID."""
        return str(self.values["id"])


@dataclass(frozen=True)
class Translation:
    """One field of one record in another language; ``tag`` is BCP 47, ``source`` says who translated."""

    entity: str
    id: str
    field: str
    tag: str
    text: str
    source: str
    machine: bool


def record(entity: str, **values: Value | None) -> Record:
    """A record from its values; None leaves a field out. Raises BadInput when it breaks the specification."""
    made = Record(entity, {name: value for name, value in values.items() if value is not None})
    check(made)
    return made


def check(untrusted: Record) -> None:
    """Raises BadInput naming entity, id and field where a record breaks the table."""
    entity = ENTITIES.get(untrusted.entity)
    if entity is None:
        raise BadInput(f"{untrusted.entity[:40]!r} is not an entity of HSDS {VERSION}", mend="see content_cache/hsds.py")
    where = f"{entity.name} {str(untrusted.values.get('id'))[:40]}"
    for name, value in untrusted.values.items():
        known = entity.by_name.get(name)
        if known is None:
            raise BadInput(f"unknown field {name[:40]!r}", where=where, mend="leave it out or make it an attribute")
        problem = _problem(known, value)
        if problem:
            raise BadInput(f"{name} {problem}", where=where, mend="mend it at its source")
    for known in entity.fields:
        if known.required and known.name not in untrusted.values:
            raise BadInput(f"{known.name} is missing", where=where, mend="the specification requires it")


def _problem(known: Field, value: object) -> str:
    if known.kind == "number":
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        return "" if good else "must be a number"
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or _CONTROL.search(value):
        return f"must be a text of at most {LONGEST_TEXT} characters without control characters"
    pattern = _PATTERNS.get(known.kind)
    if pattern is not None and not pattern.match(value):
        return f"is not a {known.kind}"
    if known.one_of and value not in known.one_of:
        return f"must be one of {', '.join(known.one_of)}"
    return ""


def check_together(records: Iterable[Record], translations: Iterable[Translation]) -> None:
    """Raises BadInput for a repeated id, a reference to nothing, or a translation of nothing."""
    ids: dict[str, set[str]] = {name: set() for name in ENTITIES}
    kept = list(records)
    for one in kept:
        if one.id in ids[one.entity]:
            raise BadInput("an id that is there twice", where=f"{one.entity} {one.id}", mend="give every record its own")
        ids[one.entity].add(one.id)
    for one in kept:
        for name, target in references(one):
            if str(one.values[name]) not in ids[target]:
                raise BadInput(f"{name} points to nothing", where=f"{one.entity} {one.id}", mend=f"add that {target}")
    said = set[tuple[str, str, str, str]]()
    for text in translations:
        key = (text.entity, text.id, text.field, text.tag)
        if key in said:
            raise BadInput("a translation that is there twice", where=f"{text.entity} {text.id}", mend="keep one")
        said.add(key)
        known = ENTITIES[text.entity].by_name.get(text.field) if text.entity in ENTITIES else None
        if known is None or known.kind != "text" or text.id not in ids[text.entity]:
            raise BadInput(f"a translation of nothing: {text.field[:40]}", where=f"{text.entity} {text.id}", mend="leave it out")
        if not _TAG.match(text.tag) or _problem(known, text.text):
            raise BadInput(
                f"a bad translation to {text.tag[:20]!r}", where=f"{text.entity} {text.id}", mend="use BCP 47 and plain text"
            )


def references(one: Record) -> list[tuple[str, str]]:
    """The fields of a record that point to another, with the entity they point to."""
    found = [(name, target_of(one.entity, name, one.values)) for name in one.values if name.endswith("_id")]
    return [(name, target) for name, target in found if target in ENTITIES]


def target_of(entity: str, name: str, values: Mapping[str, object]) -> str:
    """The entity that a field of a record points to; what the record itself names ("link_entity") may be none."""
    if name == "link_id" and entity == "attribute":
        return str(values.get("link_entity", ""))
    if name == "resource_id":
        return str(values.get("resource_type", ""))
    return _POINTS_TO.get(name, name.removesuffix("_id"))
