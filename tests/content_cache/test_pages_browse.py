"""Browsing by place, language and step of the journey."""

from __future__ import annotations

from pathlib import Path

import pytest

from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE
from content_cache.hsds import record
from content_cache.needs import stable_id
from tests.content_cache.data import catalogue, service
from tests.content_cache.site import client


def test_a_place_shows_its_services_and_no_others(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic"), service("b", "School", need="education")))
    page = browser.get(f"/en/services/place/{stable_id('location', 'a')}").get_data(as_text=True)
    assert stable_id("service", "a") in page and stable_id("service", "b") not in page


def test_places_without_a_sector_stand_last_and_sectors_have_headings(tmp_path: Path) -> None:
    records, texts = service("a", "Clinic")
    records.append(
        record(
            "attribute", id=stable_id("attribute", "a"), link_id=stable_id("location", "a"), link_entity="location",
            link_type="place", label="sector", value="B",
        )
    )  # fmt: skip
    browser = client(tmp_path, catalogue((records, texts), service("b", "School")))
    page = browser.get("/en/services/places").get_data(as_text=True)
    assert page.index("Sector B") < page.index("Place of Clinic") < page.index("Place of School")


def test_a_language_shows_who_speaks_it_and_no_others(tmp_path: Path) -> None:
    records, texts = service("a", "Clinic")
    records.append(record("language", id=stable_id("language", "a"), service_id=stable_id("service", "a"), code="ti"))
    browser = client(tmp_path, catalogue((records, texts), service("b", "School")))
    assert "Tigrinya" in browser.get("/en/services/languages").get_data(as_text=True)
    page = browser.get("/en/services/language/ti").get_data(as_text=True)
    assert stable_id("service", "a") in page and stable_id("service", "b") not in page


def test_a_step_leads_to_its_needs_the_most_urgent_first(tmp_path: Path) -> None:
    browser = client(
        tmp_path, catalogue(service("a", "School", need="education"), service("b", "Clinic"), service("c", "Bus", need="transport"))
    )
    page = browser.get("/en/services/step/arriving").get_data(as_text=True)
    assert "/en/services/need/health" in page and "/en/services/need/education" not in page
    page = browser.get("/en/services/step/moving-on").get_data(as_text=True)
    assert page.index("/need/transport") < page.index("/need/education")


@pytest.mark.parametrize(
    "address",
    ["place/00000000-0000-0000-0000-000000000000", "place/x", "language/xx", "step/flying", "offers/lottery", "places?page=x"],
)
def test_what_is_not_there_is_not_found(tmp_path: Path, address: str) -> None:
    assert client(tmp_path, catalogue(service("a", "Clinic"))).get(f"/en/services/{address}").status_code == 404


def test_another_catalogue_is_noticed(tmp_path: Path) -> None:
    browser = client(tmp_path, catalogue(service("a", "Clinic")))
    assert "Place of Clinic" in browser.get("/en/services/places").get_data(as_text=True)
    (file,) = tmp_path.rglob(FILE)
    build(file, catalogue(service("b", "School")), 2, "bb")
    page = browser.get("/en/services/places").get_data(as_text=True)
    assert "Place of School" in page and "Place of Clinic" not in page
