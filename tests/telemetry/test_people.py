"""Counts of people on their whole way: what leaves the box once a period, and what the hub keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.clock import Moment
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message, sensors, station
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.message import Live, Row
from telemetry.metrics import BY_NAME, Fewer
from telemetry.outbox import Outbox
from telemetry.schedule import Pace
from telemetry.station import Station
from tests.fakes.mqtt import FakeBroker
from tests.telemetry.delivery import BOOT, LOAD, ONE, PEOPLE


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[FakeBroker]:
    db = connect(tmp_path / "store.sqlite")
    yield FakeBroker(ReportStore(db))
    db.close()


@pytest.mark.parametrize("small", [0, 1, 9])
def test_claim_live_points_are_kept_without_small_counts(broker: FakeBroker, small: int) -> None:
    values: dict[int, message.Wire] = {PEOPLE: small, BY_NAME["people_active"].number: Fewer(3), LOAD: 125}
    live = message.encode(Live(BoxId(ONE), BOOT, Row(0, 100, 1_900_000_000, "synced", values)))
    broker.publish(ONE, f"campbox/v1/{ONE}/up/t", live)
    store = broker.ingester.store
    reader = ReportReader(store._db)
    [told] = [values for _, values in reader.live_points(ONE, 0, 0)[1]]
    assert told == {"load": 1.25}
    assert [row["reason"] for row in reader.refusals()] == ["count-too-small"]


def test_claim_a_restart_within_a_period_tells_no_second_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another count, the same period: the second number would be the first noise on another count."""
    gate, uptime = {"ok": True, "people_online": 500, "active_people": 300}, [100.0]
    monkeypatch.setattr(sensors, "gate", lambda _layout: dict(gate))
    monkeypatch.setattr(station.clock, "now", lambda: Moment(1_900_000_000.0, uptime[0], "synced"))

    def restarted() -> Station:
        return Station(Layout.under(tmp_path, tmp_path), Outbox(tmp_path / "outbox.sqlite"), BOOT, Pace(60), 10)

    told = []
    for count in (500, 400, 3, 900):
        gate.update(people_online=count, active_people=count)
        taker = restarted()
        told.append(dict(taker.read("row").people))
        assert taker.read("live").people == told[-1]
        taker.outbox.close()
    assert told[0] and all(one == told[0] for one in told)
    uptime[0] += 900
    assert restarted().read("row").people != told[0]
