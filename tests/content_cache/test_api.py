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
        ("vouchers", 404),
    ],
)  # fmt: skip
def test_hostile_parameters_are_refused(sample: FlaskClient, address: str, status: int) -> None:
    assert sample.get(f"/hsds/{address}").status_code == status


def test_nothing_can_be_written(sample: FlaskClient) -> None:
    assert sample.post("/hsds/services").status_code == 405


def test_a_search_is_not_kept_and_the_rest_may_be(sample: FlaskClient) -> None:
    assert sample.get("/hsds/services?search=x").headers["Cache-Control"] == "no-store"
    assert sample.get("/hsds/services").headers["Cache-Control"] == "public, max-age=60"


def test_an_empty_box_answers_empty(tmp_path: Path) -> None:
    assert get(client(tmp_path, None), "/hsds/services")["empty"]
