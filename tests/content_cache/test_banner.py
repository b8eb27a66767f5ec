"""What was signed until yesterday is shown with a word that it may have changed, in the reader's language; never not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import facts
from tests.content_cache.data import many
from tests.content_cache.site import client

WORDS = {"en": "This may have changed. Ask before you go.", "ar": "ربما تغير هذا."}


@pytest.mark.parametrize("lang", ["en", "ar"])
@pytest.mark.parametrize("page", ["services", "services/need/health", "services/search?q=clinic"])
def test_every_page_says_that_it_may_be_old(tmp_path: Path, lang: str, page: str) -> None:
    browser = client(tmp_path, many(3))
    layout = browser.application.extensions["campbox"]["layout"]
    facts.publish(layout, "sync", {"state": "current", "expired": False})
    fresh = browser.get(f"/{lang}/{page}").text
    facts.publish(layout, "sync", {"state": "expired", "expired": True})
    old = browser.get(f"/{lang}/{page}").text
    assert WORDS[lang] not in fresh and WORDS[lang] in old
    assert ("Clinic 000" in old) == ("Clinic 000" in fresh)
