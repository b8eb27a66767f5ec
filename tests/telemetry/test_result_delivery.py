"""From the box's self-test to the hub's pages: sent at once, kept once, deleted at the box only when the hub has committed it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import Moment
from appliance.errors import BadInput
from appliance.values import BoxId
from telemetry import message, result
from telemetry.dashboard.incidents import incidents
from telemetry.dashboard.ingest import Ingester
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import _SCHEMA, ReportStore, connect
from telemetry.dashboard.retention import RESULT_KEPT, passing
from telemetry.metrics import Reading
from telemetry.result import Line
from telemetry.schedule import PATIENCE
from tests.telemetry.delivery import ONE
from tests.telemetry.test_agent import World
from tests.telemetry.test_result import FACTS, LINES
from tests.telemetry.test_result import ONE as RESULT

TOPIC = "campbox/v1/camp-1/up/result"
WELL = {**FACTS, "state": "passed", "checks": [{"name": "uplink", "ok": True, "what": "reachable", "mend": ""}]}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.station.reading = measured(FACTS)
    yield made
    made.db.close()


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = connect(tmp_path / "hub.sqlite")
    yield made
    made.close()


def measured(facts: dict[str, Any]) -> Reading:
    return Reading(Moment(1_900_000_000.0, 500.0, "synced"), "0.1.0", selftest=facts)


def told(db: sqlite3.Connection, box: str = "camp-1") -> Any:
    found = ReportReader(db).box(box)
    return found and found["selftest"]


def test_the_lines_reach_the_hub_with_the_first_report_and_once(world: World) -> None:
    world.steps()
    assert [line["what"] for line in told(world.db, ONE)["checks"]] == [line.what for line in LINES]
    for _ in range(5):
        world.steps(seconds=60)
    assert len(world.sent("result")) == 1
    latest = ReportReader(world.db).boxes()[0]["latest"]
    assert latest["selftest_failed"] == 1


def test_a_change_follows_at_once(world: World) -> None:
    world.steps(seconds=60)
    world.station.reading = measured(WELL)
    world.steps()
    assert told(world.db, ONE)["checks"][0]["ok"] is True
    assert ReportReader(world.db).boxes()[0]["latest"]["selftest_failed"] == 0


def test_what_the_hub_did_not_acknowledge_is_sent_again_also_after_a_restart(world: World, tmp_path: Path) -> None:
    world.broker.deaf = True
    world.steps()
    assert len(world.sent("result")) == 1
    world.steps(seconds=PATIENCE - 1)
    assert len(world.sent("result")) == 1
    world.time += 1
    world.steps()
    assert len(world.sent("result")) == 2
    world.outbox.close()
    world.broker.deaf = False
    again = World(tmp_path)
    again.steps()
    assert told(again.db, ONE)["checks"][1]["mend"] == "Plug it in."
    again.db.close()


def test_a_line_cut_in_between_sends_it_again_when_it_is_back(world: World) -> None:
    world.broker.deaf = True
    world.steps()
    world.links[0].cut()
    world.broker.deaf = False
    world.steps()
    world.links[0].connect()
    world.steps()
    assert len(world.sent("result")) == 2 and told(world.db, ONE) is not None


def test_the_acknowledgement_comes_after_the_commit_beside_that_of_rows(db: sqlite3.Connection) -> None:
    published: list[tuple[str, message.Ack, Any]] = []

    def publish(topic: str, payload: bytes) -> None:
        published.append((topic, message.decode_ack(payload), told(db)))

    rows = message.Batch(RESULT.box, RESULT.boot, b"rowsrows", (message.Row(9, 2, 3, "none", {1: 2}),))
    messages = [(TOPIC, result.encode(RESULT), False), ("campbox/v1/camp-1/up/t", message.encode(rows), False)]
    Ingester(ReportStore(db), publish).take(messages)
    assert {(ack.journal, ack.upto) for _, ack, _ in published} == {(RESULT.journal, 1), (b"rowsrows", 9)}
    assert all(standing is not None for _, _, standing in published)


@pytest.mark.parametrize("payload", [result.encode(replace(RESULT, box=BoxId("camp-2"))), b"junk", b""])
def test_another_boxes_result_and_junk_are_counted_and_dropped(db: sqlite3.Connection, payload: bytes) -> None:
    said: list[str] = []
    Ingester(ReportStore(db), lambda topic, _: said.append(topic)).take([(TOPIC, payload, False)])
    assert said == [] and told(db) is None and told(db, "camp-2") is None
    assert [refusal["box"] for refusal in ReportReader(db).refusals()] == ["camp-1"]


def test_an_older_one_that_comes_late_does_not_replace_the_newer(db: sqlite3.Connection) -> None:
    store, newer = ReportStore(db), replace(RESULT, sequence=2, lines=(Line("hub", True, "answers", ""),))
    for one in (RESULT, newer, newer, RESULT):
        store.take_result(one, 1000.0, 1000.0)
    assert [line["name"] for line in told(db)["checks"]] == ["hub"]
    store.take_result(replace(RESULT, journal=b"newcard!"), 2000.0, 2000.0)
    assert [line["name"] for line in told(db)["checks"]] == ["power", "uplink"], "another card counts from one again"


def test_a_store_of_before_the_self_test_is_brought_up_to_date(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.sqlite", isolation_level=None)
    old.executescript(f"{_SCHEMA} PRAGMA user_version = 1; INSERT INTO boxes (box, first_seen, last_seen) VALUES ('camp-1', 1, 1);")
    old.close()
    db = connect(tmp_path / "old.sqlite")
    assert told(db) is None
    ReportStore(db).take_result(RESULT, 5.0, 5.0)
    db.close()
    again = connect(tmp_path / "old.sqlite")
    assert told(again)["at"] == 5.0
    again.close()


def test_the_lines_are_forgotten_when_their_time_is_over(db: sqlite3.Connection) -> None:
    ReportStore(db).take_result(RESULT, 1000.0, 1000.0)
    list(passing(db, 999.0 + RESULT_KEPT))
    assert told(db) is not None
    list(passing(db, 1001.0 + RESULT_KEPT))
    assert told(db) is None


def box(failed: float | None, lines: tuple[Line, ...] | None = LINES) -> dict[str, Any]:
    checks = None if lines is None else {"at": 1.0, "checks": [vars(line) for line in lines]}
    latest = {} if failed is None else {"selftest_failed": failed}
    return {"box": "camp-1", "site": "North", "online": True, "last_seen": 10_000.0, "latest": latest, "selftest": checks}


def test_a_failed_self_test_is_an_incident_with_what_to_do() -> None:
    [found] = incidents([box(1)], 10_001.0)
    assert found.kind == "selftest" and "uplink: nothing is plugged in" in found.what and found.mend == "Plug it in."
    [untold] = incidents([box(2, None)], 10_001.0)
    assert "2 of its lines" in untold.what and untold.mend
    [after_a_restart] = incidents([box(None)], 10_001.0)
    assert after_a_restart.kind == "selftest"


@pytest.mark.parametrize("one", [box(0), box(None, None), box(0, None), box(None, (Line("power", None, "no sensor", ""),))])
def test_a_box_that_passed_or_said_nothing_is_none(one: dict[str, Any]) -> None:
    """Box ``box(0)``: all is well again, and the lines that failed are older than that."""
    assert incidents([one], 10_001.0) == []


def test_an_unknown_kind_of_result_is_no_self_test() -> None:
    with pytest.raises(BadInput):
        result.decode(result.encode(RESULT).replace(b"selftest", b"selfTest"))
