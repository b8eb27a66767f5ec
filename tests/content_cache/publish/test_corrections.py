"""Corrections of a service at the hub: what changes, what becomes stale, and that taken back they leave no trace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import snapshot
from content_cache.hsds import Record, Translation, record
from content_cache.needs import stable_id
from content_cache.publish import corrections
from content_cache.publish.corrections import Correction, Hours
from content_cache.publish.lost_words import lost_words
from content_cache.snapshot import Catalogue
from tests.content_cache.data import catalogue, service

CLINIC = stable_id("service", "a")
LINE = {"days": "MO", "opens": "08:00", "closes": "09:00"}


def camp() -> Catalogue:
    """Two clinics; the first has an alert with a translation."""
    made = catalogue(service("a", "Clinic A", arabic="عيادة"), service("b", "Clinic B"))
    records = tuple(
        Record("service", {**one.values, "alert": "Closed on Monday."}) if one.id == CLINIC else one for one in made.records
    )
    return replace(
        made, records=records, translations=(*made.translations, Translation("service", CLINIC, "alert", "ar", "مغلق", "t", False))
    )


def changed(**values: Any) -> Correction:
    found = corrections.find(camp(), CLINIC)
    assert found is not None
    return replace(corrections.current(camp(), found), **values)


def test_a_service_is_read_into_the_form() -> None:
    assert changed() == Correction(
        CLINIC, "Clinic A", "active", {"en": "Closed on Monday.", "ar": "مغلق"}, (Hours("SU,MO", "08:00", "16:00"),)
    )


def test_a_correction_that_changes_nothing_leaves_the_same_service() -> None:
    after = corrections.applied(camp(), [changed()])
    found = corrections.find(after, CLINIC)
    assert found == corrections.find(camp(), CLINIC) and snapshot.write(after)


def test_hours_alert_and_status_are_replaced_and_the_other_service_is_not() -> None:
    one = changed(
        status="temporarily closed", alerts={"en": "Moved."}, hours=(Hours("MO", "22:00", "06:00"), Hours("FR", "09:00", "12:00"))
    )
    after = corrections.applied(camp(), [one])
    found = corrections.find(after, CLINIC)
    assert found is not None and (found.values["status"], found.values["alert"]) == ("temporarily closed", "Moved.")
    assert corrections.current(after, found).hours == one.hours
    other = stable_id("service", "b")
    assert [r for r in after.records if other in r.values.values()] == [r for r in camp().records if other in r.values.values()]
    assert snapshot.read(snapshot.write(after)).count("schedule") == 3


def test_hours_that_say_more_than_the_form_can_are_left_alone() -> None:
    made = camp()
    monthly = tuple(
        Record("schedule", {**one.values, "freq": "MONTHLY"})
        if one.values.get("service_id") == CLINIC and one.entity == "schedule"
        else one
        for one in made.records
    )
    made = replace(made, records=monthly)
    found = corrections.find(made, CLINIC)
    assert found is not None and corrections.current(made, found).hours is None
    after = corrections.applied(made, [changed(hours=None)])
    assert [r for r in after.records if r.entity == "schedule"] == [r for r in monthly if r.entity == "schedule"]


@pytest.mark.parametrize(
    ("alerts", "stale"),
    [
        ({"en": "Moved."}, ["ar"]),
        ({"en": "Moved.", "ar": "مغلق"}, ["ar"]),
        ({"en": "Moved.", "ar": "انتقلت"}, []),
        ({"en": "Closed on Monday."}, []),
        ({}, ["ar"]),
    ],
)
def test_a_translation_of_the_text_before_is_stale_and_goes_to_no_box(alerts: dict[str, str], stale: list[str]) -> None:
    fresh, found = corrections.without_stale(camp(), changed(alerts=alerts))
    assert found == stale
    after = corrections.applied(camp(), [fresh])
    told = {t.tag: t.text for t in after.translations if t.field == "alert"}
    assert told == {tag: text for tag, text in fresh.alerts.items() if tag != "en" and fresh.alerts.get("en")}
    assert not stale or "مغلق" not in told.values()


def with_note() -> Catalogue:
    """The first clinic's hours have a note, an attribute, and both in Arabic."""
    made = camp()
    (schedule,) = [r for r in made.records if r.entity == "schedule" and r.values.get("service_id") == CLINIC]
    noted = Record("schedule", {**schedule.values, "notes": "Women only", "valid_from": "2026-03-01"})
    mark = record(
        "attribute", id=stable_id("attribute", "note"), link_id=schedule.id, link_entity="schedule", link_type="ramadan",
        value="In Ramadan", label="ramadan",
    )  # fmt: skip
    spoken = [
        Translation("schedule", schedule.id, "notes", "ar", "للنساء فقط", "t", False),
        Translation("attribute", mark.id, "value", "ar", "في رمضان", "t", False),
    ]
    records = tuple(noted if one is schedule else one for one in made.records)
    return replace(made, records=(*records, mark), translations=(*made.translations, *spoken))


def test_every_word_that_goes_with_the_hours_before_is_named() -> None:
    before, one = with_note(), changed(hours=(Hours("MO", "08:00", "12:00"),))
    named = {(said["tag"], said["text"]) for said in lost_words(before, one)}
    assert named == {
        ("", "notes: Women only"), ("", "valid from: 2026-03-01"), ("", "In Ramadan"), ("ar", "للنساء فقط"), ("ar", "في رمضان"),
    }  # fmt: skip
    after = corrections.applied(before, [one])
    gone = {(t.tag, t.text) for t in before.translations} - {(t.tag, t.text) for t in after.translations}
    assert gone and gone <= named, "nothing is lost that is not named"
    assert lost_words(before, replace(one, hours=None)) == [] and lost_words(camp(), one) == []


def test_a_correction_of_a_service_that_is_gone_does_nothing() -> None:
    assert corrections.applied(camp(), [changed(service=stable_id("service", "z"))]) == camp()


@pytest.mark.parametrize(
    "values",
    [
        {"status": "burnt down"}, {"alerts": {"en": ""}}, {"alerts": {"en": "x" * 301}}, {"alerts": {"en": "a\nb"}},
        {"alerts": None}, {"hours": [None]}, {"hours": [LINE | {"days": ""}]}, {"hours": [LINE | {"opens": "8"}]},
        {"hours": [LINE | {"closes": "24:00"}]}, {"hours": [LINE] * 9},
    ],
)  # fmt: skip
def test_what_has_not_its_form_is_refused(values: dict[str, Any]) -> None:
    good = {"service": CLINIC, "name": "Clinic", "status": "active", "alerts": {"en": "x"}, "hours": None}
    assert corrections.read(good)
    with pytest.raises(BadInput):
        corrections.read({**good, **values})


_ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda v: st.lists(v, max_size=2) | st.dictionaries(st.text(max_size=3), v, max_size=2),
    max_leaves=5,
)


@given(_ANY | st.dictionaries(st.sampled_from(["service", "name", "status", "alerts", "hours"]), _ANY))
def test_anything_is_read_or_refused(untrusted: Any) -> None:
    try:
        corrections.read(untrusted)
    except BadInput as error:
        assert error.mend


@pytest.mark.parametrize(("more", "plain"), [({"interval": 1, "wkst": "SU"}, True), ({"interval": 2, "wkst": "SU"}, False)])
def test_hours_of_every_week_stand_in_the_form_however_the_importer_wrote_them(more: dict[str, Any], plain: bool) -> None:
    made = camp()
    records = tuple(Record("schedule", {**one.values, **more}) if one.entity == "schedule" else one for one in made.records)
    made = replace(made, records=records)
    found = corrections.find(made, CLINIC)
    assert found is not None
    one = corrections.current(made, found)
    assert one.hours == ((Hours("SU,MO", "08:00", "16:00"),) if plain else None)
    assert (lost_words(made, replace(one, hours=())) == []) is plain
