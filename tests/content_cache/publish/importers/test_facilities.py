"""A facility survey: every row a place, most a service; desks, shapes and languages that disagree are named."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import needs, nest, snapshot
from content_cache.hsds import Record
from content_cache.publish.importers.facilities import import_csv, import_geojson
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.shapes import centre, outline
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header, real

SQUARE = {"type": "Polygon", "coordinates": [[[36.0, 32.0], [36.2, 32.0], [36.2, 32.4], [36.0, 32.0]]]}


def row(**values: Any) -> dict[str, Any]:
    return {"OBJECTID_1": 1, "TYPE": "Health", "NAME_EN": "Clinic", "NAME_AR": "عيادة", "DISTRICT": 3} | values


def bring(*rows: Any, geometry: Any = SQUARE) -> Imported:
    features = [{"type": "Feature", "properties": one, "geometry": geometry} for one in rows]
    return right(import_geojson({"type": "FeatureCollection", "features": features}, site="camp-1", country="JO"))


def right(imported: Imported) -> Imported:
    assert imported.report.agrees()
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    return imported


def only(imported: Imported, entity: str) -> list[Record]:
    return [one for one in imported.records if one.entity == entity]


def said(imported: Imported) -> str:
    return " | ".join(text for one in imported.report.entries for text in (*one.why, *one.notes))


def test_a_facility_is_a_place_and_a_service() -> None:
    imported = bring(row(OPERATOR="JHAS", HOURS_EN="9:00am-4:00pm (Sun-Thu)", HOURS_AR="9:00am-4:00pm (Sun-Thu)", GBV="Y"))
    (place,), (service,), (schedule,) = only(imported, "location"), only(imported, "service"), only(imported, "schedule")
    assert (place.values["latitude"], place.values["longitude"]) == (32.2, 36.1)
    assert only(imported, "address")[0].values["address_1"] == "District 3"
    assert (schedule.values["byday"], schedule.values["opens_at"], schedule.values["closes_at"]) == (
        "MO,TU,WE,TH,SU",
        "09:00",
        "16:00",
    )
    facts = {(one.values["link_type"], one.values["value"]) for one in only(imported, "attribute")}
    assert ("offer", "Support after gender-based violence") in facts and ("place", "3") in facts
    assert {one.values["value"] for one in only(imported, "attribute") if one.values["label"] == "need"} == {
        "health",
        "womens-safety",
    }
    assert {t.text for t in imported.translations if t.id in (place.id, service.id)} == {"عيادة"}


def test_a_desk_with_hours_of_its_own_does_not_open_the_house() -> None:
    imported = bring(row(HOURS_EN="9:00am-12:30pm (Sat-Thu), ER: 24/7", HOURS_AR="9:00am-12:30pm (Sat-Thu), ER: 24/7"))
    names = {one.id: one.values["name"] for one in only(imported, "service")}
    open_at = {(names[str(one.values["service_id"])], one.values["opens_at"]) for one in only(imported, "schedule")}
    assert open_at == {("Clinic", "09:00"), ("Clinic (emergency room)", "00:00")}
    assert len(only(imported, "location")) == 1 and len(only(imported, "service_at_location")) == 2


def test_unclear_hours_open_nothing() -> None:
    (schedule,) = only(bring(row(HOURS_EN="24/7, closed Jan 2017")), "schedule")
    assert schedule.values["notes"] == "24/7, closed Jan 2017" and "opens_at" not in schedule.values


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"TYPE": "Vacant", "NAME_EN": "Vacant"}, "a plot without a facility"), ({"OBJECTID_1": ""}, "no OBJECTID_1"),
        ({"NAME_EN": "", "NAME_AR": ""}, "no name"),
    ],
)  # fmt: skip
def test_what_is_no_facility_is_refused_by_name(values: dict[str, Any], why: str) -> None:
    imported = bring(row(**values), row(OBJECTID_1=2))
    assert why in said(imported) and len(only(imported, "location")) == 1


def test_a_warehouse_is_a_place_but_no_service() -> None:
    imported = bring(row(TYPE="Warehouse"))
    assert len(only(imported, "location")) == 1 and not only(imported, "service") and "a place, not a service" in said(imported)


@pytest.mark.parametrize(("arabic", "why"), [("مساحة شاغرة", "is written"), ("IMC", "is Latin"), ("", "no Arabic one")])
def test_names_that_disagree_are_listed_and_a_wrong_one_is_not_shown(arabic: str, why: str) -> None:
    imported = bring(row(NAME_AR=arabic))
    assert f"languages disagree on the name: {'Clinic ' if why == 'is written' else ''}" in said(imported) and why in said(imported)
    assert not [one for one in imported.translations if one.entity in ("service", "location")]


def test_one_id_with_other_content_is_kept_twice_and_the_same_is_merged() -> None:
    imported = bring(row(), row(NAME_EN="Hospital"), row())
    assert [one.outcome for one in imported.report.entries] == ["kept", "kept", "merged"]
    assert "same id, other content" in said(imported) and len({one.id for one in only(imported, "service")}) == 2


def test_table_and_shapes_of_zaatari_agree_and_lose_nothing() -> None:
    table = right(import_csv(real("zaatari", "facilities.csv").read_bytes(), site="z", country="JO"))
    shapes = right(import_geojson(json.loads(real("zaatari", "facilities.geojson").read_text()), site="z", country="JO"))
    assert table.report.read == {"facilities.csv": 208} and shapes.report.read == {"facilities.geojson": 208}
    sums = table.report.sums()["facilities.csv"]
    assert sums["refused"] == 15 and sums["kept"] + sums["mended"] == 193
    assert {one.id for one in only(table, "service")} == {one.id for one in only(shapes, "service")}
    assert len(only(table, "service")) == 188
    disagreeing = {e.number for e in table.report.entries for note in e.notes if "disagree on the name" in note}
    assert disagreeing == {14, 38, 111, 137, 141, 142, 200, 203, 204, 205}
    assert all("latitude" in one.values for one in only(shapes, "location"))
    used = {str(one.values["value"]) for one in only(table, "attribute") if one.values["label"] == "need"}
    assert used <= set(needs.BY_SLUG)


def test_the_real_places_follow_the_schema_of_the_specification() -> None:
    made = import_geojson(json.loads(real("zaatari", "facilities.geojson").read_text()), site="z", country="JO")
    schema = json.loads(real("hsds", "schema", "compiled", "service_with_definitions.json").read_text())
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    nester = nest.Nester(made.records)
    for one in only(made, "service")[::9]:
        validator.validate(nester.full("service", one.id))


def test_another_table_is_named() -> None:
    with pytest.raises(BadInput, match="no columns OBJECTID_1"):
        import_csv(b"id,name\n1,A\n", site="z", country="JO")
    with pytest.raises(BadInput, match="not a FeatureCollection"):
        import_geojson([], site="z", country="JO")


plain = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6))
value = st.recursive(plain, lambda inner: st.lists(inner, max_size=4), max_leaves=8)


@given(st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "Ring"]), value)
def test_no_shape_breaks_it(kind: str, coordinates: Any) -> None:
    shape = {"type": kind, "coordinates": coordinates}
    if centre(shape) is None:
        assert outline(shape) == ""
    else:
        json.loads(outline(shape) or "{}")


@given(st.lists(st.lists(st.floats(-80, 80), min_size=2, max_size=2), min_size=1, max_size=6))
def test_the_middle_of_a_shape_is_within_it_and_its_outline_is_read_back(positions: list[list[float]]) -> None:
    shapes: dict[str, Any] = {"LineString": positions, "Polygon": [positions], "MultiPolygon": [[positions]], "Point": positions[0]}
    for kind, coordinates in shapes.items():
        within = positions if kind != "Point" else positions[:1]
        middle, drawn = centre({"type": kind, "coordinates": coordinates}), outline({"type": kind, "coordinates": coordinates})
        assert middle is not None
        for at, axis in zip(reversed(middle), zip(*within, strict=True), strict=True):
            assert min(axis) - 0.01 <= at <= max(axis) + 0.01
        assert drawn == "" if kind == "Point" else json.loads(drawn)["type"] == kind


column = st.sampled_from(["OBJECTID_1", "TYPE", "NAME_EN", "NAME_AR", "HOURS_EN", "DISTRICT"])


@settings(max_examples=50)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["OBJECTID_1", "TYPE", "NAME_EN", "NAME_AR", "HOURS_EN", "DISTRICT"]), value), max_size=3
    ),
    value,
)
def test_no_feature_breaks_it(rows: list[dict[str, Any]], geometry: Any) -> None:
    bring(*rows, geometry=geometry)
