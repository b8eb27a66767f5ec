"""All of the catalogue in one file: nothing is lost, licence, source and date stand in each, and older editions go."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import zipfile
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from content_cache import open_formats
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE
from content_cache.hsds import ENTITIES
from content_cache.open_formats import HXL, LICENCE_MARK, UNKNOWN_LICENCE, about
from content_cache.publish.importers.hsds_tables import import_package
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header, many, real
from tests.content_cache.site import client


@pytest.fixture(scope="module")
def whole() -> Catalogue:
    made = import_sample(SAMPLE.read_bytes())
    return Catalogue(header(sample=True), made.records, made.translations)


@pytest.fixture(scope="module")
def browser(whole: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return client(tmp_path_factory.mktemp("box"), whole)


def get(browser: FlaskClient, name: str) -> bytes:
    answer = browser.get(f"/hsds/{name}")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    return answer.data


def test_json_holds_every_record_and_translation(browser: FlaskClient, whole: Catalogue) -> None:
    told = json.loads(get(browser, "catalogue.json"))
    assert {entity: len(told[entity]) for entity in ENTITIES} == {entity: whole.count(entity) for entity in ENTITIES}
    assert len(told["translations"]) == len(whole.translations)
    assert told["about"]["licence"] == UNKNOWN_LICENCE and told["about"]["date"] == whole.header.date and told["about"]["sample"]


def test_the_package_imports_into_the_same_records(browser: FlaskClient, whole: Catalogue) -> None:
    with zipfile.ZipFile(io.BytesIO(get(browser, "catalogue.zip"))) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    package = json.loads(files.pop("datapackage.json"))
    assert {one["path"] for one in package["resources"]} == set(files) and package["created"] == whole.header.date
    assert len(list(csv.DictReader(io.StringIO(files.pop("translations.csv").decode())))) == len(whole.translations)
    again = import_package(files, namespace="copy")
    assert {one.id: dict(one.values) for one in again.records} == {
        one.id: {name: value for name, value in one.values.items() if value != "" or name in ENTITIES[one.entity].by_name}
        for one in whole.records
    }
    assert again.report.agrees() and not any(one.outcome == "refused" for one in again.report.entries)


def test_tables_are_named_as_in_the_specification() -> None:
    names = {path.name for path in real("hsds", "examples", "csv").glob("*.csv")}
    assert {open_formats.table_name(entity) for entity in ENTITIES} == names


def test_hxl_has_headings_tags_and_a_row_for_every_service(browser: FlaskClient, whole: Catalogue) -> None:
    first, headings, tags, *rows = csv.reader(io.StringIO(get(browser, "catalogue.hxl.csv").decode()))
    assert "Licence:" in first[0] and whole.header.date in first[0]
    assert list(zip(headings, tags, strict=True)) == list(HXL) and all(tag.startswith("#") for tag in tags)
    assert {row[0] for row in rows} == {one.id for one in whole.records if one.entity == "service"}


@pytest.mark.parametrize("told", [{"source": "Aid", "licence": "CC BY 4.0"}, {"source": f"Aid{LICENCE_MARK}CC BY 4.0"}])
def test_a_licence_that_was_told_is_told_also_by_an_earlier_hub(told: dict[str, str]) -> None:
    said = about({**told, "date": "2026"})
    assert (said["source"], said["licence"]) == ("Aid", "CC BY 4.0")


def test_the_licence_of_the_catalogue_stands_in_every_download_and_on_the_page(tmp_path: Path) -> None:
    made = many(1)
    browser = client(tmp_path, dataclasses.replace(made, header=dataclasses.replace(made.header, licence="CC BY 4.0")))
    assert json.loads(get(browser, "catalogue.json"))["about"]["licence"] == "CC BY 4.0"
    with zipfile.ZipFile(io.BytesIO(get(browser, "catalogue.zip"))) as packed:
        package = json.loads(packed.read("datapackage.json"))
    assert package["licenses"] == [{"title": "CC BY 4.0"}] and package["created"] == made.header.date
    assert f"Licence: CC BY 4.0. Date: {made.header.date}." in get(browser, "catalogue.hxl.csv").decode().splitlines()[0]
    assert "Licence: CC BY 4.0." in browser.get("/en/services").get_data(as_text=True)


def test_another_edition_makes_new_files_and_old_ones_go(tmp_path: Path) -> None:
    browser = client(tmp_path, many(1))
    before = get(browser, "catalogue.json")
    (stored,) = tmp_path.rglob(FILE)
    build(stored, many(2), 2, "bb")
    assert len(json.loads(get(browser, "catalogue.json"))["service"]) == 2 > len(json.loads(before)["service"])
    assert [path.name for path in (stored.parent / "downloads").iterdir()] == ["2-bb.catalogue.json"]


def test_r6_the_same_serial_with_another_snapshot_makes_new_files(tmp_path: Path) -> None:
    browser = client(tmp_path, many(1))
    before = {name: get(browser, name) for name in ("catalogue.json", "catalogue.hxl.csv", "catalogue.zip")}
    (stored,) = tmp_path.rglob(FILE)
    build(stored, many(3), 1, "cc" * 32)  # an organisation's layer is new, the hub's own edition is the one before
    assert len(json.loads(get(browser, "catalogue.json"))["service"]) == 3 > len(json.loads(before["catalogue.json"])["service"])
    assert all(get(browser, name) != content for name, content in before.items())
    assert {path.name.partition(".")[0] for path in (stored.parent / "downloads").iterdir()} == {"1-cccccccccccccccc"}


def test_without_a_catalogue_there_is_nothing_to_download(tmp_path: Path) -> None:
    assert client(tmp_path, None).get("/hsds/catalogue.zip").status_code == 404
