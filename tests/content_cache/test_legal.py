"""The law of host countries: who is party and who is not, and nothing that nobody has read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from content_cache import legal
from content_cache.legal import LAWS, Review, servable


def test_unreviewed_legal_text_is_not_served_outside_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    unread = [country for country, law in LAWS.items() if law.review is None]
    assert [country for country in unread if servable(country, demo=False)] == []
    assert servable("JO", demo=True) is LAWS["JO"]
    read = replace(LAWS["JO"], review=Review("A. Reader, lawyer", "2026-11-22"))
    monkeypatch.setattr(legal, "LAWS", {**LAWS, "JO": read})
    assert servable("JO", demo=False) is read


@pytest.mark.parametrize("country", ["JO", "LB", "IQ", "PK", "BD"])
def test_a_country_that_is_not_party_to_the_1951_convention_is_said_not_to_be(country: str) -> None:
    assert LAWS[country].refugees is None


@pytest.mark.parametrize("country", ["GR", "TR", "ET", "KE", "UG", "UA", "PL", "EG"])
def test_a_party_has_its_year(country: str) -> None:
    assert 1951 <= (LAWS[country].refugees or 0) <= 2026
    assert LAWS[country].europe_only is (country == "TR")


@pytest.mark.parametrize("country", LAWS)
def test_every_country_has_laws_official_sources_and_possible_years(country: str) -> None:
    law = LAWS[country]
    assert law.laws and all(name.strip() == name for name in law.laws)
    assert law.sources and all(address.startswith("https://") for address in law.sources)
    for year, first in ((law.torture, 1984), (law.child, 1989), (law.africa, 1969)):
        assert year is None or first <= year <= 2026


@pytest.mark.parametrize(("by", "on"), [("", "2026-11-22"), (" ", "2026-11-22"), ("A. Reader", "yesterday")])
def test_a_review_has_a_name_and_a_day(by: str, on: str) -> None:
    with pytest.raises(ValueError):
        Review(by, on)


def test_a_country_nobody_wrote_about_has_nothing() -> None:
    assert servable("ZZ", demo=True) is None
