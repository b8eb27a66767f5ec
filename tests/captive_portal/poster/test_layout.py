"""Whose words stand on the sheet, which network it names, and how it is set."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.config import Radio, SiteConfig
from appliance.errors import BadInput
from appliance.web.languages import BY_TAG, LANGUAGES, SOURCE
from captive_portal.poster.layout import LETTERS, LONGEST_TITLE, blocks, checked_title, direction, network, sheets
from tests.captive_portal.site import EVERY, SITE

RADIO = dataclasses.replace(SITE, radio=Radio("wlan0", "Community Wi-Fi", 6, "JO"))


def _speaking(*tags: str) -> SiteConfig:
    return dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, languages=tags))


def test_the_boxs_own_radio_says_what_the_network_is_called() -> None:
    assert network(RADIO, None) == network(RADIO, "Community Wi-Fi") == "Community Wi-Fi"
    assert network(SITE, "Of the access point") == "Of the access point"


def test_a_poster_with_a_wrong_name_is_refused() -> None:
    with pytest.raises(BadInput, match="--ssid NAME"):
        network(SITE, None)
    with pytest.raises(BadInput, match="leave --ssid out"):
        network(RADIO, "Another")


def test_a_language_without_a_posters_texts_is_named_and_english_stands_for_it() -> None:
    spoken, silent = blocks(_speaking("ar", "so", "uk"), [BY_TAG["ar"]])
    assert [one.tag for one in spoken] == ["ar", "en"] and [one.tag for one in silent] == ["so", "uk"]


def test_drafts_never_stand_without_a_reviewed_text_beside_them() -> None:
    spoken, silent = blocks(_speaking("ar", "fr"), LANGUAGES)
    assert [one.tag for one in spoken] == ["ar", "fr", "en"] and silent == ()
    assert blocks(_speaking("en"), []) == ((SOURCE,), ())


def test_the_site_decides_the_order() -> None:
    assert [one.tag for one in blocks(EVERY, LANGUAGES)[0]] == list(BY_TAG)


@pytest.mark.parametrize("count", range(1, len(LANGUAGES) + 1))
def test_every_number_of_languages_has_sheets_with_ever_smaller_letters(count: int) -> None:
    tried = sheets("North Gate", count)
    assert [one.letters for one in tried] == sorted(LETTERS, reverse=True)
    assert {one.columns for one in tried} <= {1, 2, 3}


def test_a_long_name_is_set_smaller_and_one_too_long_is_refused() -> None:
    assert sheets("x" * 70, 4)[0].title < sheets("x" * 40, 4)[0].title < sheets("x" * 20, 4)[0].title
    assert checked_title("x" * LONGEST_TITLE)
    with pytest.raises(BadInput, match="shorten"):
        checked_title("x" * (LONGEST_TITLE + 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Camp", "ltr"), ("شبكة", "rtl"), ('1 "شبكة" x', "rtl"), ("1 x شبكة", "ltr"), ("12 - 3", "ltr"), ("", "ltr"), ("ትግርኛ", "ltr")],
)
def test_the_first_letter_that_has_a_direction_gives_it(text: str, expected: str) -> None:
    assert direction(text) == expected
