"""What must hold of the way from box to hub, whichever broker stands between: the real one and the fake are held to it.

Delivery is judged in the hub's store alone: a broker acknowledges forbidden publishes too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from appliance.clock import Moment
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message
from telemetry.agent import Agent
from telemetry.dashboard.report_reader import ReportReader
from telemetry.message import Batch, Row, Wire
from telemetry.metrics import BY_NAME, Reading
from telemetry.mqtt import Link
from telemetry.outbox import Outbox
from telemetry.schedule import Pace
from telemetry.station import Station

ONE, OTHER = "camp-one", "camp-two"
BOOT, JOURNAL = b"b" * 16, b"j" * 8
UPTIME, LOAD, PEOPLE = (BY_NAME[name].number for name in ("uptime", "load", "people_online"))


class Edge(Protocol):
    """A hub with its broker, and a way to it."""

    def link(self, box: str, death: bytes) -> Link: ...

    def publish(self, box: str, topic: str, payload: bytes) -> None:
        """With the certificate of ``box``, to any topic; returns when the broker has acknowledged."""

    def reader(self) -> ReportReader: ...


class StubStation(Station):
    """Readings without a machine."""

    def __init__(self, outbox: Outbox, interval: float = 3600) -> None:
        super().__init__(Layout.under(Path("/nowhere"), Path("/nowhere")), outbox, BOOT, Pace(interval), 10)
        self.reading = Reading(Moment(1_900_000_000.0, 500.0, "floor"), "0.1.0")

    def read(self, purpose: str) -> Reading:
        return self.reading


def batch(box: str, *rows: tuple[int, dict[int, Wire]]) -> bytes:
    made = tuple(Row(n, 100 + n, 1_800_000_000 + n, "floor", values) for n, values in rows)
    return message.encode(Batch(BoxId(box), BOOT, JOURNAL, made))


def until(true: Callable[[], bool], what: str, meanwhile: Callable[[], object] = lambda: time.sleep(0.02)) -> None:
    """Wait for what must come; how long is no part of any test."""
    deadline = time.monotonic() + 180
    while not true():
        assert time.monotonic() < deadline, f"waited three minutes in vain: {what}"
        meanwhile()


def agent(edge: Edge, box: str, outbox: Outbox) -> Agent:
    return Agent(BoxId(box), "North Gate", StubStation(outbox), lambda death: edge.link(box, death))


def what_is_measured_arrives_whole_and_leaves_the_outbox_only_then(edge: Edge, folder: Path) -> None:
    outbox = Outbox(folder / "outbox.sqlite")
    moment = Moment(1_800_000_000.0, 60.0, "floor")
    kept = [outbox.add(BOOT, moment, {LOAD: n}) for n in range(250)]
    station = agent(edge, ONE, outbox)
    until(lambda: outbox.count() == 0, "the outbox empties", station.step)
    arrived = edge.reader().keys(ONE)
    assert [sequence for boot, sequence in arrived if sequence in kept] == kept
    assert {boot for boot, _ in arrived} == {BOOT}
    box = edge.reader().box(ONE)
    assert box is not None and box["site"] == "North Gate" and box["online"]
    station.stop()
    until(lambda: not (edge.reader().box(ONE) or {})["online"], "the goodbye is told")


def another_boxes_topic_is_closed(edge: Edge) -> None:
    edge.publish(OTHER, f"campbox/v1/{ONE}/up/t", batch(ONE, (900_001, {LOAD: 1})))
    edge.publish(OTHER, f"campbox/v1/{OTHER}/down/ack", batch(OTHER, (900_001, {LOAD: 1})))
    edge.publish(OTHER, f"campbox/v1/{OTHER}/up/t", batch(OTHER, (900_002, {LOAD: 1})))
    until(lambda: (BOOT, 900_002) in edge.reader().keys(OTHER), "the allowed message arrives")
    assert 900_001 not in [sequence for _, sequence in edge.reader().keys(ONE) + edge.reader().keys(OTHER)]


def a_payload_that_speaks_for_another_box_is_counted_and_dropped(edge: Edge) -> None:
    edge.publish(OTHER, f"campbox/v1/{OTHER}/up/t", batch(ONE, (900_003, {LOAD: 1})))
    edge.publish(OTHER, f"campbox/v1/{OTHER}/up/t", batch(OTHER, (900_004, {LOAD: 1})))
    until(lambda: (BOOT, 900_004) in edge.reader().keys(OTHER), "the allowed message arrives")
    assert (BOOT, 900_003) not in edge.reader().keys(ONE) + edge.reader().keys(OTHER)
    assert refusals(edge)[(OTHER, "wrong-box")] == 1


def what_the_table_does_not_know_is_refused(edge: Edge) -> None:
    edge.publish(ONE, f"campbox/v1/{ONE}/up/t", batch(ONE, (900_005, {999: 4711, PEOPLE: 3, LOAD: 125})))
    edge.publish(ONE, f"campbox/v1/{ONE}/up/secrets", b"names")  # the broker's business
    edge.publish(ONE, f"campbox/v1/{ONE}/up/feedback", b"names")  # open at the broker, and nobody reads it yet
    edge.publish(ONE, f"campbox/v1/{ONE}/up/t", b"\xa1 nonsense")
    edge.publish(ONE, f"campbox/v1/{ONE}/up/t", batch(ONE, (900_006, {LOAD: 126})))
    until(lambda: (BOOT, 900_006) in edge.reader().keys(ONE), "the allowed message arrives")
    values = [values for _, values in edge.reader().series(ONE, 0) if "load" in values]
    assert {"load": 1.25} in values and {"load": 1.26} in values
    assert not any("people_online" in one or 4711 in one.values() for one in values)
    counted = refusals(edge)
    for reason in ("unknown-metric", "count-too-small", "unknown-topic", "malformed"):
        assert counted[(ONE, reason)] == 1, reason


def what_comes_twice_is_kept_once(edge: Edge) -> None:
    twice = batch(ONE, (900_007, {LOAD: 1}), (900_008, {LOAD: 2}))
    for _ in range(2):
        edge.publish(ONE, f"campbox/v1/{ONE}/up/t", twice)
    edge.publish(ONE, f"campbox/v1/{ONE}/up/t", batch(ONE, (900_009, {LOAD: 3})))
    until(lambda: (BOOT, 900_009) in edge.reader().keys(ONE), "the last message arrives")
    sequences = [sequence for _, sequence in edge.reader().keys(ONE)]
    assert [n for n in sequences if 900_007 <= n <= 900_009] == [900_007, 900_008, 900_009]


def refusals(edge: Edge) -> dict[tuple[str, str], int]:
    return {(row["box"], row["reason"]): row["count"] for row in edge.reader().refusals()}


WHOLE = (
    another_boxes_topic_is_closed,
    a_payload_that_speaks_for_another_box_is_counted_and_dropped,
    what_the_table_does_not_know_is_refused,
    what_comes_twice_is_kept_once,
)
"""Those that need nothing but the edge."""
