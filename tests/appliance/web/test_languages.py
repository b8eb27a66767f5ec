"""The choice of a language: RFC 9110 section 12.5.4 and RFC 4647 section 3.4, whatever a browser sends."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import parse
from appliance.errors import BadInput
from appliance.web.languages import BY_TAG, LANGUAGES, LONGEST_HEADER, SOURCE, Language, choose, offered

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
    persian = Language("fa", "فارسی", "Persian", "rtl", "Arab", (5,), reviewed=False)
    found = choose("fa-IR", (*OFFERED, persian))
    assert found is persian


@given(st.text(max_size=3 * LONGEST_HEADER))
def test_no_header_breaks_the_choice(header: str) -> None:
    assert choose(header, OFFERED) in (None, *OFFERED)


@given(st.lists(st.sampled_from(["ar", "fa-AF", "fr", "en", "uk", "so"]), min_size=1, max_size=6, unique=True))
def test_in_a_list_without_weights_the_first_offered_tag_wins(tags: list[str]) -> None:
    found = choose(",".join(tags), OFFERED)
    assert (found.tag if found else None) == next((tag for tag in tags if tag in BY_TAG), None)


@given(st.permutations(["ar", "fr", "en"]), st.permutations([0.9, 0.5, 0.1]))
def test_weights_decide_and_not_the_order(tags: list[str], weights: list[float]) -> None:
    header = ", ".join(f"{tag};q={weight}" for tag, weight in zip(tags, weights, strict=True))
    found = choose(header, OFFERED)
    assert found is not None and found.tag == tags[weights.index(0.9)]


def test_the_site_decides_the_order_and_no_language_appears_twice() -> None:
    twice = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=("fr", "ar", "fr")))
    assert [language.tag for language in offered(twice)] == ["fr", "ar"]


def test_a_language_without_texts_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="'so'"):
        offered(dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=("ar", "so"))))


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
def test_every_row_agrees_with_cldr(language: Language) -> None:
    locale = Locale.parse(language.locale)
    assert locale.character_order == ("right-to-left" if language.direction == "rtl" else "left-to-right")
    assert language.own_name.strip() and language.english_name.strip()
    assert Locale.parse(language.tag, sep="-") == locale
    assert set(language.weekend) <= set(range(1, 8)) and language.weekend


def test_only_the_source_language_is_called_reviewed_until_a_named_speaker_has_passed_another() -> None:
    assert [language for language in LANGUAGES if language.reviewed] == [SOURCE]
