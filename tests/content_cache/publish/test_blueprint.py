"""The catalogue's page at the hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from appliance.files import write_json
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import snapshot
from content_cache.publish import publisher
from content_cache.publish.blueprint import register
from content_cache.publish.importers.services_advisor import import_files
from tests.content_cache.data import PROJECT, as_file, feature


def hub(folder: Path) -> tuple[FlaskClient, Layout]:
    layout = Layout.under(folder, PROJECT)
    app = Flask("telemetry.dashboard")
    register(app, HubConfig("hub.test"), layout)
    assert ("Catalogue", "/catalogue-admin") in app.config["CAMPBOX_NAVIGATION"]
    return app.test_client(), layout


def test_a_hub_without_a_catalogue_says_how_to_import_one(tmp_path: Path) -> None:
    browser, _ = hub(tmp_path)
    assert "campbox catalogue import" in browser.get("/catalogue-admin").get_data(as_text=True)
    assert browser.get("/api/v1/catalogue").get_json() == {"published": None}


def test_it_shows_what_became_of_every_record(tmp_path: Path) -> None:
    browser, layout = hub(tmp_path)
    content = as_file(feature(1, **{"8. Office Open at": {"13:00pm": True}}), feature(2), {"id": "<script>"})
    publisher.publish_services_advisor(layout, {"en": content}, site="camp-1", timezone="Asia/Amman", country="JO")
    page = browser.get("/catalogue-admin").get_data(as_text=True)
    assert "Every record read is accounted for." in page and "hour mended" in page
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "hour mended" not in browser.get("/catalogue-admin?show=kept").get_data(as_text=True).split(">Records</h2>")[1]
    assert browser.get("/api/v1/catalogue").get_json()["published"]["services"] == 2
    assert browser.get("/api/v1/catalogue/report").get_json()["sums"]["en"] == {"kept": 1, "merged": 0, "mended": 1, "refused": 1}


def test_every_version_stands_with_its_date_its_size_and_how_many_services_came_or_went(tmp_path: Path) -> None:
    browser, layout = hub(tmp_path)
    for services in (1, 3, 2):
        content = as_file(*(feature(number) for number in range(services)))
        publisher.publish_services_advisor(layout, {"en": content}, site="camp-1", timezone="Asia/Amman", country="JO")
    versions = publisher.editions(layout)
    assert [(one["serial"], one["services"]) for one in versions] == [(3, 2), (2, 3), (1, 1)]
    assert versions[-1]["patch"] is None and versions[0]["patch"] < versions[0]["bytes"]
    page = browser.get("/catalogue-admin").get_data(as_text=True).split("<h2>Versions</h2>")[1].split("</table>")[0]
    assert page.count('<tr><th scope="row">') == 3 and "2 more" in page and "1 fewer" in page and "boxes fetch all of it" in page


def test_what_sources_disagree_on_is_listed_with_what_was_taken_from_whom(tmp_path: Path) -> None:
    browser, layout = hub(tmp_path)
    content = as_file(feature(1))
    publisher.publish_services_advisor(layout, {"en": content}, site="camp-1", timezone="Asia/Amman", country="JO")
    path = publisher.Place.of(layout).report
    known = next(one for one in snapshot.read(publisher.read_current(layout)).records if one.entity == "schedule")
    said = {"kept": "08:00", "kept_from": "camp", "left": "<b>", "left_from": "country"}
    conflicts = [
        {"entity": "schedule", "id": known.id, "field": "opens_at", **said},
        {"entity": "phone", "id": "gone", "field": "", **said},
    ]
    write_json(path, {**publisher.report(layout), "conflicts": conflicts})
    page = browser.get("/catalogue-admin").get_data(as_text=True).split("<h2>Where sources disagree</h2>")[1]
    assert "08:00" in page and "camp" in page and "&lt;b&gt;" in page and "country" in page
    assert f'<a href="/catalogue-admin/services/{known.values["service_id"]}">' in page and "schedule: opens at" in page
    assert "phone gone" in page and "phone: all of it" in page


def test_the_licence_and_the_downloads_stand_on_the_page(tmp_path: Path) -> None:
    browser, layout = hub(tmp_path)
    content = {"en": as_file(feature(1))}
    publisher.publish_services_advisor(layout, content, site="camp-1", timezone="Asia/Amman", country="JO")
    assert "not stated; ask the sources that are named" in browser.get("/catalogue-admin").get_data(as_text=True)
    imported = replace(import_files(content, country="JO"), licence="CC BY 4.0")
    publisher.publish(layout, imported, site="camp-1", timezone="Asia/Amman")
    page = browser.get("/catalogue-admin").get_data(as_text=True)
    assert "<dt>Licence</dt><dd>CC BY 4.0</dd>" in page and 'href="/hsds/catalogue.hxl.csv"' in page


def test_what_was_refused_stands_first(tmp_path: Path) -> None:
    browser, layout = hub(tmp_path)
    content = as_file(feature(1, **{"8. Office Open at": {"13:00pm": True}}), {"id": "x"})
    publisher.publish_services_advisor(layout, {"en": content}, site="camp-1", timezone="Asia/Amman", country="JO")
    rows = browser.get("/catalogue-admin").get_data(as_text=True).split(">Records</h2>")[1]
    assert rows.index(">refused</td>") < rows.index(">mended</td>") and ">refused 1</a>" in rows
