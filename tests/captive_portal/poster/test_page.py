"""The sheet's text: golden, in the site's languages, with nothing a hostile name could add."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.web.messages import faults
from captive_portal.poster import page
from captive_portal.poster.page import DOMAIN, HERE, candidates
from tests import golden_files
from tests.captive_portal.site import EVERY, PROJECT, SITE
from tests.texts import source

TRANSLATED = ("ar", "fa_AF", "fr")


def test_the_sheet_is_the_golden_one() -> None:
    golden_files.same(golden_files.FOLDER / "poster.html", next(candidates(SITE, "Community; Wi-Fi")))


def test_every_language_of_the_site_says_how_in_its_direction() -> None:
    text = next(candidates(SITE, "Community Wi-Fi"))
    for tag, direction, button in (
        ("ar", "rtl", "اتصل"),
        ("fa-AF", "rtl", "وصل شوید"),
        ("fr", "ltr", "Se connecter"),
        ("en", "ltr", "Connect"),
    ):
        block = re.findall(rf'<div class="block" lang="{tag}" dir="{direction}">(.*?)</div>', text, re.DOTALL)[0]
        assert f'<span class="button">{button}</span>' in block
        assert "http://camp.internal/emergency" in block and "Community Wi-Fi" in block


def test_draft_words_are_marked_and_reviewed_ones_are_not() -> None:
    text = next(candidates(SITE, "x"))
    assert text.count('<p class="small">') == len(TRANSLATED) and "هذه الترجمة مسودة" in text


def test_languages_the_poster_has_no_words_for_stand_in_their_own_name() -> None:
    text = next(candidates(EVERY, "x"))
    assert "Українська" in text and 'lang="uk"' in text and '<div class="block" lang="uk"' not in text


@settings(max_examples=25)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("<>&\"'/{}%"), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=32)
)
def test_no_name_becomes_markup(name: str) -> None:
    site = dataclasses.replace(SITE, site=dataclasses.replace(SITE.site, name=f"<script>{name}"))
    text = next(candidates(site, f"<i>{name}</i>"))
    assert "<script" not in text and "<i>" not in text


def test_nothing_on_the_sheet_comes_from_elsewhere() -> None:
    assert not re.search(r"<(?:img|link|script|iframe)|url\(|@import", next(candidates(EVERY, "x")))


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_language_that_has_the_posters_texts_has_them_all(locale: str) -> None:
    assert faults(source(HERE), HERE / "translations", DOMAIN, locale) == []


def test_the_posters_texts_are_short_and_no_business_of_the_portals_translators() -> None:
    own = {str(message.id) for message in source(HERE) if message.id}
    assert len(own) == 5 and not own & {str(message.id) for message in source(PROJECT / "captive_portal")}
    assert all(len(sentence.split()) <= 12 for text in own for sentence in re.split(r"(?<=[.?!])\s", text))


def test_what_the_pages_say_already_is_said_in_the_same_words() -> None:
    """Else the button on paper would not be the button on the screen."""
    said = {str(message.id) for folder in ("captive_portal", "appliance/web") for message in source(PROJECT / folder) if message.id}
    code = Path(page.HERE / "words.py").read_text()
    again = re.findall(r'said\("([^"]+)"\)', code)
    assert len(again) == 4 and set(again) <= said


def test_a_name_is_set_in_its_own_direction_also_among_words_of_the_other() -> None:
    """WeasyPrint does not know dir="auto": an Arabic name in an English block had its last sign at the wrong end."""
    text = next(candidates(SITE, 'شبكة; "1"'))
    assert 'dir="auto"' not in text
    assert text.count('dir="rtl">شبكة; &#34;1&#34;</') == 5 and text.count("شبكة;") == 5
