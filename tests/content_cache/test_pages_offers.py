"""Opportunities on pages: vetted ones, fitting ones first, and nobody keeps what somebody ticked."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from content_cache.hsds import Record, Translation, record
from content_cache.needs import stable_id
from content_cache.opportunities import KINDS, SKILLS
from content_cache.words import kind_words, skill_words
from tests.content_cache.data import catalogue, service
from tests.content_cache.site import client


def told(key: str, entity: str, link_type: str, value: str) -> Record:
    """One attribute."""
    return record(
        "attribute", id=stable_id("attribute", key, link_type, value), link_id=stable_id(entity, key), link_entity=entity,
        link_type=link_type, label=link_type, value=value,
    )  # fmt: skip


def job(key: str, name: str, *more: tuple[str, str], vetted: bool = True) -> tuple[list[Record], list[Translation]]:
    """A vacancy of an organisation of its own."""
    records, texts = service(key, name, need="work-skills")
    own = stable_id("organization", key)
    records = [
        r if r.entity != "organization" else record("organization", id=own, name=f"Aid {key}", description="") for r in records
    ]
    records = [record("service", **{**r.values, "organization_id": own}) if r.entity == "service" else r for r in records]
    records += [told(key, "service", "opportunity", "job"), *(told(key, "service", *one) for one in more)]
    if vetted:
        records.append(told(key, "organization", "vetted", "2026-10-01"))
    return records, texts


@pytest.fixture
def browser(tmp_path: Path) -> FlaskClient:
    stored = catalogue(
        job("driver", "Bus driver", ("skill", "driving"), ("speaks", "ar")),
        job("tailor", "Tailor", ("skill", "sewing")),
        job("trap", "Easy money", vetted=False),
        job("old", "Last winter", ("last-day", "2020-01-31")),
    )
    return client(tmp_path, stored)


def page(browser: FlaskClient, address: str) -> str:
    return browser.get(f"/en/services{address}").get_data(as_text=True)


def test_an_offer_of_an_organisation_nobody_vetted_is_nowhere(browser: FlaskClient) -> None:
    trap = stable_id("service", "trap")
    for address in ("/offers", "/need/work-skills", "/search?q=easy+money", "/places"):
        assert trap not in page(browser, address) and "Easy money" not in page(browser, address).replace('value="easy money"', "")
    assert browser.get(f"/en/services/{trap}").status_code == 404
    for kind in ("services", "service_at_locations", "organizations", "taxonomy_terms"):
        assert trap not in browser.get(f"/hsds/{kind}?full=true&full_service=true").get_data(as_text=True), kind


def test_an_offer_that_is_over_is_no_longer_listed_and_says_so_on_its_page(browser: FlaskClient) -> None:
    old = stable_id("service", "old")
    assert old not in page(browser, "/offers")
    assert "This may be over." in page(browser, f"/{old}") and "31 January 2020" in page(browser, f"/{old}")


def test_what_fits_stands_first_and_says_so(browser: FlaskClient) -> None:
    driver, tailor = stable_id("service", "driver"), stable_id("service", "tailor")
    first = page(browser, "/offers?skill=driving&speak=ar")
    assert first.index(driver) < first.index("This fits you") < first.index(tailor) < first.index("It also asks for: Sewing")
    second = page(browser, "/offers/job?skill=sewing")
    assert second.index(tailor) < second.index(driver) and "It also asks for: Driving, Arabic" in second


def test_a_choice_lives_in_the_address_alone(browser: FlaskClient) -> None:
    answer = browser.get("/en/services/offers?skill=driving&speak=ar")
    assert answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers
    assert answer.headers.getlist("Set-Cookie") == browser.get("/en/services/offers").headers.getlist("Set-Cookie")
    assert 'name="skill" value="driving" checked' in answer.get_data(as_text=True)
    assert "/ar/services/offers?skill=driving&amp;speak=ar" in answer.get_data(as_text=True), "another language keeps the choice"


def test_what_the_table_does_not_know_is_not_echoed(browser: FlaskClient) -> None:
    shown = page(browser, "/offers?skill=%3Cb%3E&speak=planted-7391")
    assert "<b>" not in shown
    body = shown[shown.index("<main") : shown.index("</main>")]
    assert "planted-7391" not in body


def test_a_device_that_ticks_too_often_waits(browser: FlaskClient) -> None:
    asked = [browser.get("/en/services/offers?skill=driving", headers={"X-Real-IP": "10.44.0.9"}).status_code for _ in range(22)]
    assert asked[0] == 200 and asked[-1] == 429
    assert browser.get("/en/services/offers", headers={"X-Real-IP": "10.44.0.9"}).status_code == 200


def test_every_kind_and_every_skill_has_its_word(browser: FlaskClient) -> None:
    with browser.application.test_request_context("/en/services"):
        assert list(kind_words()) == list(KINDS) and tuple(skill_words()) == SKILLS


def test_a_voucher_is_explained_and_no_code_is_asked_for(browser: FlaskClient) -> None:
    shown = page(browser, "/vouchers")
    assert "This Wi-Fi never sees your code." in shown and "<input" not in shown and "<form" not in shown
