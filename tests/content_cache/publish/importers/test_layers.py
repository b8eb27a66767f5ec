"""Several sources as one catalogue: the higher layer's word stands, and every word that does not is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import snapshot
from content_cache.hsds import Record, Translation
from content_cache.needs import stable_id
from content_cache.publish.importers.hsds_tables import import_json
from content_cache.publish.importers.layers import LAYERS, Source, merge
from content_cache.publish.importers.report import Imported
from content_cache.publish.importers.template import import_rows
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header

ID = stable_id("service", "known")
TODAY = "2026-11-20"


def tables(layer: str, name: str = "tables", language: str = "en", texts: tuple[Translation, ...] = (), **values: Any) -> Source:
    service = {"id": ID, "name": "Clinic", "status": "active", **values}
    schedule = {
        "id": stable_id("schedule", 1),
        "service_id": ID,
        "freq": "WEEKLY",
        "byday": "MO",
        "opens_at": "08:00",
        "closes_at": "16:00",
    }
    made = import_json({"services": [service], "schedules": [schedule]}, namespace="acme", language=language)
    whole = Imported(made.records, (*made.translations, *texts), made.report, language, ("en", "ar"), "acme", sample=False)
    return Source(layer, f"{layer}: {name}", whole)


def changes(layer: str, *rows: dict[str, str]) -> Source:
    return Source(layer, f"{layer}: changes", import_rows(list(rows), file="changes.csv", country="JO"))


def joined(*sources: Source, earlier: dict[str, str] | None = None) -> Imported:
    imported = merge(sources, today=TODAY, earlier=earlier)
    assert imported.report.agrees()
    snapshot.write(Catalogue(header(), imported.records, imported.translations))
    return imported


def only(imported: Imported, entity: str) -> list[Record]:
    return [one for one in imported.records if one.entity == entity]


def test_the_higher_layer_stands_field_by_field_whatever_the_order() -> None:
    camp = tables("camp", name="Camp clinic", description="Here")
    country = Source("country", "country: tables", tables("country", alert="Ask first").imported)
    for sources in ((camp, country), (country, camp)):
        (service,) = only(joined(*sources), "service")
        assert (service.values["name"], service.values["alert"], service.values["description"]) == ("Clinic", "Ask first", "Here")
    imported = joined(tables("global", alert="A"), tables("local", alert="B", name="x"))
    (conflict,) = imported.report.conflicts
    assert (conflict.field, conflict.kept, conflict.kept_from, conflict.left) == ("alert", "B", "local: x", "A")


def test_where_each_field_comes_from_is_kept() -> None:
    imported = joined(tables("global", alert="A", email="a@b.example"), tables("camp", alert="B", url="http://c.example"))
    assert imported.provenance[f"service {ID}"] == {"": "global: tables", "alert": "camp: tables", "url": "camp: tables"}
    (said,) = only(imported, "metadata")
    wanted = {"field_name": "alert", "previous_value": "A", "replacement_value": "B", "updated_by": "camp: tables"}
    assert wanted.items() <= said.values.items() and said.values["last_action_date"] == TODAY


def test_an_override_keeps_the_date_it_was_published_with() -> None:
    sources = tables("global", alert="A"), tables("camp", alert="B")
    (said,) = only(joined(*sources), "metadata")
    (again,) = only(joined(*sources, earlier={said.id: "2025-01-01"}), "metadata")
    assert again.values["last_action_date"] == "2025-01-01"


def test_within_a_layer_the_first_stands_and_the_other_is_named() -> None:
    imported = joined(tables("camp", "one", alert="A"), tables("camp", "two", alert="B"))
    assert only(imported, "service")[0].values["alert"] == "A" and not only(imported, "metadata")
    assert [(one.kept, one.left, one.left_from) for one in imported.report.conflicts] == [("A", "B", "camp: two")]
    assert {one.outcome for one in imported.report.entries if one.file.startswith("camp: two")} == {"merged"}


def test_a_row_of_the_camp_changes_a_service_of_the_country_and_its_hours() -> None:
    source = changes("camp", {"key": ID, "alert": "Closed on Monday", "hours": "9:00-12:00 (Tue)"})
    imported = joined(tables("country"), source)
    (service,), (schedule,) = only(imported, "service"), only(imported, "schedule")
    assert (service.values["name"], service.values["alert"], schedule.values["byday"]) == ("Clinic", "Closed on Monday", "TU")
    gone = next(one for one in imported.report.conflicts if one.entity == "schedule")
    assert "08:00" in gone.left and gone.left_from == "country: tables"


def test_a_change_of_nothing_is_refused_by_name() -> None:
    imported = joined(
        tables("country"), changes("camp", {"key": stable_id("service", "none"), "alert": "A", "hours": "9:00-12:00 (Tue)"})
    )
    (entry,) = [one for one in imported.report.entries if one.file == "camp: changes: changes.csv"]
    assert entry.outcome == "refused" and "in no source" in entry.why[-1]
    assert len(only(imported, "schedule")) == 1


def text(words: str, source: str = "test", *, machine: bool = False) -> Translation:
    return Translation("service", ID, "alert", "ar", words, source, machine)


def test_a_translation_of_an_overridden_text_goes_and_is_named() -> None:
    imported = joined(tables("global", alert="Open", texts=(text("مفتوح"),)), tables("camp", alert="Closed"))
    assert not [one for one in imported.translations if one.id == ID]
    assert ("alert [ar]", "مفتوح") in {(one.field, one.left) for one in imported.report.conflicts}


def test_translations_of_the_text_that_stands_stay() -> None:
    sources = tables("global", alert="Open", texts=(text("مفتوح"),)), tables("camp", alert="Closed", texts=(text("مغلق"),))
    assert [one.text for one in joined(*sources).translations if one.id == ID] == ["مغلق"]
    # The lower text does not stand, so that its translation must not come back behind it.
    first = tables("camp", "one", alert="Open"), tables("camp", "two", alert="Closed", texts=(text("مغلق"),))
    assert not [one for one in joined(*first).translations if one.id == ID]


def test_a_person_is_believed_before_a_machine() -> None:
    sources = tables("global", alert="A", texts=(text("أ"),)), tables("camp", alert="A", texts=(text("ب", machine=True),))
    assert [one.text for one in joined(*sources).translations if one.id == ID] == ["أ"]


def test_one_source_stays_as_it_is() -> None:
    source = tables("camp")
    imported = joined(source)
    assert set(map(repr, imported.records)) == set(map(repr, source.imported.records)) and imported.report.read == {
        "services": 1,
        "schedules": 1,
    }


@pytest.mark.parametrize(
    ("sources", "problem"),
    [
        ([], "no source"),
        ([tables("camp"), tables("camp")], "one name"),
        ([tables("camp"), tables("global", language="ar")], "different languages"),
    ],
)
def test_sources_that_cannot_be_merged_are_named(sources: list[Source], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        merge(sources, today=TODAY)


values = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(["", "A", "B"]) for name in ("alert", "description", "email", "status")}
)


translations = st.dictionaries(st.sampled_from(["alert", "description"]), st.sampled_from(["أ", "ب"]))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(LAYERS), values, translations, st.booleans()), min_size=1, max_size=4))
def test_no_word_is_lost_in_silence(found: list[tuple[str, dict[str, str], dict[str, str], bool]]) -> None:
    sources = [
        tables(layer, str(number), texts=tuple(spoken(name, words, machine) for name, words in said.items()), **one)
        for number, (layer, one, said, machine) in enumerate(found)
    ]
    imported = joined(*sources)
    (service,) = only(imported, "service")
    named = {(one.field, value) for one in imported.report.conflicts for value in (one.kept, one.left)}
    for source in sources:
        (own,) = [one for one in source.imported.records if one.entity == "service"]
        for name, value in own.values.items():
            assert service.values[name] == value or (name, value) in named
        for text in source.imported.translations:
            stands = [one.text for one in imported.translations if (one.id, one.field, one.tag) == (text.id, text.field, text.tag)]
            assert stands == [text.text] or (f"{text.field} [{text.tag}]", text.text) in named


def spoken(field: str, words: str, machine: bool) -> Translation:
    return Translation("service", ID, field, "ar", words, "test", machine)


def test_a_translation_of_the_text_that_does_not_stand_is_named() -> None:
    """Two sources of one layer, one id and two alerts: only the plain one was a conflict, its Arabic went in silence."""
    imported = joined(tables("camp", "one", alert="Open"), tables("camp", "two", alert="Closed", texts=(text("مغلق"),)))
    (said,) = [one for one in imported.report.conflicts if one.field == "alert [ar]"]
    assert (said.left, said.left_from, said.kept, said.kept_from) == ("مغلق", "camp: two", "", "camp: one")


def test_what_was_said_of_hours_that_were_replaced_is_named_in_every_language() -> None:
    note = Translation("schedule", stable_id("schedule", 1), "description", "ar", "النساء فقط", "test", False)
    first = tables("country", texts=(note,))
    (schedule,) = only(first.imported, "schedule")
    described = Record("schedule", {**schedule.values, "description": "Women only"})
    records = tuple(described if one is schedule else one for one in first.imported.records)
    source = replace(first, imported=replace(first.imported, records=records))
    imported = joined(source, changes("camp", {"key": ID, "hours": "9:00-12:00 (Tue)"}))
    assert ("description [ar]", "النساء فقط") in {(one.field, one.left) for one in imported.report.conflicts}
