"""Tables of any HSDS version become whole records; every row is kept, merged, mended or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import nest, snapshot
from content_cache.camp_profile import MAY_BE_EMPTY
from content_cache.hsds import ENTITIES, Record
from content_cache.needs import stable_id
from content_cache.publish.importers import tables
from content_cache.publish.importers.hsds_documents import import_documents
from content_cache.publish.importers.hsds_old_tables import table_name
from content_cache.publish.importers.hsds_rows import NEEDS_ALL, NEEDS_ONE
from content_cache.publish.importers.hsds_tables import import_json, import_package
from content_cache.publish.importers.report import Imported
from content_cache.snapshot import Catalogue
from tests.content_cache.data import PROJECT, header, real


def bring(**files: str) -> Imported:
    return right(import_package({f"{name}.csv": text.encode() for name, text in files.items()}, namespace="acme"))


def right(imported: Imported) -> Imported:
    """The sums agree, and the whole can be published."""
    assert imported.report.agrees()
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    return imported


def only(imported: Imported, entity: str) -> list[Record]:
    return [one for one in imported.records if one.entity == entity]


def said(imported: Imported) -> str:
    return " | ".join(text for one in imported.report.entries for text in (*one.why, *one.notes))


OLD = {
    "organization": "id,name,url\n1,Aid,www.aid.example\n",
    "location": "id,organization_id,name,latitude,longitude\n10,1,Hall,32.1,36.2\n",
    "service": "id,organization_id,name,status\n5,1,Eye clinic,Active\n6,1,Library,\n",
    "service_at_location": "id,service_id,location_id\n1,5,10\n2,6,10\n",
    "regular_schedule": "id,service_id,weekday,opens_at,closes_at\n1,5,1,9:00am,5:00pm\n2,5,Friday,13:00pm,3 pm\n3,5,9,9:00,12:00\n",  # noqa: E501
    "holiday_schedule": "id,service_id,closed,start_date,end_date\n1,5,t,2026-12-25,2026-12-26\n",
    "physical_address": "id,location_id,address_1,address_2,address_3,city\n1,10,Hut 3,Row 2,Block 1,Camp\n",
    "eligibility": "id,service_id,eligibility,minimum_age\n1,5,Adults,18\n2,77,All,\n",
    "service_taxonomy": "id,service_id,taxonomy_id\n1,6,900\n",
    "taxonomy": "id,name,parent_id,vocabulary\n900,Schooling,,OE\n",
    "phone": "id,service_id,number,extension\n1,5,+999 555,12\n2,78,+999 556,\n",
}  # fmt: skip


def test_tables_of_the_first_version_with_numbers_for_ids() -> None:
    imported = bring(**OLD)
    (organisation,) = only(imported, "organization")
    assert organisation.id == stable_id("organization", "hsds", "acme", "1")
    assert organisation.values["website"] == "http://www.aid.example"
    eyes = next(one for one in only(imported, "service") if one.values["name"] == "Eye clinic")
    assert (eyes.values["status"], eyes.values["eligibility_description"], eyes.values["minimum_age"]) == ("active", "Adults", 18)
    weeks = {str(one.values.get("byday")): one.values for one in only(imported, "schedule")}
    assert (weeks["MO"]["opens_at"], weeks["MO"]["closes_at"], weeks["MO"]["freq"]) == ("09:00", "17:00", "WEEKLY")
    assert (weeks["FR"]["opens_at"], weeks["FR"]["closes_at"]) == ("13:00", "15:00")
    (address,) = only(imported, "address")
    assert (address.values["address_2"], address.values["postal_code"]) == ("Row 2, Block 1", "")
    closed = [one.values for one in only(imported, "attribute") if one.values["link_type"] == "hours"]
    assert [one["value"] for one in closed] == ["closed"]
    assert [one.outcome for one in imported.report.entries if one.file == "eligibility.csv"] == ["merged", "refused"]
    assert [one.outcome for one in imported.report.entries if one.file == "phone.csv"] == ["kept", "refused"]


def test_a_weekday_that_is_none_opens_nothing() -> None:
    strange = next(one for one in only(bring(**OLD), "schedule") if "Days: 9" in str(one.values.get("notes")))
    assert "byday" not in strange.values and "freq" not in strange.values


def test_ids_stay_the_same_when_tables_are_sent_again() -> None:
    once, again = bring(**OLD), bring(**{**OLD, "service": OLD["service"] + "7,1,New,active\n"})
    assert {one.id for one in only(once, "service")} < {one.id for one in only(again, "service")}


def test_needs_are_found_in_names_terms_and_otherwise_named() -> None:
    imported = bring(**OLD)
    names = {one.id: one.values["name"] for one in only(imported, "service")}
    found = {
        names[str(a.values["link_id"])]: a.values["value"] for a in only(imported, "attribute") if a.values.get("label") == "need"
    }
    assert found["Eye clinic"] == "health" and "need not told" in said(imported)


ID, OTHER = stable_id("test", 1), stable_id("test", 2)
SERVICES = f"id,name,status\n{ID},Clinic,active\n"


def test_a_duplicate_id_with_other_content_is_never_dropped_in_silence() -> None:
    imported = bring(services=SERVICES + f"{ID},Clinic,active\n{ID},Hospital,active\n")
    assert sorted(str(one.values["name"]) for one in only(imported, "service")) == ["Clinic", "Hospital"]
    assert imported.report.sums()["services.csv"] == {"kept": 2, "merged": 1, "mended": 0, "refused": 0}
    assert "same id, other content: both are kept, they differ in name" in said(imported)


def test_two_bodies_of_what_others_point_to_are_joined_and_the_difference_named() -> None:
    organisations = f"id,name,description\n{OTHER},Aid,\n{OTHER},Aid Two,Helps\n"
    imported = bring(services=SERVICES, organizations=organisations)
    (one,) = only(imported, "organization")
    assert (one.values["name"], one.values["description"]) == ("Aid", "Helps")
    assert "name 'Aid Two' left out, 'Aid' stays" in said(imported)


def test_dirty_values_are_mended_or_left_out_by_name() -> None:
    imported = bring(
        services=f"id,name,status,minimum_age,url,assured_date,last_modified,colour\n{ID},Clinic,Live,old,aid.example,"
        "2026-01-02T10:00:00,2026-01-02 10:00,blue\n",
    )
    (one,) = only(imported, "service")
    assert (one.values["url"], one.values["assured_date"], one.values["last_modified"]) == (
        "http://aid.example", "2026-01-02", "2026-01-02T10:00:00Z",
    )  # fmt: skip
    assert "minimum_age = old" in said(imported) and "minimum_age" not in one.values
    assert {(a.values["label"], a.values["value"]) for a in only(imported, "attribute")} >= {("colour", "blue")}


def test_a_status_nobody_knows_sends_nobody_there() -> None:
    (one,) = only(bring(services=f"id,name,status\n{ID},Clinic,moved?\n"), "service")
    assert one.values["status"] == "inactive"


def test_what_hangs_on_no_service_is_kept_all_the_same() -> None:
    made = import_package(
        {
            "services.csv": b"id,name,status\n1,Clinic,active\n",
            "organizations.csv": b"id,name,description\n5,Aid,Help\n",
            "programs.csv": b"id,name,organization_id\n1,Winter,5\n",
            "locations.csv": b"id,name,location_type\n9,Gate,physical\n",
            "taxonomy_terms.csv": b"id,name\n3,Ambulance\n",
        },
        namespace="aid",
    )
    assert made.report.agrees() and not any(sums["refused"] for sums in made.report.sums().values())
    names = {(one.entity, one.values.get("name")) for one in made.records}
    assert {("organization", "Aid"), ("program", "Winter"), ("location", "Gate"), ("taxonomy_term", "Ambulance")} <= names


def test_unknown_tables_are_refused_row_by_row() -> None:
    imported = bring(services=SERVICES, vouchers="id,name\n1,A\n2,B\n")
    assert imported.report.sums()["vouchers.csv"]["refused"] == 2


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"organizations": "id,name\n1,A\n"}, "no table of services"),
        ({"services": ""}, "no line with the names"),
        ({"services": "id,id\n1,2\n"}, "there twice"),
    ],
)
def test_what_is_no_package_is_named(files: dict[str, str], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        bring(**files)


def test_other_delimiters_line_ends_and_marks_are_read() -> None:
    assert tables.read(b'\xef\xbb\xbfid;name\r\n1;"a;b"\r2;c\n\n', "x.csv") == [
        {"id": "1", "name": "a;b"},
        {"id": "2", "name": "c"},
    ]
    with pytest.raises(BadInput, match="UTF-8"):
        tables.read("name\nع".encode("cp1256"), "x.csv")


def test_every_entity_belongs_to_something_or_stands_alone() -> None:
    alone = {"organization", "program", "service", "location", "unit", "taxonomy", "taxonomy_term", "meta_table_description"}
    assert alone == set(ENTITIES) - set(NEEDS_ALL) - set(NEEDS_ONE)
    assert {table_name(f"{name}s.csv") for name in ("service", "phone", "unit")} == {"service", "phone", "unit"}


def test_the_camp_profile_is_documented_and_only_of_required_fields() -> None:
    text = (PROJECT / "docs" / "camp-profile.md").read_text("utf-8")
    for entity, name in MAY_BE_EMPTY:
        assert ENTITIES[entity].by_name[name].required, (entity, name)
        assert f"`{entity}.{name}`" in text, (entity, name)


# --- the specification's own examples


def test_the_examples_of_the_specification_as_tables() -> None:
    files = {path.name: path.read_bytes() for path in real("hsds", "examples", "csv").iterdir() if path.suffix == ".csv"}
    imported = right(import_package(files, namespace="examples"))
    assert sum(imported.report.read.values()) == len(imported.report.entries) == 24
    refused = {one.key.split()[0]: one.why[-1] for one in imported.report.entries if one.outcome == "refused"}
    assert set(refused) == {"attribute", "metadata", "service_capacity", "url"}
    assert all("belongs to nothing" in why for why in refused.values())
    assert "impossible coordinates: 100, 101" in said(imported)


@pytest.mark.parametrize("name", [
    "service_full", "organization_full", "service_at_location_full", "service_list", "organization_list", "location",
    "service_at_location_list", "taxonomy", "taxonomy_list", "taxonomy_term", "taxonomy_term_list", "tabular",
])  # fmt: skip
def test_every_example_document_is_accounted_for(name: str) -> None:
    value = json.loads(real("hsds", "examples", f"{name}.json").read_text())
    imported = right(import_documents(value, file=f"{name}.json", namespace="examples"))
    assert imported.report.entries and imported.records


def test_a_document_that_is_none_of_hsds_is_named() -> None:
    with pytest.raises(BadInput, match="no document of HSDS"):
        import_documents(json.loads(real("hsds", "examples", "base.json").read_text()), file="base.json", namespace="examples")


def test_the_full_example_comes_back_as_the_schema_wants_it() -> None:
    value = json.loads(real("hsds", "examples", "service_full.json").read_text())
    imported = right(import_documents(value, file="service_full.json", namespace="examples"))
    schema = json.loads(real("hsds", "schema", "compiled", "service_with_definitions.json").read_text())
    document = nest.Nester(imported.records).full("service", value["id"])
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    plain = {name: text for name, text in value.items() if not isinstance(text, (list, dict))}
    assert {n: document.get(n) for n in plain} == {n: t.strip() if isinstance(t, str) else t for n, t in plain.items()}
    assert len(document["schedules"]) == len(value["schedules"]) and len(document["contacts"]) == len(value["contacts"])


cell = st.one_of(
    st.text(max_size=12), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=3), max_size=2), st.just(ID)
)
names = st.sampled_from(sorted({field.name for entity in ENTITIES.values() for field in entity.fields}))
row = st.dictionaries(st.one_of(names, st.text(max_size=8)), cell, max_size=6)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(sorted(ENTITIES)), st.lists(st.one_of(row, cell), max_size=3), max_size=5))
def test_no_rows_break_it_and_each_is_accounted_for(found: dict[str, list[Any]]) -> None:
    right(import_json({"service": [{"id": ID, "name": "A"}], **found}, namespace="acme"))


json_value = st.recursive(
    cell, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)), max_leaves=12
)


@settings(max_examples=60)
@given(
    st.dictionaries(names, json_value, max_size=5),
    st.sampled_from(["phones", "schedules", "service_at_locations", "attributes"]),
    json_value,
)
def test_no_nested_document_breaks_it(document: dict[str, Any], name: str, inner: Any) -> None:
    right(import_documents({**document, "id": ID, "name": "A", "status": "active", name: inner}, file="x", namespace="acme"))


def test_half_a_character_does_not_break_the_catalogue() -> None:
    value = json.loads('{"name": "A\\ud800", "status": "active", "colour \\udfff": "\\ud800"}') | {"id": ID}
    (one,) = only(right(import_documents(value, file="x", namespace="acme")), "service")
    assert one.values["name"] == "A\ufffd"
