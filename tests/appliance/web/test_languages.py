"""The choice of a language: RFC 9110 section 12.5.4 and RFC 4647 section 3.4, whatever a browser sends."""

from __future__ import annotations

import dataclasses
import unicodedata
from pathlib import Path

import pytest
from babel import Locale
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import parse
from appliance.errors import BadInput
from appliance.web.languages import (
    BY_TAG,
    LANGUAGES,
    LONGEST_HEADER,
    SOURCE,
    Language,
    answers_to,
    choose,
    nearest_reviewed,
    offered,
)

SITE = parse((Path(__file__).resolve().parents[3] / "examples" / "site.toml").read_text())
OFFERED = offered(SITE)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("ar", "ar"),
        ("ar-SY,ar;q=0.9,en;q=0.8", "ar"),
        ("AR-jo", "ar"),
        ("fa", "fa-AF"),
        ("fa-IR,en;q=0.5", "fa-AF"),
        ("prs", "fa-AF"),
        ("prs-AF,fr", "fa-AF"),
        ("fr;q=0.3, en;q=0.8", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("en;q=0,en-GB;q=0.9,fr;q=0.2", "fr"),
        ("uk-UA,uk;q=0.9", None),
        ("arz", None),
        ("fil, en;q=0.1", "en"),
        ("*", "ar"),
        ("uk, *;q=0.1", "ar"),
        ("ar;q=0, *", "fa-AF"),
        ("en-Latn-US-x-private", "en"),
        ("en; q = 0.5 , fr ;q=0.6", "fr"),
        ("en;q=5", None),
        ("en;q=high,fr", "fr"),
        (";;;,,,=", None),
        ("", None),
        (None, None),
    ],
)
def test_the_reader_is_served_in_the_language_liked_best(header: str | None, tag: str | None) -> None:
    found = choose(header, OFFERED)
    assert (found.tag if found else None) == tag


def test_an_own_row_comes_before_a_language_that_only_understands_the_tag() -> None:
    assert choose("fa-IR", (*OFFERED, BY_TAG["fa"])) is BY_TAG["fa"]
    assert choose("prs", (BY_TAG["fa"], *OFFERED)) is BY_TAG["fa-AF"], "Dari's own code comes before who only understands it"


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("prs-AF", "fa-AF"), ("fa-IR,fa", "fa"), ("pes", "fa"), ("fa-AF", "fa-AF"), ("ps-AF", "ps"), ("ckb-IQ", "ckb"),
        ("ku", "ku"), ("ku-TR", "ku"), ("kmr", "ku"), ("ku-Latn", "ku"), ("ku-IQ", "ckb"), ("ku-Arab-IQ", "ckb"), ("ku-IR", "ckb"),
        ("ur-PK", "ur"), ("so-SO", "so"), ("ti-ER", "ti"), ("uk-UA", "uk"), ("ru, uk;q=0.5", "uk"), ("am", None), ("ru", None),
    ],
)  # fmt: skip
def test_each_of_the_twelve_is_found_under_the_names_phones_give_it(header: str, tag: str | None) -> None:
    found = choose(header, LANGUAGES)
    assert (found.tag if found else None) == tag


def test_a_reader_is_served_by_a_neighbour_only_where_the_own_language_is_not_offered() -> None:
    assert choose("fa-AF", [BY_TAG["fa"], SOURCE]) is BY_TAG["fa"]
    assert choose("ku-IQ", [BY_TAG["ku"], SOURCE]) is BY_TAG["ku"]
    assert choose("ckb", [BY_TAG["ku"]]) is None, "Sorani is written in other letters than Kurmanji"


def test_every_tag_leads_to_one_language_and_a_row_to_itself() -> None:
    known = answers_to(LANGUAGES)
    assert all(known[language.tag.lower()] is language for language in LANGUAGES)
    assert all(tag == tag.lower() for tag in known)
    for language in LANGUAGES:
        assert not {other for other in LANGUAGES if set(other.codes) & set(language.codes)} - {language}


@given(st.text(max_size=3 * LONGEST_HEADER))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert choose(header, OFFERED) in (None, *OFFERED)


@given(st.lists(st.sampled_from(["ar", "fa-AF", "fr", "en", "uk", "so"]), min_size=1, max_size=6, unique=True))
def test_in_a_list_without_weights_the_first_offered_tag_wins(tags: list[str]) -> None:
    found = choose(",".join(tags), OFFERED)
    assert (found.tag if found else None) == next((tag for tag in tags if BY_TAG[tag] in OFFERED), None)


@given(st.permutations(["ar", "fr", "en"]), st.permutations([0.9, 0.5, 0.1]))
def test_weights_decide_and_not_the_order(tags: list[str], weights: list[float]) -> None:
    header = ", ".join(f"{tag};q={weight}" for tag, weight in zip(tags, weights, strict=True))
    found = choose(header, OFFERED)
    assert found is not None and found.tag == tags[weights.index(0.9)]


def test_the_site_decides_the_order_and_no_language_appears_twice() -> None:
    twice = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=("fr", "ar", "fr")))
    assert [language.tag for language in offered(twice)] == ["fr", "ar"]


def test_a_language_without_texts_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="'am'"):
        offered(dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=("ar", "am"))))


TWELVE = {"ar", "fa-AF", "fa", "ps", "ckb", "ku", "ur", "so", "ti", "fr", "en", "uk"}


def test_the_twelve_languages_have_a_row() -> None:
    assert set(BY_TAG) == TWELVE and len(LANGUAGES) == len(TWELVE)


def _most_speakers(language: Language) -> Locale:
    """The language in the country where CLDR thinks most of its speakers are (Unicode TR 35, "likely subtags")."""
    locale = Locale.parse(language.locale)
    likely = str(locale) if locale.territory else get_global("likely_subtags")[str(locale)]
    return Locale.parse(likely)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
def test_every_row_agrees_with_cldr(language: Language) -> None:
    locale = Locale.parse(language.locale)
    assert locale.character_order == ("right-to-left" if language.direction == "rtl" else "left-to-right")
    assert language.own_name.strip() and language.english_name.strip()
    assert Locale.parse(language.tag, sep="-") == locale
    there = _most_speakers(language)
    assert there.script in (None, language.script)
    days = range(there.weekend_start, there.weekend_end + 1)
    assert language.weekend == tuple(day + 1 for day in days)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
def test_a_language_is_named_in_its_own_letters_and_says_which_font_they_need(language: Language) -> None:
    letters = {"Arab": "ARABIC", "Ethi": "ETHIOPIC", "Cyrl": "CYRILLIC", "Latn": "LATIN"}[language.script]
    assert all(unicodedata.name(letter).startswith(letters) for letter in language.own_name if letter.isalpha())
    assert bool(language.font) is (language.script not in ("Latn", "Cyrl"))


def test_a_draft_has_a_reviewed_language_beside_it_and_a_reviewed_one_has_none() -> None:
    for language in LANGUAGES:
        beside = nearest_reviewed(language)
        assert beside is None if language.reviewed else beside is not None and beside.reviewed
        assert all(tag in BY_TAG and tag != language.tag for tag in language.near)


def test_the_nearest_reviewed_language_is_the_first_of_those_its_readers_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = dataclasses.replace(BY_TAG["ar"], reviewed=True)
    monkeypatch.setitem(BY_TAG, "ar", passed)
    assert nearest_reviewed(BY_TAG["ckb"]) is passed and nearest_reviewed(BY_TAG["uk"]) is SOURCE


def test_only_the_source_language_is_called_reviewed_until_a_named_speaker_has_passed_another() -> None:
    assert [language for language in LANGUAGES if language.reviewed] == [SOURCE]
