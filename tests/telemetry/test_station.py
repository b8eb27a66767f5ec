"""A reading of a box: whatever the other services have told, it can be kept and sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message, schedule, sensors
from telemetry.last_result import LastResult
from telemetry.metrics import BY_NAME, measure
from telemetry.outbox import Outbox
from telemetry.station import Station

ODD = (
    10**400, -(10**400), 2**63, 2**64, -(2**63), float("nan"), float("inf"), float("-inf"), None, True, -1, 1e308, 0.5,
    "\ud800", "ok \udfff", "x" * 100_000, "\x00", "", [], {}, [[]], {"a": 1},
)  # fmt: skip
TOLD = {
    "sync": ("state", "why", "version", "services", "snapshot_date", "held"), "enrol": ("state", "why"),
    "selftest": ("at", "checks"), "catalogue": ("unanswered",),
}  # fmt: skip
GATE = (
    "uplink", "uplink_since_seconds", "rate_down_bps", "rate_up_bps", "bytes_down", "bytes_up", "drops", "backlog_bytes", "shaper",
    "people_online", "active_people",
)  # fmt: skip


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    monkeypatch.setattr(sensors, "gate", lambda layout: {})
    layout = Layout.under(tmp_path, tmp_path)
    layout.facts_dir.mkdir(parents=True)
    outbox = Outbox(tmp_path / "outbox.sqlite")
    yield Station(layout, outbox, b"b" * 16, schedule.pace(None), 10)
    outbox.close()


def goes_its_way(station: Station) -> dict[int, Any]:
    """Measured, kept on disk, read back and made a message of, as the agent does."""
    reading = station.read("row")
    values = measure(reading)
    station.outbox.add(station.boot, reading.moment, values)
    schedule.is_urgent({}, values)
    LastResult(station.outbox.path.with_name("result.json"), BoxId("camp-1")).keep(station.boot, reading.moment, reading.selftest)
    boot, rows = station.outbox.oldest(1)
    assert rows and station.outbox.unreadable == 0
    message.encode(message.Batch(BoxId("camp-1"), boot, station.outbox.journal, rows, 5))
    station.outbox.acknowledge(message.Ack(station.outbox.journal, rows[-1].sequence))
    return values


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_r5_no_fact_that_another_service_tells_stops_the_measuring(station: Station, odd: object) -> None:
    for service, names in TOLD.items():
        for name in names:
            for value in (odd, {"health": odd, "cash": odd}, [{"name": "a", "ok": True, "what": odd, "mend": odd}]):
                station.layout.facts(service).write_text(json.dumps({name: value}))
                goes_its_way(station)
        station.layout.facts(service).unlink()


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_r5_no_fact_of_the_gate_stops_the_measuring(station: Station, odd: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GATE:
        monkeypatch.setattr(sensors, "gate", lambda layout, name=name: {name: odd})
        goes_its_way(station)
        goes_its_way(station)  # the second has rates


@pytest.mark.parametrize("count", [-1, True, 10**400, 2**63, 10_000_001])
def test_r5_an_impossible_count_of_people_is_told_as_none(station: Station, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "gate", lambda layout: {"people_online": count, "bytes_down": 5})
    assert BY_NAME["people_online"].number not in goes_its_way(station)
    assert goes_its_way(station)[BY_NAME["link_down"].number] is not None
