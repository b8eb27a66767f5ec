"""Showing a service to somebody: in the language of the country beside the reader's, with a code to scan."""

from __future__ import annotations

from pathlib import Path

import pytest

from content_cache.needs import stable_id
from content_cache.pages_show import beside, code, local_languages
from tests.content_cache.data import catalogue, service
from tests.content_cache.site import client


def test_both_languages_stand_on_the_page(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic", arabic="عيادة")))
    page = browser.get(f"/fr/services/{stable_id('service', 'a')}/show").get_data(as_text=True)
    assert '<div class="card" lang="ar" dir="rtl">' in page and "عيادة" in page
    assert '<div class="card" lang="fr" dir="ltr">' in page and "Clinic" in page
    assert page.index('lang="ar" dir="rtl">') < page.index('<div class="card" lang="fr"'), "the one who helps reads first"
    assert "من فضلكم" in page, "the request is in the language of the one who is asked"


def test_the_code_holds_the_address_of_the_entry_and_is_drawn_in_the_page(tmp_path: Path) -> None:
    page = client(tmp_path, catalogue(service("a", "Clinic"))).get(f"/en/services/{stable_id('service', 'a')}/show")
    address = f"http://camp.internal/en/services/{stable_id('service', 'a')}"
    assert address in page.get_data(as_text=True) and str(code(address)) in page.get_data(as_text=True)
    assert str(code(address)) != str(code(f"{address}x"))
    assert f'role="img" aria-label="{address}"' in code(address), "a screen reader says what the picture holds"


@pytest.mark.parametrize(
    ("reader", "local", "written", "there", "shown"),
    [
        ("fr", ("ar",), "en", {"ar", "fr"}, "ar"),
        ("ar", ("ar",), "en", {"ar"}, "en"),
        ("ti", ("el",), "en", {"ti"}, "en"),
        ("ti", ("el",), "en", {"el"}, "el"),
        ("en", ("ar",), "en", set(), ""),
        ("uk", ("ar", "fr"), "en", {"fr"}, "fr"),
    ],
)
def test_the_language_beside_is_the_countrys_where_the_entry_has_it(
    reader: str, local: tuple[str, ...], written: str, there: set[str], shown: str
) -> None:
    assert beside(reader, local, written, there) == shown


def test_countries_have_their_languages() -> None:
    assert local_languages("JO") == ("ar",) and local_languages("GR") == ("el",) and local_languages("ZZ") == ()


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic")))
    assert browser.get("/en/services/00000000-0000-0000-0000-000000000000/show").status_code == 404
