"""What the new pages share: light, without scripts, kept by the front, whole in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.web.languages import LANGUAGES
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header, many
from tests.content_cache.site import client

NIGHT_DOCTOR = stable_id("service", "sample", "night-doctor")
PAGES = (
    "places", f"place/{stable_id('location', 'sample', 'market-street')}", "languages", "language/fa-AF", "steps", "step/arriving",
    "offers", "offers/job", "offers?skill=driving&speak=ar", "vouchers", "rights", f"{NIGHT_DOCTOR}/show",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    imported = import_sample(SAMPLE.read_bytes())
    stored = Catalogue(header(sample=True), imported.records, imported.translations)
    return client(tmp_path_factory.mktemp("box"), stored, sample=True)


@pytest.mark.parametrize("page", PAGES)
def test_every_new_page_is_light_and_without_scripts_in_every_language(sample: FlaskClient, page: str) -> None:
    for tag in (language.tag for language in LANGUAGES):
        answer = sample.get(f"/{tag}/services/{page}")
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200 and len(answer.data) <= 60_000
        assert "<script" not in text and "style=" not in text and "onclick" not in text
        assert f'<html lang="{tag}"' in text and text.count("<h1") == 1 and 'class="sample"' in text


@pytest.mark.parametrize("page", PAGES)
def test_every_new_page_lives_without_a_catalogue(tmp_path: Path, page: str) -> None:
    assert client(tmp_path, None).get(f"/en/services/{page}").status_code in (200, 404)


@pytest.mark.parametrize("page", [page for page in PAGES if "?" not in page])
def test_the_front_may_keep_every_page_on_which_nobody_chose_anything(sample: FlaskClient, page: str) -> None:
    assert sample.get(f"/en/services/{page}").headers["Cache-Control"] == "public, max-age=60"


def test_every_page_is_reached_by_taps_from_the_list_of_needs(sample: FlaskClient) -> None:
    seen, to_do = set[str](), ["/en/services"]
    while to_do:
        address = to_do.pop()
        if address not in seen:
            seen.add(address)
            page = sample.get(address)
            assert page.status_code == 200, address
            to_do += re.findall(r'href="(/en/services[^"?]*)"', page.get_data(as_text=True))
    assert {f"/en/services/{page}" for page in PAGES if "?" not in page} <= seen


def test_a_list_of_places_is_paged(tmp_path: Path) -> None:
    browser = client(tmp_path, many(45))
    pages = [browser.get(f"/en/services/places?page={n}") for n in (1, 2, 3)]
    assert [answer.get_data(as_text=True).count("/en/services/place/") for answer in pages] == [40, 5, 0]
    assert pages[2].status_code == 404
