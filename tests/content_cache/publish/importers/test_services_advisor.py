"""Dirty input in, whole records out: every input record is kept, merged, mended or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import needs, snapshot
from content_cache.hsds import Record
from content_cache.publish.importers.report import Entry, Imported
from content_cache.publish.importers.services_advisor import import_files
from content_cache.snapshot import Catalogue
from tests.content_cache.data import as_file, feature, header, real


def bring(*english: Any, ar: tuple[Any, ...] = ()) -> Imported:
    files = {"en": as_file(*english)} | ({"ar": as_file(*ar)} if ar else {})
    imported = import_files(files, country="JO")
    assert imported.report.agrees()
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    return imported


def only(imported: Imported, entity: str) -> list[Record]:
    return [one for one in imported.records if one.entity == entity]


def entry(imported: Imported, file: str = "en", number: int = 1) -> Entry:
    return next(one for one in imported.report.entries if (one.file, one.number) == (file, number))


def reasons(imported: Imported) -> str:
    return " | ".join(text for one in imported.report.entries for text in (*one.why, *one.notes))


def test_a_clean_record_is_kept_whole() -> None:
    imported = bring(
        feature(
            comments="Lessons for all.",
            **{
                "1. Registration Type Requirement": {"UNHCR ASC": True, "MOI card": False},
                "2. Nationality": {"Syrians only": True},
                "3. Intake Criteria": {"Open to all": True},
                "5. Coverage": {"Countrywide": True},
                "6. Availability": {"Every Day": True},
                "7. Availability Day": {"Sun-Thurs": True},
                "8. Office Open at": {"8:30am": True},
                "13. Feedback Mechanism": {"Excel Tracking table": True},
            },
        )
    )
    (service,), (schedule,) = only(imported, "service"), only(imported, "schedule")
    assert entry(imported).outcome == "kept"
    assert service.values["name"] == "Education opportunities" and service.values["description"] == "Lessons for all."
    assert service.values["eligibility_description"] == "Syrians only. Open to all"
    assert (schedule.values["byday"], schedule.values["opens_at"], schedule.values["freq"]) == ("MO,TU,WE,TH,SU", "08:30", "WEEKLY")
    assert (schedule.values["valid_from"], schedule.values["valid_to"]) == ("2014-01-01", "2014-12-31")
    assert [one.values["document"] for one in only(imported, "required_document")] == ["UNHCR asylum seeker certificate"]
    assert only(imported, "location")[0].values["longitude"] == 35.7
    attributes = {one.values["label"]: one.values["value"] for one in only(imported, "attribute")}
    assert attributes["property 13"] == "Excel Tracking table"
    assert attributes["need"] == "education"


@pytest.mark.parametrize(
    ("opens", "wanted", "mended"),
    [
        ({"13:00pm": True}, "13:00", True),
        ({"8:30am": True, "13:00pm": True}, "08:30", True),
        ({"1:00pm": True}, "13:00", False),
        ({"12:30pm": True}, "12:30", False),
        ({"12:00am": True}, None, False),
        ({"noon": True}, None, False),
        ({"25:00": True}, None, False),
        ({"Always open": True}, "00:00", False),
    ],
)
def test_hours_are_mended_and_never_guessed(opens: dict[str, bool], wanted: str | None, mended: bool) -> None:
    imported = bring(feature(**{"8. Office Open at": opens}))
    (schedule,) = only(imported, "schedule")
    assert schedule.values.get("opens_at") == wanted
    assert entry(imported).outcome == ("mended" if mended else "kept")
    if wanted is None:
        assert "unclear opening time" in reasons(imported)
        assert next(iter(opens)) in str(schedule.values["notes"])


def test_the_same_record_again_is_merged() -> None:
    imported = bring(feature(), feature())
    assert imported.report.sums()["en"] == {"kept": 1, "merged": 1, "mended": 0, "refused": 0}
    assert entry(imported, number=2).became == entry(imported).became


def test_one_id_with_different_bodies_is_kept_twice_and_named() -> None:
    imported = bring(feature(comments="A"), feature(comments="B"), feature(activity=5604))
    assert len(only(imported, "service")) == 3
    assert "same id and activity, other content" in reasons(imported)
    assert "one id for several activities" in reasons(imported)


def test_ids_stay_the_same_when_records_are_added() -> None:
    alone = {one.id for one in only(bring(feature()), "service")}
    among = {one.id for one in only(bring(feature(7), feature(), feature(9)), "service")}
    assert alone < among


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("a text", "not a feature"),
        ({"id": 5}, "not a feature"),
        (feature(activityName=""), "no activityName"),
        (feature(partnerName=None), "no partnerName"),
        (feature(id=None), "no id"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(record: Any, why: str) -> None:
    imported = bring(record, feature(2))
    assert entry(imported).outcome == "refused" and why in entry(imported).why[0]
    assert len(only(imported, "service")) == 1


def test_arabic_joins_its_english_record_by_id_and_activity() -> None:
    arabic = feature(activityName="فرص التعليم", locationName="مدينة السلط")
    imported = bring(feature(), feature(activity=1, activityName="Other"), ar=(arabic,))
    names = {(t.entity, t.field): t.text for t in imported.translations if t.tag == "ar" and t.entity in ("service", "location")}
    assert names[("service", "name")] == "فرص التعليم" and names[("location", "name")] == "مدينة السلط"
    assert entry(imported, "ar").outcome == "merged" and entry(imported, "ar").became == entry(imported).became


def test_arabic_without_an_english_record_is_refused_and_named() -> None:
    imported = bring(feature(1), ar=(feature(2), feature(1), feature(1)))
    assert [e.outcome for e in imported.report.entries if e.file == "ar"] == ["refused", "merged", "refused"]


def test_an_arabic_term_that_means_something_else_is_never_shown() -> None:
    english = feature(**{"3. Intake Criteria": {"Open to all": True}})
    arabic = feature(activityName="فرص التعليم", **{"3. معايير القبول": {"حالة صحية خطيرة": True}})
    imported = bring(english, ar=(arabic,))
    assert "languages disagree on intake criteria" in reasons(imported)
    shown = [t.text for t in imported.translations if t.field == "eligibility_description"]
    assert shown == ["مفتوح للجميع"]


def test_a_half_translated_name_is_not_shown_and_named() -> None:
    imported = bring(feature(activityName="Foo centre"), ar=(feature(activityName="مركز centre Foo"),))
    assert "half translated name" in reasons(imported)
    assert not [t for t in imported.translations if t.entity == "service" and t.field == "name"]


def test_unknown_words_and_properties_are_kept_as_written() -> None:
    imported = bring(
        feature(**{"2. Nationality": {"Martians": True}, "99. New": {"X": True}, "Colour": "red"}, activityCategory="SPACE")
    )
    (service,) = only(imported, "service")
    assert service.values["eligibility_description"] == "Martians"
    values = {one.values["value"] for one in only(imported, "attribute")}
    assert {"X", "red", "SPACE"} <= values
    assert "unknown nationality" in reasons(imported) and "unknown category" in reasons(imported)


@pytest.mark.parametrize(
    ("comment", "kept"),
    [
        ("Anna Bella Rossi, Fadi Test", False),
        ("Anna Rossi and Fadi Test", False),
        ("Child Friendly Space, PSS, games", True),
        ("Lessons", True),
    ],
)
def test_names_of_people_are_not_published(comment: str, kept: bool) -> None:
    imported = bring(feature(comments=comment))
    assert ("description" in only(imported, "service")[0].values) is kept
    assert ("comment left out" in reasons(imported)) is not kept


def test_an_impossible_place_or_date_does_not_lose_the_record() -> None:
    broken = feature(startDate="31/12/2014") | {"geometry": {"type": "Point", "coordinates": [500, "x"]}}
    imported = bring(broken)
    assert "latitude" not in only(imported, "location")[0].values
    assert "date left out" in reasons(imported) and "no coordinates" in reasons(imported)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b'"x"'])
def test_a_file_that_is_no_list_is_named(content: bytes) -> None:
    with pytest.raises(BadInput):
        import_files({"en": content}, country="JO")


def test_the_english_file_leads() -> None:
    with pytest.raises(BadInput, match="English file is missing"):
        import_files({"ar": as_file(feature())}, country="JO")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
LABELS = st.sampled_from([
    "1. Registration Type Requirement", "2. Nationality", "6. Availability", "7. Availability Day", "8. Office Open at",
    "9. Office close at", "indicators", "comments", "startDate", "locationName", "activityName", "partnerName", "activity",
])  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 2), st.dictionaries(LABELS, JSON, max_size=4)), max_size=5), st.lists(JSON, max_size=2))
def test_nothing_dirty_crashes_and_the_sums_agree(records: list[tuple[int, dict[str, Any]]], junk: list[Any]) -> None:
    bring(*(feature(id, **properties) for id, properties in records), *junk, ar=tuple(feature(id) for id, _ in records))


def test_the_real_pair_of_files_is_accounted_for_record_by_record() -> None:
    files = {"en": real("jordan", "services.json").read_bytes(), "ar": real("jordan", "services_ar.json").read_bytes()}
    imported = import_files(files, country="JO")
    sums = imported.report.sums()
    assert imported.report.read == {"en": 562, "ar": 562} and imported.report.agrees()
    assert sum(sums["en"].values()) == 562 and sums["ar"]["merged"] == 562 and sums["en"]["refused"] == 0
    assert len(only(imported, "service")) == 562
    said = dict(imported.report.reasons())
    assert said["languages disagree on intake criteria"] == 207
    assert said["one id for several activities"] == 26
    assert {one.values["value"] for one in only(imported, "attribute") if one.values["label"] == "need"} <= set(needs.BY_SLUG)


@pytest.mark.parametrize("number", range(1, 12))
def test_every_real_version_imports(number: int) -> None:
    (path,) = real("jordan", "history").glob(f"{number:02}-*.json")
    imported = import_files({"en": path.read_bytes()}, country="JO")
    assert imported.report.agrees() and len(imported.report.entries) == imported.report.read["en"]
    assert imported.report.sums()["en"]["refused"] == 0
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
