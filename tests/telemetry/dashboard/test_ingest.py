"""What the ingest service does by itself, beside taking messages: forget who was online, and what is past its time."""

from __future__ import annotations

import sqlite3
import time
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from appliance.layout import Layout
from telemetry.dashboard import ingest
from telemetry.dashboard.ingest import Service
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore
from telemetry.message import Birth, encode
from tests.telemetry.dashboard.conftest import CONFIG, BoxId, report

DAY = 86_400


@pytest.fixture
def service(layout: Layout, store: ReportStore, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Without a network."""
    monkeypatch.setattr(ingest.paho, "Client", MagicMock())
    return Service(CONFIG, layout)


def _run(service: Service, monkeypatch: pytest.MonkeyPatch, *arrives: Any) -> None:
    """One turn of it."""
    turns = iter([list(arrives)])
    monkeypatch.setattr(service, "_waiting", lambda: next(turns))
    with pytest.raises(StopIteration):
        service.run()


def _birth(box: str) -> SimpleNamespace:
    birth = Birth(BoxId(box), b"b" * 16, b"s" * 8, "North", "0.1.0")
    return SimpleNamespace(topic=f"campbox/v1/{box}/up/birth", payload=encode(birth), retain=True, mid=1, qos=1)


def _online(store: ReportStore) -> set[str]:
    return {str(box["box"]) for box in ReportReader(store._db).boxes() if box["online"]}


def test_who_died_unheard_while_it_was_away_is_not_online_and_whose_birth_the_broker_kept_is(
    service: Service, store: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(store, "camp-1")
    report(store, "camp-2")
    assert _online(store) == {"camp-1", "camp-2"}
    service._fresh.set()
    _run(service, monkeypatch, _birth("camp-2"))
    assert _online(store) == {"camp-2"}


def test_what_is_past_its_time_goes_without_being_asked(
    service: Service, store: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(store, "camp-1")
    now = time.time()
    monkeypatch.setattr(ingest.time, "time", lambda: now + 800 * DAY)
    monkeypatch.setattr(ingest.time, "monotonic", lambda: 1e6)
    _run(service, monkeypatch)
    assert _reports(store._db) == 0


def _reports(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM reports").fetchone()[0])
