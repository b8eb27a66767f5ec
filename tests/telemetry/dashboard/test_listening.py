"""H33: a hub that hears nobody says so, to people and to what watches it, and calls no box silent."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance.layout import Layout
from telemetry.dashboard import heartbeat
from telemetry.dashboard.hearing import Hearing, heard_since
from telemetry.dashboard.incidents import SILENT_AFTER
from telemetry.dashboard.report_store import ReportStore, store_file
from tests.telemetry.dashboard.conftest import hears, report

PAGES = ("/", "/boxes/camp-1", "/incidents", "/catalogue-admin")
AGO = SILENT_AFTER + 600
DEAF: dict[str, dict[str, Any]] = {
    "ingest does not run": {"clock": time.monotonic() - 3600},
    "the store refuses: disk full": {"refused": "disk full", "refused_at": 1_000.0},
    "held by one piece of work": {"turn_clock": time.monotonic() - 3600, "waiting": 500},
    "no connection to the broker": {"away_clock": time.monotonic() - 3600, "away_at": 1_000.0},
}


def old_report(store: ReportStore) -> None:
    report(store)
    with store.transaction():
        store._db.execute("UPDATE boxes SET last_seen = last_seen - ?, online = 0", (AGO,))


@pytest.mark.parametrize("reason", DEAF)
def test_h33_healthz_is_red_with_the_reason_while_ingest_is_deaf(layout: Layout, stranger: FlaskClient, reason: str) -> None:
    assert (stranger.get("/healthz").status_code, stranger.get("/healthz").text) == (200, "ok\n")
    hears(layout, **DEAF[reason])
    told = stranger.get("/healthz")
    assert told.status_code == 503 and reason in told.text and told.text.startswith("deaf: ")


def test_h33_healthz_is_red_without_any_sign_of_life(layout: Layout, stranger: FlaskClient) -> None:
    heartbeat.beat_file(layout).unlink()
    assert stranger.get("/healthz").status_code == 503
    heartbeat.beat_file(layout).write_bytes(b"{" * 5000)
    assert stranger.get("/healthz").status_code == 503


def test_h33_healthz_is_red_when_the_store_cannot_be_read(layout: Layout, stranger: FlaskClient) -> None:
    for file in store_file(layout).parent.glob("store.sqlite*"):
        file.unlink()
    store_file(layout).write_bytes(b"no store at all" * 1000)
    told = stranger.get("/healthz")
    assert told.status_code == 503 and "store cannot be read" in told.text


@pytest.mark.parametrize("reason", DEAF)
def test_h33_pages_say_that_the_hub_hears_no_box_instead_of_calling_boxes_silent(
    layout: Layout, store: ReportStore, operator: FlaskClient, reason: str
) -> None:
    old_report(store)
    assert "out of touch" in operator.get("/").text and "Call the site" in operator.get("/incidents").text
    hears(layout, **DEAF[reason])
    for page in PAGES:
        text = operator.get(page).text
        assert "The hub hears no box:" in text and reason in text, page
        assert "Call the site" not in text and ">out of touch<" not in text and ">in touch<" not in text, page
    assert "?</strong> out of touch" in operator.get("/").text


def test_h33_after_deafness_boxes_have_the_usual_time_to_report(layout: Layout, store: ReportStore, operator: FlaskClient) -> None:
    old_report(store)
    hears(layout, since=time.time() - 60)
    assert "Call the site" not in operator.get("/incidents").text
    assert "<strong>0</strong> out of touch" in operator.get("/").text
    hears(layout, since=time.time() - SILENT_AFTER - 60)
    assert "Call the site" in operator.get("/incidents").text
    assert "<strong>1</strong> out of touch" in operator.get("/").text


def test_h4_reports_kept_past_their_time_are_told_on_every_page(layout: Layout, store: ReportStore, operator: FlaskClient) -> None:
    report(store)
    assert "kept longer than is promised" not in operator.get("/").text
    hears(layout, overdue=4711)
    for page in PAGES:
        assert "kept longer than is promised:</strong> 4711 are past their time" in operator.get(page).text


def test_h33_no_stranger_reads_it_on_the_login_page(layout: Layout, stranger: FlaskClient) -> None:
    hears(layout, **DEAF["ingest does not run"])
    assert "hears no box" not in stranger.get("/login").text


def test_the_time_from_which_silence_counts() -> None:
    assert heard_since(Hearing(True, since=500.0), 900.0) == 500.0
    assert heard_since(Hearing(False, "deaf", 500.0), 900.0) == 900.0
    assert heard_since(Hearing(False, "deaf"), 900.0) == 900.0
