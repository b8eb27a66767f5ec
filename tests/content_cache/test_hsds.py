"""The table of entities is the specification's, and what breaks it is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.errors import BadInput
from content_cache.hsds import ENTITIES, LONGEST_TEXT, Record, Translation, check, check_together, record
from content_cache.needs import stable_id
from tests.content_cache.data import real, service

ID = stable_id("test", 1)
KINDS = {"uuid": "uuid", "uri": "uri", "email": "email", "date-time": "datetime", "string": "text", "number": "number"}
OUR_DATES = {"assured_date", "valid_from", "valid_to", "dtstart", "until", "last_action_date"}


@pytest.mark.parametrize("name", sorted(ENTITIES))
def test_the_table_is_the_schema_of_the_specification(name: str) -> None:
    schema = json.loads(real("hsds", "schema", f"{name}.json").read_text())
    entity, properties = ENTITIES[name], schema["properties"]
    flat = {key: part for key, part in properties.items() if part.get("type") != "array" and "$ref" not in part}
    nested = {key: (p.get("$ref") or p["items"]["$ref"]).removesuffix(".json") for key, p in properties.items() if key not in flat}
    assert {field.name for field in entity.fields} == set(flat)
    assert {nest: child for nest, child, _ in (*entity.many, *entity.one)} == nested
    assert {field.name for field in entity.fields if field.required} == set(schema["required"]) - set(nested)
    for field in entity.fields:
        part = flat[field.name]
        assert set(field.one_of) == set(part.get("enum", ())), field.name
        wanted = "date" if field.name in OUR_DATES else KINDS[part.get("format") or part["type"]]
        assert field.kind == wanted, field.name


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"id": ID, "name": "A", "status": "active", "colour": "red"}, "unknown field 'colour'"),
        ({"id": ID, "status": "active"}, "name is missing"),
        ({"id": "1", "name": "A", "status": "active"}, "id is not a uuid"),
        ({"id": ID, "name": "A", "status": "open"}, "status must be one of"),
        ({"id": ID, "name": "A\x00", "status": "active"}, "control characters"),
        ({"id": ID, "name": "A" * (LONGEST_TEXT + 1), "status": "active"}, "at most"),
        ({"id": ID, "name": "A", "status": "active", "url": "javascript:alert(1)"}, "url is not a uri"),
        ({"id": ID, "name": "A", "status": "active", "minimum_age": "12"}, "must be a number"),
        ({"id": ID, "name": "A", "status": "active", "minimum_age": float("nan")}, "must be a number"),
        ({"id": ID, "name": "A", "status": "active", "assured_date": "20.11.2026"}, "assured_date is not a date"),
    ],
)
def test_a_record_that_breaks_the_table_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        check(Record("service", values))


def test_an_unknown_entity_is_refused() -> None:
    with pytest.raises(BadInput, match="not an entity"):
        check(Record("voucher", {"id": ID}))


def test_references_must_lead_somewhere() -> None:
    records, texts = service("a", "Clinic")
    with pytest.raises(BadInput, match="points to nothing"):
        check_together([one for one in records if one.entity != "organization"], texts)


def test_an_id_may_be_there_once() -> None:
    one = record("organization", id=ID, name="A", description="")
    with pytest.raises(BadInput, match="there twice"):
        check_together([one, one], [])


@pytest.mark.parametrize(
    ("field", "tag", "problem"),
    [("status_", "ar", "of nothing"), ("id", "ar", "of nothing"), ("name", "Arabic", "bad translation")],
)
def test_a_translation_must_be_of_something_in_a_language(field: str, tag: str, problem: str) -> None:
    one = record("organization", id=ID, name="A", description="")
    with pytest.raises(BadInput, match=problem):
        check_together([one], [Translation("organization", ID, field, tag, "x", "test", False)])
