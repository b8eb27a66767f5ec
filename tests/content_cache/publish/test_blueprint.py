"""The catalogue's page at the hub."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache.publish import publisher
from content_cache.publish.blueprint import register
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
    assert "hour mended" not in browser.get("/catalogue-admin?show=kept").get_data(as_text=True).split("<h2>Records</h2>")[1]
    assert browser.get("/api/v1/catalogue").get_json()["published"]["services"] == 2
    assert browser.get("/api/v1/catalogue/report").get_json()["sums"]["en"] == {"kept": 1, "merged": 0, "mended": 1, "refused": 1}
