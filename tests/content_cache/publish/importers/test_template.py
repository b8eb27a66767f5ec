"""The table an NGO fills in: what is written comes through, what is not clear is named, a known service is only changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import opportunities, snapshot
from content_cache.hsds import ENTITIES, Record
from content_cache.needs import stable_id
from content_cache.publish.importers import need_guess, tables
from content_cache.publish.importers import template_columns as columns
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.template import import_rows
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header

FULL = {
    "key": "1", "organisation": "Almond Aid", "name": "Night clinic", "name [ar]": "عيادة ليلية", "description": "A doctor.",
    "needs": "health; Women's safety", "status": "Open", "papers": "Card; Letter", "cost": "Free", "phones": "+999 1; +999 2",
    "languages": "ar; fa-AF", "hours": "22:00-06:00 (daily)", "hours note": "Ring the bell", "accessibility": "Ramp",
    "place": "Clinic 4", "sector": "3", "block": "12", "landmark": "Behind the tower", "landmark [ar]": "خلف البرج",
    "latitude": "32,29", "longitude": "36.32", "last checked": "2026-11-20", "my column": "x",
}  # fmt: skip


def bring(*rows: dict[str, str]) -> Imported:
    imported = import_rows(list(rows), file="services.csv", country="JO")
    assert imported.report.agrees()
    return imported


def only(imported: Imported, entity: str) -> list[Record]:
    return [one for one in imported.records if one.entity == entity]


def said(imported: Imported) -> str:
    return " | ".join(text for one in imported.report.entries for text in (*one.why, *one.notes))


def test_a_full_row_comes_through_whole() -> None:
    imported = bring(FULL)
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    (service,), (schedule,), (place,) = only(imported, "service"), only(imported, "schedule"), only(imported, "location")
    assert (service.values["status"], service.values["assured_date"]) == ("active", "2026-11-20")
    assert (schedule.values["opens_at"], schedule.values["closes_at"], schedule.values["notes"]) == (
        "22:00",
        "06:00",
        "Ring the bell",
    )
    assert (place.values["latitude"], place.values["description"]) == (32.29, "Behind the tower")
    assert only(imported, "address")[0].values["address_1"] == "Sector 3, Block 12"
    assert {one.values["number"] for one in only(imported, "phone")} == {"+999 1", "+999 2"}
    assert {one.values["document"] for one in only(imported, "required_document")} == {"Card", "Letter"}
    found = {one.values["value"] for one in only(imported, "attribute") if one.values["label"] == "need"}
    assert found == {"health", "womens-safety"}
    assert {(t.field, t.tag, t.text) for t in imported.translations if t.entity in ("service", "location")} == {
        ("name", "ar", "عيادة ليلية"), ("description", "ar", "خلف البرج"),
    }  # fmt: skip
    assert "status mended" in said(imported) and "unknown column: my column" in said(imported)


def test_the_empty_files_own_example_is_refused_and_would_be_clean() -> None:
    rows = tables.read(columns.as_csv(["ar", "fa-AF"]), "services.csv")
    assert columns.matches(set(columns.headings(["ar"])))
    assert "example row" in said(bring(*rows))
    imported = bring({**rows[0], "key": "7"})
    assert [one.outcome for one in imported.report.entries] == ["kept"] and not imported.report.entries[0].notes


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": ""}, "no key"), ({"name": ""}, "no name"), ({"organisation": ""}, "no organisation"),
        ({"hours": "mornings"}, "hours kept as words"), ({"hours": "9:00-12:00 (Sun), ER: 24/7"}, "hours kept as words"),
        ({"needs": "wizardry"}, "unknown need: wizardry"), ({"latitude": "99"}, "impossible coordinates"),
        ({"last checked": "20.11.2026"}, "not a date"), ({"phones [ar]": "x"}, "a column without languages"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_row_is_named(changes: dict[str, str], why: str) -> None:
    row = {name: text for name, text in {**FULL, **changes}.items() if text}
    assert why in said(bring(row, {**FULL, "key": "2"}))


OFFER = {**FULL, "opportunity": "Vacancy", "last day": "2026-12-31", "skills": "Teaching; health care", "speaks": "ar; fa-AF"}


def offered(imported: Imported) -> set[tuple[object, object]]:
    """What boxes read of an opportunity."""
    kinds = ("opportunity", "last-day", "skill", "speaks", "voucher", "vetted")
    attributes = [one.values for one in only(imported, "attribute")]
    return {(one.get("link_type"), one["value"]) for one in attributes if one.get("link_type") in kinds}


def test_an_opportunity_comes_through_whole_and_unvetted_whatever_the_table_says() -> None:
    imported = bring({**OFFER, "voucher": "yes", "vetted": "2026-10-01"})
    assert offered(imported) == {
        ("opportunity", "job"), ("last-day", "2026-12-31"), ("skill", "teaching"), ("skill", "health-care"), ("speaks", "ar"),
        ("speaks", "fa-AF"), ("voucher", "Yes"),
    }  # fmt: skip
    assert "once the hub has vetted" in said(imported)
    assert [one for one in opportunities.vetted_only(imported.records) if one.entity == "service"] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"opportunity": "gig"}, "refused: column opportunity: 'gig' is none of job"),
        ({"opportunity": ""}, "refused: column opportunity: empty, though last day, skills, speaks is filled in"),
        ({"last day": "31.12.2026"}, "refused: column last day: '31.12.2026' is no date"),
        ({"speaks": "Arabic"}, "refused: column speaks: 'Arabic' is no code of a language"),
        ({"voucher": "maybe"}, "refused: column voucher: 'maybe' is neither yes nor no"),
        ({"skills": "juggling; cooking"}, "column skills: 'juggling' is left out"),
        ({"key": stable_id("service", "known")}, "refused: column opportunity: a row that changes a service"),
    ],
)
def test_what_is_wrong_with_an_opportunity_is_named_by_row_and_column(changes: dict[str, str], why: str) -> None:
    imported = bring(FULL, {name: text for name, text in {**OFFER, "key": "2", **changes}.items() if text})
    entry = imported.report.entries[1]
    assert entry.number == 2 and any(text.startswith(why) for text in (*entry.why, *entry.notes))
    assert (entry.outcome == "refused") is why.startswith("refused") and len(only(imported, "service")) == 1 + (
        entry.outcome != "refused"
    )


def test_one_key_twice_is_merged_or_kept_twice_and_named() -> None:
    imported = bring(FULL, FULL, {**FULL, "name": "Day clinic"})
    assert [one.outcome for one in imported.report.entries] == ["mended", "merged", "mended"]
    assert len(only(imported, "service")) == 2 and "same key, other content" in said(imported)


def test_a_known_id_changes_only_what_is_filled_in() -> None:
    known = stable_id("service", "known")
    imported = bring({"key": known.upper(), "alert": "Closed on Monday", "hours": "9:00-12:00 (Sun-Thu)", "name [ar]": "جديد"})
    (service,) = only(imported, "service")
    assert service.values == {"id": known, "alert": "Closed on Monday"}
    assert imported.replaces == {("schedule", "service_id", known)}
    assert "another row changes the same service" in said(bring({"key": known, "alert": "A"}, {"key": known, "alert": "B"}))


def test_another_table_is_named() -> None:
    with pytest.raises(BadInput, match='no column "key"'):
        bring({"id": "1", "title": "A"})


def test_every_column_has_help_and_fills_something() -> None:
    for column in columns.COLUMNS:
        assert column.help.endswith(".") and (not column.field or column.field in ENTITIES["service"].by_name), column.name


@pytest.mark.parametrize(
    ("word", "slug"), [("health", "health"), ("Health", "health"), ("الغذاء", "food"), ("doctor", "health"), ("x", None)]
)
def test_a_need_may_be_written_in_any_language(word: str, slug: str | None) -> None:
    assert need_guess.named(word) == slug


cells = st.dictionaries(st.sampled_from([*columns.headings(["ar"]), "other", "[ar]"]), st.text(max_size=20), max_size=12)


@settings(max_examples=60)
@given(st.lists(cells, max_size=3))
def test_no_row_breaks_it(rows: list[dict[str, str]]) -> None:
    imported = bring(*[{**FULL, **row} for row in rows])
    snapshot.write(Catalogue(header(), *_whole(imported)))


def _whole(imported: Imported) -> tuple[tuple[Record, ...], tuple[()]]:
    return tuple(one for one in imported.records if not (one.entity == "service" and "name" not in one.values)), ()
