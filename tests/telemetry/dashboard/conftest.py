"""A hub in a folder, with boxes that have reported."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.clock import Moment
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry.dashboard import admin, heartbeat
from telemetry.dashboard.app import create_app
from telemetry.dashboard.hearing import Beat
from telemetry.dashboard.report_store import ReportStore, connect, store_file
from telemetry.message import Batch, Birth, Row
from telemetry.metrics import Fewer, Reading, System, measure

PASSWORD = "correct horse battery"
CONFIG = HubConfig(host="hub.example.org")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv(admin.PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setitem(admin._COST, "n", 2)  # scrypt is slow on purpose; test_admin.py has the real one
    made = Layout.under(tmp_path, Path(__file__).resolve().parents[3])
    admin.prepare(made, CONFIG)
    hears(made)
    return made


def hears(layout: Layout, *, since: float | None = None, **more: Any) -> None:
    """Ingest gives a sign of life; by default of one that has heard for hours."""
    clock, began = time.monotonic(), time.time() - 86_400 if since is None else since
    heartbeat.beat_file(layout).parent.mkdir(parents=True, exist_ok=True)
    heartbeat.write(layout, replace(Beat(time.time(), clock, clock, began, hears_at=began), **more))


@pytest.fixture
def store(layout: Layout) -> Iterator[ReportStore]:
    db = connect(store_file(layout))
    yield ReportStore(db)
    db.close()


@pytest.fixture
def app(layout: Layout) -> Flask:
    made = create_app(layout, CONFIG)
    made.testing = True
    return made


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def operator(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert client.post("/login", data={"user": "admin", "password": PASSWORD}).status_code == 302
    return client


def report(store: ReportStore, box: str = "camp-1", *, people: int | Fewer = 57, why: str = "", site: str = "North Gate") -> None:
    """A box that has reported a minute ago and just now."""
    now, name = time.time(), BoxId(box)
    sync = {"state": "refused" if why else "current", "why": why, "version": 3, "services": 60}
    gate = {"uplink": "up", "rate_down_bps": 10_000_000}
    values = [
        measure(
            Reading(
                Moment(now - ago, 100.0, "synced"), "0.1.0", System(5, 1, 1000, 500, 1000, 500), gate, sync,
                people={"people_online": people}, rates={"down": 2_500_000.0, "up": 1000.0},
            )
        )
        for ago in (60, 0)
    ]  # fmt: skip
    rows = tuple(Row(n + 1, 100 + n, int(now), "synced", value) for n, value in enumerate(values))
    store.take_birth(Birth(name, b"b" * 16, b"s" * 8, site, "0.1.0"), now, retained=False)
    store.take_batch(Batch(name, b"b" * 16, b"j" * 8, rows), [now - 60, now], now)
