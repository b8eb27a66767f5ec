"""Every text of the catalogue's pages, and every need, is there in every language."""

from __future__ import annotations

import re

import pytest

from appliance.web.languages import LANGUAGES, SOURCE
from appliance.web.messages import faults
from content_cache.needs import NEEDS
from content_cache.synonyms import MEANINGS
from tests.content_cache.data import PROJECT
from tests.texts import source

PACKAGE = PROJECT / "content_cache"
LOCALES = [language.locale for language in LANGUAGES if language is not SOURCE]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_text(locale: str) -> None:
    assert faults(source(PACKAGE), PACKAGE / "translations", "catalogue", locale) == []


def test_sentences_are_short() -> None:
    texts = [message.id for message in source(PACKAGE) if isinstance(message.id, str) and message.id]
    assert len(texts) > 40
    assert [s for text in texts for s in re.split(r"(?<=[.?!])\s", text) if len(s.split()) > 12] == []


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.slug)
def test_every_need_has_its_name_in_every_language_its_icon_and_its_search_words(need: object) -> None:
    assert set(need.names) == {language.tag for language in LANGUAGES}  # type: ignore[attr-defined]
    assert (PROJECT / "appliance" / "web" / "icons" / f"{need.icon}.svg").exists()  # type: ignore[attr-defined]
    assert any(meaning.need == need.slug for meaning in MEANINGS)  # type: ignore[attr-defined]
