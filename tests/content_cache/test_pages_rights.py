"""The page on the law: a draft in the demo, nothing unread on a real site, every fact with its own source."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.web.languages import BY_TAG
from content_cache import legal
from content_cache.legal import CONVENTIONS, LAWS, Review
from content_cache.legal.sheet import NONE_FOUND, said
from tests.content_cache.data import many
from tests.content_cache.site import client, site

LARGEST = 60_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    yield client(tmp_path_factory.mktemp("demo"), many(1, sample=True), sample=True)


def _page(demo: FlaskClient, monkeypatch: pytest.MonkeyPatch, country: str, tag: str = "en") -> str:
    """The demo's page as it would be in ``country``."""
    monkeypatch.setattr(legal, "LAWS", {site().site.country: LAWS[country]})
    return demo.get(f"/{tag}/services/rights").get_data(as_text=True)


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_unreviewed_legal_text_is_not_served_outside_the_demo(tmp_path: Path, demo: FlaskClient) -> None:
    page = client(tmp_path, many(1)).get("/en/services/rights").get_data(as_text=True)
    assert "Nobody has checked a text for this country yet." in page
    assert "1951" not in page and "1973" not in page and "/en/services/need/legal-help" in page
    draft = demo.get("/en/services/rights").get_data(as_text=True)
    assert "This is a draft. No lawyer has read it." in draft
    assert "This country is not party to the Refugee Convention of 1951." in draft and "Law No. 24 of 1973" in draft


def test_a_stored_sample_alone_makes_no_demo(tmp_path: Path) -> None:
    page = client(tmp_path, many(1, sample=True)).get("/en/services/rights").get_data(as_text=True)
    assert "1951" not in page


def test_a_reviewed_line_is_served_with_its_readers_name_and_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = replace(LAWS["KE"], review=Review("A. Reader, advocate", "2026-11-22"))
    monkeypatch.setattr(legal, "LAWS", {site().site.country: read})
    page = client(tmp_path, many(1)).get("/en/services/rights").get_data(as_text=True)
    assert "Read by A. Reader, advocate on" in page and "2026" in page and "draft. No lawyer" not in page
    assert "This country is party to the Refugee Convention of 1951." in page


@pytest.mark.parametrize("country", LAWS)
def test_the_page_says_what_the_reviewers_sheet_says_and_each_fact_has_its_own_source(
    demo: FlaskClient, monkeypatch: pytest.MonkeyPatch, country: str
) -> None:
    page, law = _page(demo, monkeypatch, country), LAWS[country]
    words = _words(page)
    assert "None" not in words
    for key, party in law.parties.items():
        assert " ".join(said(key, party, europe_only=law.europe_only)) in words and CONVENTIONS[key].name in words
    assert all(f" {statute.name} " in words for statute in law.statutes)
    links = [html.unescape(address) for address in re.findall(r'<a class="row" href="(https:[^"]+)"', page)]
    assert links == [CONVENTIONS[key].source for key in CONVENTIONS if key in law.parties] + [
        statute.source for statute in law.statutes if statute.source
    ]
    assert all(address in words for address in links), "an address can be written down without the internet"
    assert words.count(NONE_FOUND) == sum(statute.source is None for statute in law.statutes)


@pytest.mark.parametrize("tag", BY_TAG)
def test_links_outside_are_marked_in_the_readers_language_and_the_page_is_light(
    demo: FlaskClient, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    page = _page(demo, monkeypatch, "IQ", tag)
    assert len(page.encode()) <= LARGEST
    outside = re.findall(r'<a class="row" href="https:[^>]*>', page)
    assert outside and all('aria-describedby="outside"' in link and 'rel="noreferrer"' in link for link in outside)
    assert page.count('id="outside"') == 1
    assert ("These pages need the internet." in page) is (NONE_FOUND in page) is (tag == "en")
