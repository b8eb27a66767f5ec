"""The hub's own /hsds: what is published now, for everybody, changed with every edition."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache.publish import open_api, publisher
from content_cache.publish.importers.report import Entry, Imported, Report
from tests.content_cache.data import PROJECT, many


def publish(layout: Layout, count: int) -> None:
    made = many(count)
    report = Report({"en": 1}, (Entry("en", 1, "1", "kept", None),))
    publisher.publish(
        layout, Imported(made.records, made.translations, report, "en", ("en",), "A", False), site="c-1", timezone="UTC"
    )


def hub(layout: Layout) -> FlaskClient:
    app = Flask("hub")
    open_api.register(app, HubConfig("hub.test"), layout)
    return app.test_client()


def test_what_is_published_is_answered_and_a_new_edition_at_once(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, PROJECT)
    browser = hub(layout)
    assert browser.get("/hsds/services").get_json()["empty"] and browser.get("/hsds/catalogue.json").status_code == 404
    for count in (2, 3):
        publish(layout, count)
        assert browser.get("/hsds/services").get_json()["total_items"] == count
    assert browser.get("/hsds/services?search=clinic").get_json()["total_items"] == 3
    assert len(browser.get("/hsds/catalogue.json").get_json()["service"]) == 3
