"""Server-sent events, and the wish to look that makes a box measure live."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

import pytest

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message
from telemetry.dashboard import events
from telemetry.dashboard.events import COLUMNS, Stream, create_app
from telemetry.dashboard.ingest import Ingester
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, store_file
from telemetry.message import Live, Row
from telemetry.metrics import BY_NAME
from tests.telemetry.dashboard.conftest import CONFIG, PASSWORD, report

DOWN = BY_NAME["traffic_down"].number


def live(store: ReportStore, bits: int, box: str = "camp-1") -> None:
    store.take_live(Live(BoxId(box), b"b" * 16, Row(0, 1, 1, "synced", {DOWN: bits})), time.time(), time.time())


def read(event: str) -> tuple[str, Any]:
    name, data = event.strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_a_box_tells_its_points_then_each_new_one_once(layout: Layout, store: ReportStore) -> None:
    live(store, 1000)
    live(store, 7777, "camp-2")
    stream = Stream(layout, "camp-1", sleep=lambda _: None).run()
    assert next(stream).startswith("retry:")
    name, points = read(next(stream))
    assert name == "points" and [point[1] for point in points] == [1_000_000] and len(points[0]) == 1 + len(COLUMNS)
    live(store, 2000)
    assert [point[1] for point in read(next(stream))[1]] == [2_000_000]
    assert read(next(stream))[0] == "changed"
    stream.close()


def test_looking_at_a_box_makes_the_hub_ask_it_to_measure_live(layout: Layout, store: ReportStore) -> None:
    asked: list[tuple[str, bytes]] = []
    now = time.time()
    ingester = Ingester(store, lambda topic, payload: asked.append((topic, payload)), now=lambda: now)
    ingester.tend()
    assert asked == []
    stream = Stream(layout, "camp-1", sleep=lambda _: None).run()
    next(stream), next(stream)
    ingester.tend()
    ingester.tend()
    [(topic, payload)] = asked
    assert topic == "campbox/v1/camp-1/down/command" and message.decode_command(payload).live_seconds == 30
    now += 3600
    ingester.tend()
    assert len(asked) == 1, "nobody looks any more"
    stream.close()


def test_the_overview_is_told_that_something_changed(layout: Layout, store: ReportStore) -> None:
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            report(store)
        assert len(naps) < 100

    stream = Stream(layout, None, sleep=nap).run()
    assert next(stream).startswith("retry:")
    told = next(event for event in stream if event.startswith("event"))
    assert read(told)[0] == "changed" and len(naps) == 3
    assert set(naps) == {1.0}, "no busy loop"
    stream.close()


@pytest.mark.parametrize("box", ["../../etc", "x", "%00", "camp-1'--"])
def test_a_strange_name_makes_nobody_measure(layout: Layout, store: ReportStore, box: str) -> None:
    client = create_app(layout, CONFIG).test_client()
    assert client.get("/events").status_code == 401
    answer = client.get("/events", query_string={"box": box}, auth=("admin", PASSWORD), buffered=False)
    assert answer.status_code == 200 and answer.mimetype == "text/event-stream"
    chunks = iter(answer.response)
    next(chunks), next(chunks)
    assert store.watched(0) == []
    answer.close()


class Refusing(ReportReader):
    """Reads once, then the store refuses."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        self.answers = iter([1])

    def version(self) -> int:
        for version in self.answers:
            return version
        raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("box", [None, "camp-1"])
def test_r7_a_store_that_begins_to_refuse_is_said_and_the_stream_ends(
    layout: Layout, store: ReportStore, monkeypatch: pytest.MonkeyPatch, box: str | None
) -> None:
    monkeypatch.setattr(events, "ReportReader", Refusing)
    told = list(Stream(layout, box, sleep=lambda _: None).run())
    assert read(told[-1]) == ("refused", "disk I/O error") and [one.startswith("event: refused") for one in told].count(True) == 1
    assert told[0] == "retry: 2000\n\n", "the browser comes again"


def test_r7_a_store_that_cannot_be_opened_is_said_in_an_answer_that_a_browser_asks_again_after(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any other status than 200 it would never come again (HTML Living Standard, 9.2.3, "fail the connection")."""
    path = store_file(layout)
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    answer = create_app(layout, CONFIG).test_client().get("/events", auth=("admin", PASSWORD))
    first, second = answer.get_data(as_text=True).strip().split("\n\n")
    assert answer.status_code == 200 and first == "retry: 2000" and read(second)[0] == "refused"


def test_r7_a_wish_that_the_store_does_not_take_is_said_too(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(ReportStore, "watch", refuse)
    told = list(Stream(layout, "camp-1", sleep=lambda _: None).run())
    assert [read(one) for one in told[1:]] == [("refused", "attempt to write a readonly database")]
