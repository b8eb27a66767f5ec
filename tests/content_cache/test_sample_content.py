"""The invented camp: whole in four languages, nobody's real telephone, nobody's real place."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import content_cache.publish

FILE = Path(content_cache.publish.__file__).parent / "sample" / "services.json"
LANGUAGES = {"en", "ar", "fa-AF", "fr"}
NEEDS = {
    "health", "food", "water-sanitation", "shelter", "cash", "registration-papers", "legal-help", "family",
    "womens-safety", "children", "education", "work-skills", "disability", "phones-charging", "housing", "transport",
}  # fmt: skip
ARABIC_SCRIPT = re.compile(r"[\u0621-\u06d3]")
LATIN = re.compile(r"[A-Za-zÀ-ÿ]")
REAL_NAMES = re.compile(
    r"\b(UN|UNHCR|UNICEF|WFP|IOM|WHO|MSF|ICRC|IRC|NRC|DRC|UNRWA|Oxfam|OXFAM|Caritas)\b"
    r"|Red Cross|Red Crescent|Croix-Rouge|Save the Children"
)


@pytest.fixture(scope="module")
def sample() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


def texts(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text in the four languages, with where it stands."""
    if isinstance(value, dict) and "en" in value:
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("id", number) if isinstance(inner, dict) else number
            yield from texts(inner, f"{path}/{name}")


def test_there_are_at_least_sixty_services_and_three_for_every_need(sample: Any) -> None:
    needs = Counter(service["need"] for service in sample["services"])
    assert sum(needs.values()) >= 60
    assert set(needs) == NEEDS
    assert min(needs.values()) >= 3, needs


def test_it_says_that_it_is_a_sample(sample: Any) -> None:
    assert sample["sample"] is True
    assert "invented" in sample["camp"]


def test_every_text_is_there_in_four_languages(sample: Any) -> None:
    incomplete = [path for path, text in texts(sample) if set(text) != LANGUAGES or not all(v.strip() for v in text.values())]
    assert incomplete == []


def test_every_text_is_in_the_script_of_its_language(sample: Any) -> None:
    for path, text in texts(sample):
        for language in ("ar", "fa-AF"):
            assert ARABIC_SCRIPT.search(text[language]) and not LATIN.search(text[language]), (path, language, text[language])
        for language in ("en", "fr"):
            assert LATIN.search(text[language]) and not ARABIC_SCRIPT.search(text[language]), (path, language)


def test_dari_has_persian_letters_and_arabic_has_arabic_ones(sample: Any) -> None:
    for path, text in texts(sample):
        assert not re.search("[\u064a\u0649\u0643\u0629]", text["fa-AF"]), (path, "Arabic yeh, kaf or teh marbuta in Dari")
        assert not re.search("[\u06cc\u06a9\u067e\u0686\u06af\u0698]", text["ar"]), (path, "a Persian letter in Arabic")


def test_no_language_is_a_copy_of_another(sample: Any) -> None:
    for path, text in texts(sample):
        if path.endswith("/description"):
            assert len(set(text.values())) == 4, path


def test_every_telephone_number_is_fictional_and_answers_for_one_service(sample: Any) -> None:
    numbers = [phone["number"] for service in sample["services"] for phone in service.get("phones", [])]
    # ITU-T E.164: country code 999 is not assigned to anybody.
    assert numbers and all(re.fullmatch(r"\+999 \d{3} \d{4}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_no_number_and_no_address_hides_in_a_text(sample: Any) -> None:
    for path, text in texts(sample):
        assert not re.search(r"\d{5}|@|https?:|www\.", " ".join(text.values())), path


def test_nothing_is_there_twice(sample: Any) -> None:
    for thing in ("services", "organisations"):
        assert Counter(entry["id"] for entry in sample[thing]).most_common(1)[0][1] == 1
    for language in LANGUAGES:
        names = Counter(service["name"][language] for service in sample["services"])
        assert names.most_common(1)[0][1] == 1, names.most_common(1)


def test_every_reference_leads_somewhere_and_the_file_is_sorted(sample: Any) -> None:
    organisations = {entry["id"] for entry in sample["organisations"]}
    assert {service["organisation"] for service in sample["services"]} == organisations
    places = [service["location"]["id"] for service in sample["services"] if isinstance(service["location"], dict)]
    assert {s["location"] for s in sample["services"] if isinstance(s["location"], str)} <= set(places)
    assert len(set(places)) == len(places)
    ids = [service["id"] for service in sample["services"]]
    assert ids == sorted(ids)


def test_no_real_organisation_and_no_real_place_is_named(sample: Any) -> None:
    for path, text in texts(sample):
        assert not REAL_NAMES.search(text["en"]) and not REAL_NAMES.search(text["fr"]), path
    for service in sample["services"]:
        place = service["location"]
        if isinstance(place, dict) and "latitude" in place:  # the empty sea off 0, 0
            assert 0.01 <= place["latitude"] <= 0.03 and 0.01 <= place["longitude"] <= 0.03


def test_hours_are_as_varied_as_in_a_camp(sample: Any) -> None:
    rows = [row for service in sample["services"] for row in service["hours"]]
    assert all(re.fullmatch(r"([01]\d|2[0-4]):[0-5]\d", row[key]) for row in rows for key in ("opens", "closes"))
    assert any(row["closes"] < row["opens"] for row in rows), "something overnight"
    assert any((row["opens"], row["closes"]) == ("00:00", "24:00") for row in rows), "something day and night"
    assert any("fri" not in row["days"] and len(row["days"]) == 6 for row in rows), "something closed on Friday"
    assert any(row["closes"] <= "13:00" for row in rows), "something in the morning only"
    assert any(len(service["hours"]) > 1 for service in sample["services"]), "something twice a day"


def test_sentences_are_short(sample: Any) -> None:
    for service in sample["services"]:
        for language in ("en", "fr"):
            sentences = re.split(r"[.?!]\s", service["description"][language])
            assert max(len(sentence.split()) for sentence in sentences) <= 22, (service["id"], language)


def test_some_entries_are_old_enough_to_be_shown_as_such(sample: Any) -> None:
    checked = sorted(service["last_checked"] for service in sample["services"])
    assert checked[0] < "2026-05-01" and checked[len(checked) // 2] > "2026-09-30"
