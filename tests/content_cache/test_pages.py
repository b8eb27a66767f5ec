"""The pages: light, without scripts, in every language, honest, and silent about searches."""

from __future__ import annotations

import logging
import re
import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.web.languages import LANGUAGES
from content_cache.catalogue_store import Store
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import catalogue, header, many, service
from tests.content_cache.site import client

TAGS = [language.tag for language in LANGUAGES]
LARGEST = 60_000


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    imported = import_sample(SAMPLE.read_bytes())
    return client(tmp_path_factory.mktemp("box"), Catalogue(header(sample=True), imported.records, imported.translations))


def links(html: str, pattern: str) -> list[str]:
    return sorted(set(re.findall(rf'href="({pattern})"', html)))


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_of_every_language_is_light_and_without_scripts(sample: FlaskClient, tag: str) -> None:
    first = sample.get(f"/{tag}/services").get_data(as_text=True)
    needs = links(first, rf"/{tag}/services/need/[a-z-]+")
    assert len(needs) >= 16
    lists = [sample.get(address).get_data(as_text=True) for address in needs]
    details = sorted({address for page in lists for address in links(page, rf"/{tag}/services/[0-9a-f-]{{36}}")})
    assert len(details) >= 60
    for page in [first, *lists, *(sample.get(address).get_data(as_text=True) for address in details)]:
        assert len(page.encode()) <= LARGEST
        assert "<script" not in page and "onclick" not in page and "style=" not in page
        assert f'<html lang="{tag}"' in page and page.count("<h1") == 1


@pytest.mark.parametrize("address", ["services", "services/need/health", "services/search?q=water"])
def test_a_sample_says_so_on_every_page(sample: FlaskClient, tmp_path: Path, address: str) -> None:
    assert 'class="sample"' in sample.get(f"/en/{address}").get_data(as_text=True)
    assert 'class="sample"' not in client(tmp_path, many(1)).get(f"/en/{address}").get_data(as_text=True)


def test_lists_are_paged(tmp_path: Path) -> None:
    browser = client(tmp_path, many(45))
    pages = [browser.get(f"/en/services/need/health?page={n}").get_data(as_text=True) for n in (1, 2, 3)]
    assert [len(links(page, r"/en/services/[0-9a-f-]{36}")) for page in pages] == [20, 20, 5]
    assert 'rel="next"' in pages[0] and 'rel="prev"' not in pages[0] and 'rel="next"' not in pages[2]


@pytest.mark.parametrize(
    "address",
    [
        "services/need/nothing", "services/need/health?page=9", "services/need/health?page=0", "services/need/health?page=x",
        "services/need/health?page=²", "services/00000000-0000-0000-0000-000000000000", "services/1", "services/../secret",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(tmp_path: Path, address: str) -> None:
    answer = client(tmp_path, many(1)).get(f"/en/{address}")
    assert answer.status_code == 404 and "This page is not here" in answer.get_data(as_text=True)


def test_an_unknown_language_is_not_found(tmp_path: Path) -> None:
    assert client(tmp_path, many(1)).get("/xx/services").status_code == 404


@pytest.mark.parametrize(("need", "slug"), [("health", "health"), ("protection", "womens-safety")])
def test_a_need_may_be_asked_for_by_name(tmp_path: Path, need: str, slug: str) -> None:
    assert client(tmp_path, many(1)).get(f"/ar/services?need={need}").headers["Location"] == f"/ar/services/need/{slug}"


@pytest.mark.parametrize("tag", TAGS)
def test_without_a_catalogue_the_page_says_that_it_will_come(tmp_path: Path, tag: str) -> None:
    browser = client(tmp_path, None)
    assert browser.get(f"/{tag}/services").status_code == 200
    assert browser.get(f"/{tag}/services/search?q=x").status_code == 200
    assert browser.get(f"/{tag}/services/need/health").status_code == 200


def test_the_front_may_keep_pages_but_never_a_search(tmp_path: Path) -> None:
    browser = client(tmp_path, many(1))
    page = browser.get("/en/services")
    assert page.headers["Cache-Control"] == "public, max-age=60"
    assert browser.get("/en/services", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    assert browser.get("/en/services/search?q=clinic").headers["Cache-Control"] == "no-store"


def test_a_fault_names_the_place_and_never_what_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    browser = client(tmp_path, many(1))

    def fail(_store: Store, query: str, _offset: int, _limit: int, tag: str = "") -> None:
        raise sqlite3.OperationalError(f"near {query}")

    monkeypatch.setattr(Store, "search", fail)
    with caplog.at_level(logging.DEBUG):
        answer = browser.get("/en/services/search?q=secretword")
    assert answer.status_code == 500
    assert "OperationalError" in caplog.text and "secretword" not in caplog.text


def test_text_that_is_markup_stays_text(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "<b>Clinic</b>", description="<img src=x>")))
    page = browser.get(f"/en/services/{stable_id('service', 'a')}").get_data(as_text=True)
    assert "&lt;b&gt;Clinic" in page and "<img" not in page
    assert "<i>" not in browser.get("/en/services/search?q=<i>").get_data(as_text=True)


def test_a_missing_language_is_marked(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic")))
    page = browser.get(f"/fa-AF/services/{stable_id('service', 'a')}").get_data(as_text=True)
    assert '<span lang="en" dir="ltr">Clinic</span>' in page


def test_a_detail_has_hours_phone_and_date(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic", checked="2020-01-01")))
    page = browser.get(f"/en/services/{stable_id('service', 'a')}").get_data(as_text=True)
    assert 'href="tel:+9995550100"' in page and "08:00–16:00" in page and "January 2020" in page
    assert "This may have changed." in page and "Jordan" in page
    week = page[page.index("<dt>") :]  # above it stands until when it is open, or on which day again: another one every day
    assert week.index("Saturday") < week.index("Sunday") < week.index("Friday")
