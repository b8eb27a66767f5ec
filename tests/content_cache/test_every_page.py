"""What holds for every address of the catalogue, taken from its own table of addresses, errors included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_babel import gettext  # type: ignore[import-untyped]

from appliance.web.languages import BY_TAG, LANGUAGES
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.appliance.web.rules import HELP, pages, without_icon_or_word
from tests.content_cache.data import catalogue, header, many, service
from tests.content_cache.site import client

TAGS = [language.tag for language in LANGUAGES]
MACHINES = {
    "/static/<path:filename>": "files",
    "/hsds/": "HSDS",
    "/hsds/<any(services, organizations, service_at_locations, taxonomies, taxonomy_terms):kind>": "HSDS",
    "/hsds/<any(services, organizations, service_at_locations, taxonomies, taxonomy_terms):kind>/<id>": "HSDS",
    "/hsds/<any('catalogue.json', 'catalogue.zip', 'catalogue.hxl.csv'):name>": "downloads",
}
ODD = ("/{}/services/nothing-here", "/{}/services/search?q=zzzzqqqq", "/{}/services/search?q=a&page=2", "/{}/services?open=now")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    imported = import_sample(SAMPLE.read_bytes())
    return client(tmp_path_factory.mktemp("box"), Catalogue(header(), imported.records, imported.translations))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return client(tmp_path_factory.mktemp("box"), catalogue(service("a", "Clinic", checked="2020-01-01")))


def _seen(browser: FlaskClient, tag: str) -> dict[str, str]:
    """Every page as it comes, with those of errors."""
    places = re.findall(r"/services/place/([0-9a-f-]{36})", browser.get("/en/services/places").text)
    offers = re.findall(r"/services/([0-9a-f-]{36})", browser.get("/en/services/offers").text)
    clinics = re.findall(r"/services/([0-9a-f-]{36})", browser.get("/en/services/need/health").text)
    values = {
        "slug": ["health"], "/<lang>/services/step/<slug> slug": ["arriving"], "kind": ["job"], "code": ["ar"],
        "id": [offers[0], clinics[0]], "/<lang>/services/place/<uuid:id> id": places[:1],
    }  # fmt: skip
    addresses = [*pages(browser.application, tag, values, MACHINES), *(odd.format(tag) for odd in ODD)]
    phone = {"X-Real-IP": f"10.44.0.{TAGS.index(tag) + 9}", "Accept-Language": tag}
    return {address: browser.get(address, headers=phone).text for address in addresses}


@pytest.mark.parametrize("tag", TAGS)
def test_help_is_one_tap_away_on_every_page_and_every_button_has_icon_and_word(sample: FlaskClient, tag: str) -> None:
    seen = _seen(sample, tag)
    assert len(seen) > 15
    for name, page in seen.items():
        assert HELP.findall(page) == [f"/{tag}/emergency"], f"{name} does not lead to help"
        assert without_icon_or_word(page) == [], name


def test_what_gives_no_page_is_for_machines(sample: FlaskClient) -> None:
    for address in ("/static/style.css", "/hsds/", "/hsds/services", "/hsds/services/1", "/hsds/catalogue.json"):
        assert sample.get(address).mimetype != "text/html", address


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_every_page_of_a_long_list_leads_on_and_back_by_icon_and_word(tmp_path: Path, tag: str) -> None:
    browser = client(tmp_path, many(45))
    for number in (1, 2, 3):
        page = browser.get(f"/{tag}/services/need/health?page={number}").text
        assert page.count('rel="next"') == (number < 3) and page.count('rel="prev"') == (number > 1)
        assert without_icon_or_word(page) == []


ADVICE = {
    "services/offers": ("Never pay to get a job or a home.", "Others nearby could read this."),
    "services/vouchers": ("Never send the code to anybody.",), "services": ("Others nearby could read this.",),
    "services/rights": ("Ask for legal help before you decide.",), "services/search?q=a": ("Others nearby could read this.",),
}  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_what_a_draft_says_to_do_stands_there_in_a_reviewed_language_too(sample: FlaskClient, tag: str) -> None:
    for address, wanted in ADVICE.items():
        assert _also(sample, f"/{tag}/{address}") == (() if BY_TAG[tag].reviewed else wanted), address


@pytest.mark.parametrize("tag", TAGS)
def test_a_draft_says_ask_before_you_go_in_a_reviewed_language_too(old: FlaskClient, tag: str) -> None:
    assert _also(old, f"/{tag}/services/{stable_id('service', 'a')}") == (() if BY_TAG[tag].reviewed else ("Ask before you go.",))


def _also(browser: FlaskClient, address: str) -> tuple[str, ...]:
    """The last sentence of each thing that is said in English besides."""
    phone = {"X-Real-IP": address[:4]}
    boxes = re.findall(r'<div class="also" lang="en" dir="ltr">(.*?)</div>', browser.get(address, headers=phone).text, re.DOTALL)
    return tuple(re.split(r"(?<=[.?!]) ", " ".join(re.sub(r"<[^>]+>", " ", words).split()))[-1] for words in boxes)


@pytest.mark.parametrize("tag", TAGS)
def test_a_form_says_who_could_read_it_but_over_https_and_that_nothing_is_recorded(sample: FlaskClient, tag: str) -> None:
    with sample.application.test_request_context(f"/{tag}/services"):
        warning, kept = gettext("Others nearby could read this."), gettext("This box keeps no record of it.")
    for address in (f"/{tag}/services", f"/{tag}/services/offers", f"/{tag}/services/search?q="):
        page, sealed = sample.get(address).text, sample.get(address, headers={"X-Forwarded-Proto": "https"}).text
        assert warning in page and kept in page, address
        assert warning not in sealed and kept in sealed, address
