"""The project's own sample: read strictly, because nobody but us wrote it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from appliance.errors import BadInput
from content_cache import snapshot
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "sample": True,
    "camp": "Nowhere (invented)",
    "organisations": [{"id": "org", "name": {"en": "Org"}, "description": {"en": "Does."}}],
    "services": [
        {
            "id": "night-clinic",
            "need": "health",
            "organisation": "org",
            "name": {"en": "Night clinic", "ar": "العيادة الليلية"},
            "description": {"en": "A nurse."},
            "papers": [{"en": "Card"}],
            "location": {"id": "here", "name": {"en": "Clinic"}, "block": "C", "landmark": {"en": "by the tower"}},
            "hours": [{"days": ["sat", "fri"], "opens": "18:00", "closes": "06:00"}],
            "phones": [{"number": "+999 555 0101"}],
            "languages": ["ar"],
            "accessibility": [{"en": "Ramp"}],
            "last_checked": "2026-11-10",
        }
    ],
}


def bring(document: Any) -> Any:
    imported = import_sample(json.dumps(document).encode())
    snapshot.write(Catalogue(header(sample=True), imported.records, imported.translations))
    return imported


def test_an_entry_becomes_a_whole_service() -> None:
    imported = bring(DOCUMENT)
    kinds = {one.entity for one in imported.records}
    assert {
        "service",
        "organization",
        "location",
        "address",
        "schedule",
        "phone",
        "language",
        "accessibility",
        "required_document",
    } <= kinds
    (schedule,) = (one for one in imported.records if one.entity == "schedule")
    assert (schedule.values["byday"], schedule.values["closes_at"]) == ("FR,SA", "06:00")
    assert imported.sample and imported.report.agrees()


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("need", "fun", "unknown need"),
        ("organisation", "other", "unknown organisation"),
        ("location", "nowhere", "unknown location"),
        ("colour", "red", "unknown key 'colour'"),
        ("phones", [{"number": "+962 6 123"}], "not a fictional number"),
        ("hours", [{"days": ["sat"], "opens": "8:00", "closes": "16:00"}], "must be HH:MM"),
        ("hours", [{"days": ["saturday"], "opens": "08:00", "closes": "16:00"}], "days must be"),
        ("name", {"ar": "x"}, "must be a text"),
        ("name", {"en": "x", "xx": "y"}, "bad text in 'xx'"),
        ("id", "A B", "bad id"),
        ("last_checked", "10.11.2026", "not a date"),
    ],
)
def test_a_wrong_entry_is_named(key: str, value: Any, problem: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["services"][0][key] = value
    with pytest.raises(BadInput, match=problem):
        bring(document)


def test_a_missing_key_and_a_repeated_id_are_named() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["services"].append(copy.deepcopy(document["services"][0]))
    with pytest.raises(BadInput, match="there twice"):
        bring(document)
    del document["services"][1], document["services"][0]["hours"]
    with pytest.raises(BadInput, match="hours is missing"):
        bring(document)


def test_the_real_sample_is_whole() -> None:
    imported = bring(json.loads(SAMPLE.read_bytes()))
    assert len(imported.report.entries) >= 60 and imported.languages == ("en", "ar", "fa-AF", "fr")
