"""An organisation signs for its own services, and for nobody else's, however it words it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput, Refused
from content_cache import layers, snapshot
from content_cache.hsds import Record, Translation, record
from content_cache.layers import Layer
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue
from content_cache.targets import File
from tests.content_cache.data import header

OWN, OTHER = stable_id("organization", "own"), stable_id("organization", "other")
CLINIC, SCHOOL, PLACE = stable_id("service", "clinic"), stable_id("service", "school"), stable_id("location", "square")
HOURS, PHONE, THERE = stable_id("schedule", CLINIC), stable_id("phone", CLINIC), stable_id("sal", CLINIC)
RECORDS = (
    record("organization", id=OWN, name="Own", description=""),
    record("organization", id=OTHER, name="Other", description=""),
    record("service", id=CLINIC, name="Clinic", status="active", organization_id=OWN),
    record("service", id=SCHOOL, name="School", status="active", organization_id=OTHER),
    record("location", id=PLACE, location_type="physical", name="Square"),
    record("service_at_location", id=THERE, service_id=CLINIC, location_id=PLACE),
    record("schedule", id=HOURS, service_id=CLINIC, opens_at="08:00", closes_at="12:00"),
    record("phone", id=PHONE, service_at_location_id=THERE, number="1"),
)
CATALOGUE = Catalogue(header(), RECORDS, (Translation("service", CLINIC, "name", "ar", "عيادة", "me", False),))
NEW = stable_id("schedule", CLINIC, 2)


def layer(*values: dict[str, Any], organisation: str = OWN) -> list[Layer]:
    return [Layer(organisation, "".join(json.dumps(one) + "\n" for one in values).encode())]


def clinic(**changed: Any) -> dict[str, Any]:
    return {"e": "service", "id": CLINIC, "name": "Clinic", "status": "active", "organization_id": OWN, **changed}


def test_its_own_service_is_replaced_with_all_that_was_below_it() -> None:
    new = {"e": "schedule", "id": NEW, "service_id": CLINIC, "opens_at": "09:00", "closes_at": "10:00"}
    made = layers.apply(CATALOGUE, layer(clinic(alert="Closed on Monday"), new))
    ids = {one.id for one in made.records}
    assert NEW in ids and not ids & {HOURS, PHONE, THERE} and {SCHOOL, PLACE} <= ids and not made.translations
    assert snapshot.read(snapshot.write(made)) is not None


def test_it_may_add_a_service_at_a_place_that_all_share() -> None:
    new, there = stable_id("service", "new"), stable_id("sal", "new")
    made = layers.apply(
        CATALOGUE, layer(clinic(id=new), {"e": "service_at_location", "id": there, "service_id": new, "location_id": PLACE})
    )
    assert made.count("service") == 3


_ANOTHERS = {
    "its service": {"e": "service", "id": SCHOOL, "name": "Closed", "status": "defunct", "organization_id": OTHER},
    "its service, taken over": {"e": "service", "id": SCHOOL, "name": "Mine now", "status": "active", "organization_id": OWN},
    "a service of nobody": {"e": "service", "id": stable_id("x"), "name": "x", "status": "active"},
    "its hours": {"e": "schedule", "id": NEW, "service_id": SCHOOL, "opens_at": "09:00"},
    "its telephone, behind one of its own": {"e": "phone", "id": NEW, "service_id": CLINIC, "organization_id": OTHER,
                                             "number": "2"},
    "an attribute": {"e": "attribute", "id": NEW, "link_id": SCHOOL, "link_entity": "service", "value": "x"},
    "a vetting of itself": {"e": "attribute", "id": NEW, "link_id": OWN, "link_entity": "organization", "link_type": "vetted",
                            "value": "2026-10-01"},
    "the other organisation": {"e": "organization", "id": OTHER, "name": "Closed", "description": ""},
    "a place that all share": {"e": "location", "id": PLACE, "location_type": "physical", "name": "Elsewhere"},
    "an address there": {"e": "address", "id": NEW, "location_id": PLACE, "address_1": "x", "city": "", "state_province": "",
                         "postal_code": "", "country": "JO", "address_type": "physical"},
    "a need": {"e": "taxonomy_term", "id": NEW, "name": "x", "description": "x"},
    "a name in another language": {"e": "translation", "of": "service", "id": SCHOOL, "field": "name", "tag": "ar", "text": "x",
                                   "source": "me", "machine": False},
    "an id of another kind": {"e": "schedule", "id": SCHOOL, "service_id": CLINIC, "opens_at": "09:00"},
}  # fmt: skip


@pytest.mark.parametrize("what", _ANOTHERS)
def test_a_delegated_role_that_signs_anothers_services_is_refused(what: str) -> None:
    with pytest.raises(Refused, match=f"organisation {OWN} may not sign for the "):
        layers.apply(CATALOGUE, layer(clinic(), _ANOTHERS[what]))


@pytest.mark.parametrize("untrusted", [b"[]", b"{}", b'{"e":"service"}', b"\xff", b"[" * 100_000, b"x" * 500_001])
def test_what_is_no_layer_is_refused(untrusted: bytes) -> None:
    with pytest.raises(BadInput):
        layers.apply(CATALOGUE, [Layer(OWN, untrusted)])


def test_a_layer_is_at_most_so_large() -> None:
    assert layers.LARGEST == 500_000
    full = json.dumps(clinic(alert="Closed today")).encode() + b"\n"
    made = layers.apply(CATALOGUE, [Layer(OWN, full + b"\n" * (500_000 - len(full)))])
    assert made.count("service") == 2
    with pytest.raises(BadInput):
        layers.apply(CATALOGUE, [Layer(OWN, full + b"\n" * (500_001 - len(full)))])


_VALUES = st.sampled_from([OWN, OTHER, CLINIC, SCHOOL, PLACE, THERE, HOURS, PHONE, NEW, "active", "physical", "x"])
_FIELDS = st.sampled_from(
    ["id", "name", "status", "organization_id", "service_id", "location_id", "link_id", "link_entity", "service_at_location_id",
     "number", "location_type", "phone_id", "contact_id", "program_id", "description"]
)  # fmt: skip
_LINES = st.builds(
    lambda entity, values: {"e": entity, **values},
    st.sampled_from(["service", "schedule", "phone", "attribute", "location", "service_at_location", "contact", "organization"]),
    st.dictionaries(_FIELDS, _VALUES, max_size=7),
)


@given(st.lists(_LINES, max_size=4))
def test_no_layer_changes_anything_of_another(lines: list[dict[str, Any]]) -> None:
    with contextlib.suppress(Refused, BadInput):
        made = layers.apply(CATALOGUE, layer(*lines))
        after = {one.id: one for one in made.records}
        assert [after[id] for id in (SCHOOL, OTHER, PLACE, OWN)] == [
            one for id in (SCHOOL, OTHER, PLACE, OWN) for one in RECORDS if one.id == id
        ]
        below = [one for one in made.records if SCHOOL in one.values.values() and one.id != SCHOOL]
        assert not below, below


def test_what_a_box_holds_changes_with_every_layer() -> None:
    one, other = Layer(OWN, b"1"), Layer(OTHER, b"2")
    held = [layers.edition("a" * 64, [layer.sha256 for layer in over]) for over in ([], [one], [other], [one, other])]
    assert held[0] == "a" * 64 and len(set(held)) == 4 and layers.edition("a" * 64, [other.sha256, one.sha256]) == held[3]


def test_a_role_is_named_after_its_organisation() -> None:
    assert layers.organisation_of(layers.role(OWN, "0123456789ab")) == OWN and layers.organisation_of("org-../../x") is None
    assert isinstance(RECORDS[0], Record)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["chunk", "chunks", "x"]), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers(0, layers.LARGEST * 2), st.just("a" * 64) | st.text(max_size=5), _JSON)
def test_whatever_an_organisation_writes_beside_its_file_is_read_or_refused(length: int, sha256: str, custom: Any) -> None:
    with contextlib.suppress(Refused):
        found = layers.signed("role", OWN, length, sha256, custom)
        assert found.file.length == length <= layers.LARGEST and found.file.sha256 == "a" * 64


def test_a_layer_is_described_by_its_metadata() -> None:
    hash = "a" * 64
    plain = layers.signed("role", OWN, 40_000, hash, None)
    assert plain == layers.Signed("role", OWN, File(f"orgs/{OWN}/services.jsonl", 40_000, hash, 40_000, ()))
    pieces = {"chunk": 32_768, "chunks": ["b" * 32] * 2}
    assert layers.signed("role", OWN, 40_000, hash, pieces).file.pieces == ("b" * 32,) * 2
    assert layers.signed("role", OWN, 0, hash, {"chunk": 32_768, "chunks": []}).file == File(plain.file.name, 0, hash, 1, ())
    assert layers.signed("role", OWN, 500_000, hash, {}).file.length == 500_000
    for length, wrong in ((500_001, hash), (1, "a" * 63), (1, "")):
        with pytest.raises(Refused):
            layers.signed("role", OWN, length, wrong, {})


@pytest.mark.parametrize("key", ["0123456789ab", "01234567"])
def test_a_role_names_its_organisation_and_eight_digits_of_its_key(key: str) -> None:
    assert layers.role(OWN, key) == f"org-{OWN}-01234567" and layers.organisation_of(f"org-{OWN}-01234567") == OWN
    for name in (
        f"org-{OWN}",
        f"org-{OWN}-0123456",
        f"org-{OWN}-012345678",
        f"org-{OWN.upper()}x-01234567",
        f"x-org-{OWN}-01234567",
    ):
        assert layers.organisation_of(name) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"machine": 1},
        {"machine": None},
        {"machine": {}},
        {"machine": "no"},
        {"text": 5},
        {"of": None},
        {"more": "x"},
        {"tag": ["ar"]},
        {"source": None},
        {"field": 1},
        {"id": 1},
    ],
    ids=str,
)
def test_a_translation_has_its_fields_and_no_others(changed: dict[str, Any]) -> None:
    text = {
        "e": "translation",
        "of": "service",
        "id": CLINIC,
        "field": "name",
        "tag": "ar",
        "text": "x",
        "source": "me",
        "machine": False,
    }
    made = layers.apply(CATALOGUE, layer(clinic(), text))
    assert [one.text for one in made.translations] == ["x"]
    with pytest.raises((BadInput, Refused)):
        layers.apply(CATALOGUE, layer(clinic(), {**text, **changed}))
    with pytest.raises(BadInput):
        layers.apply(CATALOGUE, layer(clinic(), {name: value for name, value in text.items() if name != "machine"}))


def test_a_layer_that_names_one_id_twice_is_refused_and_empty_lines_are_nothing() -> None:
    with pytest.raises(BadInput):
        layers.apply(CATALOGUE, layer(clinic(), clinic(alert="x")))
    (one,) = layer(clinic(alert="x"))
    made = layers.apply(CATALOGUE, [Layer(OWN, b"\n\n" + one.untrusted + b"\n")])
    assert [record.values.get("alert") for record in made.records if record.id == CLINIC] == ["x"]
    assert layers.apply(CATALOGUE, []) == CATALOGUE and layers.apply(CATALOGUE, [Layer(OWN, b"")]) == CATALOGUE


def test_two_layers_are_laid_one_after_the_other() -> None:
    school = {"e": "service", "id": SCHOOL, "name": "New school", "status": "active", "organization_id": OTHER}
    made = layers.apply(CATALOGUE, [*layer(clinic(name="New clinic")), *layer(school, organisation=OTHER)])
    assert {one.id: one.values["name"] for one in made.records if one.entity == "service"} == {
        CLINIC: "New clinic", SCHOOL: "New school",
    }  # fmt: skip
