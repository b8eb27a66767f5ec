"""The fake broker, held to what the real one is held to (tests/real/test_telemetry.py)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect
from tests.fakes.mqtt import FakeBroker, FakeLink
from tests.telemetry import delivery


class FakeEdge:
    def __init__(self, db: sqlite3.Connection) -> None:
        self.db, self.broker = db, FakeBroker(ReportStore(db))

    def link(self, box: str, death: bytes) -> FakeLink:
        return FakeLink(self.broker, box, death)

    def publish(self, box: str, topic: str, payload: bytes) -> None:
        self.broker.publish(box, topic, payload)

    def reader(self) -> ReportReader:
        return ReportReader(self.db)


@pytest.fixture
def edge(tmp_path: Path) -> FakeEdge:
    return FakeEdge(connect(tmp_path / "store.sqlite"))


@pytest.mark.parametrize("body", delivery.WHOLE, ids=lambda body: body.__name__)
def test_the_way_to_the_hub(edge: FakeEdge, body: Callable[[delivery.Edge], None]) -> None:
    body(edge)


def test_the_whole_way_from_outbox_to_store(edge: FakeEdge, tmp_path: Path) -> None:
    delivery.what_is_measured_arrives_whole_and_leaves_the_outbox_only_then(edge, tmp_path)
