"""The HSDS API conforms, and hostile parameters get an answer that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient

from content_cache.needs import BY_SLUG, TAXONOMY_ID, stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.importers.services_advisor import import_files
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header, many, real
from tests.content_cache.site import client


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    imported = import_sample(SAMPLE.read_bytes())
    return client(tmp_path_factory.mktemp("box"), Catalogue(header(sample=True), imported.records, imported.translations))


def get(browser: FlaskClient, address: str) -> Any:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads(real("hsds", "schema", "compiled", f"{name}.json").read_text())
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())


def every(browser: FlaskClient, arguments: str = "") -> list[Any]:
    found, page = list[Any](), 1
    while True:
        answer = get(browser, f"/hsds/services?per_page=20&page={page}{arguments}")
        found += answer["contents"]
        if answer["last_page"]:
            return found
        page += 1


def test_lists_and_details_follow_the_compiled_schemas(sample: FlaskClient) -> None:
    listed, detailed = schema("service_list"), schema("service_with_definitions")
    for item in every(sample):
        listed.validate(item)
        detailed.validate(get(sample, f"/hsds/services/{item['id']}"))


def test_the_real_services_follow_the_compiled_schemas(tmp_path: Path) -> None:
    files = {"en": real("jordan", "services.json").read_bytes(), "ar": real("jordan", "services_ar.json").read_bytes()}
    imported = import_files(files, country="JO")
    browser = client(tmp_path, Catalogue(header(), imported.records, imported.translations))
    detailed = schema("service_with_definitions")
    items = every(browser)
    assert len(items) == 562
    for item in items[::29]:
        detailed.validate(get(browser, f"/hsds/services/{item['id']}"))


def test_the_schemas_can_refuse(sample: FlaskClient) -> None:
    item = get(sample, "/hsds/services?per_page=1")["contents"][0] | {"status": "open"}
    with pytest.raises(jsonschema.ValidationError):
        schema("service_list").validate(item)


def test_pages_hold_everything_once(tmp_path: Path) -> None:
    browser = client(tmp_path, many(45))
    ids = [one["id"] for one in every(browser)]
    assert len(ids) == len(set(ids)) == 45
    page = get(browser, "/hsds/services?per_page=20&page=3")
    assert {key: page[key] for key in page if key != "contents"} == {
        "total_items": 45, "total_pages": 3, "page_number": 3, "size": 5, "first_page": False, "last_page": True, "empty": False,
    }  # fmt: skip
    beyond = get(browser, "/hsds/services?page=9")
    assert beyond["empty"] and beyond["contents"] == [] and beyond["last_page"]
    assert len(get(browser, "/hsds/services?minimal=true")["contents"]) == 45


def test_filters(sample: FlaskClient) -> None:
    health = every(sample, f"&taxonomy_term_id={BY_SLUG['health'].term_id}")
    assert 3 <= len(health) < len(every(sample)) == len(every(sample, f"&taxonomy_id={TAXONOMY_ID}"))
    organisation = health[0]["organization_id"]
    assert {one["organization_id"] for one in every(sample, f"&organization_id={organisation}")} == {organisation}
    assert every(sample, "&modified_after=2030-01-01") == []
    assert get(sample, "/hsds/services?search=clinic")["total_items"] > 0
    assert "schedules" in get(sample, "/hsds/services?full=true&per_page=1")["contents"][0]


def test_it_says_what_it_is(sample: FlaskClient) -> None:
    assert get(sample, "/hsds/")["version"] == get(sample, "/hsds")["version"] == "3.1"
    assert get(sample, "/hsds/taxonomies")["contents"][0]["id"] == TAXONOMY_ID
    assert get(sample, "/hsds/taxonomy_terms")["total_items"] >= 16


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("services?page=0", 400), ("services?page=-1", 400), ("services?page=x", 400), ("services?per_page=99999999999", 400),
        ("services?taxonomy_term_id=' or 1=1 --", 400), ("services/1", 400), ("services/" + stable_id("service", "none"), 404),
        ("vouchers", 404), ("services?format=xml", 400), ("services?full=maybe", 400), ("services?modified_after=yesterday", 400),
        ("service_at_locations?proximity=500", 400), ("organizations/x", 400), ("taxonomies/" + stable_id("taxonomy", "none"), 404),
    ],
)  # fmt: skip
def test_hostile_parameters_are_refused(sample: FlaskClient, address: str, status: int) -> None:
    assert sample.get(f"/hsds/{address}").status_code == status


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_can_be_written(sample: FlaskClient, method: str) -> None:
    assert getattr(sample, method)("/hsds/services").status_code == 405
    assert sample.post("/hsds/services/1").status_code == 405 and sample.post("/hsds/").status_code == 405


def test_a_list_asked_for_by_post_is_the_same_list(sample: FlaskClient) -> None:
    assert sample.post("/hsds/services?per_page=2").get_json() == get(sample, "/hsds/services?per_page=2")


def test_organisations_and_places_of_services(sample: FlaskClient) -> None:
    organisations = get(sample, "/hsds/organizations?per_page=100")["contents"]
    whole = get(sample, f"/hsds/organizations/{organisations[0]['id']}?full_service=true")
    assert whole["services"] and {one["organization_id"] for one in whole["services"]} == {whole["id"]}
    health = get(sample, f"/hsds/organizations?taxonomy_term_id={BY_SLUG['health'].term_id}")
    assert 0 < health["total_items"] < len(organisations)
    named = get(sample, f"/hsds/organizations?search={organisations[0]['name'][:12].upper()}&full=true")["contents"]
    assert organisations[0]["id"] in {one["id"] for one in named}
    there = get(sample, f"/hsds/service_at_locations?organization_id={whole['id']}")
    assert there["total_items"] == len(whole["services"]) and {"location", "service"} <= set(there["contents"][0])
    one = get(sample, f"/hsds/service_at_locations/{there['contents'][0]['id']}")
    assert one["location"]["addresses"] and one["service"]["schedules"]


def test_terms_by_parent_taxonomy_and_name(sample: FlaskClient) -> None:
    every = get(sample, f"/hsds/taxonomy_terms?taxonomy_id={TAXONOMY_ID}&top_only=true")
    assert every["total_items"] >= 16 and every["contents"][0]["taxonomy_detail"]["name"] == "Needs"
    assert get(sample, "/hsds/taxonomy_terms?search=HEALTH")["total_items"] == 1
    assert get(sample, f"/hsds/taxonomy_terms?parent_id={TAXONOMY_ID}")["empty"]
    assert get(sample, f"/hsds/taxonomies/{TAXONOMY_ID}")["name"] == "Needs"


@pytest.mark.parametrize("kind", ["services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms"])
def test_all_of_a_kind_as_lines(sample: FlaskClient, kind: str) -> None:
    answer = sample.get(f"/hsds/{kind}?format=ndjson&per_page=1")
    lines = answer.get_data(as_text=True).splitlines()
    assert answer.mimetype == "application/x-ndjson" and len(lines) == get(sample, f"/hsds/{kind}")["total_items"] > 0
    assert all("id" in json.loads(line) for line in lines)


def test_a_search_may_be_filtered(sample: FlaskClient) -> None:
    every = get(sample, "/hsds/services?search=clinic&per_page=100")
    chosen = every["contents"][0]["organization_id"]
    few = get(sample, f"/hsds/services?search=clinic&organization_id={chosen}&per_page=100")
    assert 0 < few["total_items"] < every["total_items"] and {one["organization_id"] for one in few["contents"]} == {chosen}


def test_changes_are_found_in_any_time_zone(sample: FlaskClient) -> None:
    newest = max(one["assured_date"] for one in every(sample))
    for asked in (newest, f"{newest}T00:00:00Z".replace("T00:00:00Z", ""), "2000-01-01T00:00:00+03:00", "2000-01-01T00:00:00Z"):
        assert every(sample, f"&modified_after={asked}"), asked


def test_a_search_is_not_kept_and_the_rest_may_be(sample: FlaskClient) -> None:
    assert sample.get("/hsds/services?search=x").headers["Cache-Control"] == "no-store"
    assert sample.get("/hsds/services").headers["Cache-Control"] == "public, max-age=60"


def test_an_empty_box_answers_empty(tmp_path: Path) -> None:
    assert get(client(tmp_path, None), "/hsds/services")["empty"]
