"""What the ingest service does by itself: acknowledge after the commit, wait for a store that refuses, forget in time.

Its broker is the one of tests/fakes/paho.py, which is held to paho and mosquitto.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.layout import Layout
from appliance.moment import Moment, Trust
from telemetry import message, result
from telemetry.dashboard import hub_link, ingest, retention
from telemetry.dashboard.hearing import verdict
from telemetry.dashboard.ingest import Service
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect, store_file
from telemetry.message import Batch, Birth, Live, Row
from telemetry.metrics import BY_NAME
from tests.fakes.paho import FakeMosquitto
from tests.telemetry.dashboard.conftest import CONFIG, BoxId, report

DAY = 86_400
LOAD, PEOPLE = BY_NAME["load"].number, BY_NAME["people_online"].number
BOX, BOOT, JOURNAL = BoxId("camp-1"), b"b" * 16, b"j" * 8


class World:
    """Ingest without a network, and time in hand."""

    def __init__(self, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
        self.layout, self.clock, self.wall = layout, 1000.0, time.time()
        monkeypatch.setattr(ingest.time, "monotonic", lambda: self.clock)
        monkeypatch.setattr(ingest.time, "time", lambda: self.wall)
        monkeypatch.setattr(ingest.time, "sleep", self.passes)
        monkeypatch.setattr(hub_link.threading.Condition, "wait", lambda *_: False)
        self.broker = FakeMosquitto()
        monkeypatch.setattr(hub_link.paho, "Client", self.broker.client_class)
        layout.service_run("ingest").mkdir(parents=True, exist_ok=True)
        self.service = Service(CONFIG, layout)
        self.service.link.start()
        self.db = connect(store_file(layout))
        self.reader = ReportReader(self.db)

    def passes(self, seconds: float) -> None:
        self.clock += seconds
        self.wall += seconds

    def turns(self, many: int = 1) -> None:
        for _ in range(many):
            self.service.turn()

    def says(self, leaf: str, told: Any, *, retain: bool = False, box: str = str(BOX)) -> None:
        payload = told if isinstance(told, bytes) else message.encode(told)
        self.broker.publish(f"campbox/v1/{box}/up/{leaf}", payload, retain=retain)

    def row(self, sequence: int, **values: int) -> None:
        known = {BY_NAME[name].number: value for name, value in values.items()}
        self.says("t", Batch(BOX, BOOT, JOURNAL, (Row(sequence, 60, int(self.wall), "synced", known),)))

    def acknowledged(self) -> list[int]:
        return [message.decode_ack(payload).upto for topic, payload in self.broker.told if topic.endswith("down/ack")]

    def refusals(self) -> dict[str, int]:
        return {str(one["reason"]): int(one["count"]) for one in self.reader.refusals()}

    def hears(self) -> bool:
        return verdict(self.service.sign(), self.clock).hears


@pytest.fixture
def world(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(layout, monkeypatch)
    yield made
    made.db.close()


def test_what_comes_is_kept_and_acknowledged_to_box_and_broker(world: World) -> None:
    world.row(1, load=125)
    assert len(world.broker.unacknowledged) == 1
    world.turns()
    assert world.reader.keys("camp-1") == [(BOOT, 1)] and world.acknowledged() == [1] and not world.broker.unacknowledged
    assert world.hears() and world.service.sign().committed_at == world.wall


def test_the_watermark_is_told_only_after_the_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box deletes what it is told of: another connection must see it before a word leaves the hub or the broker may forget."""
    seen: list[tuple[str, int]] = []
    publish, acknowledge = world.broker.client.publish, world.broker.acknowledge  # type: ignore[union-attr]

    def at(what: str, deed: Callable[..., None]) -> Callable[..., None]:
        def looked(*arguments: Any, **named: Any) -> None:
            seen.append((what, len(world.reader.keys("camp-1"))))
            deed(*arguments, **named)

        return looked

    monkeypatch.setattr(world.broker.client, "publish", at("told", publish))
    monkeypatch.setattr(world.broker, "acknowledge", at("acknowledged", acknowledge))
    world.row(1, load=125)
    world.turns()
    assert seen == [("told", 1), ("acknowledged", 1)]


class Refusing:
    """A connection that refuses some statements, as SQLite does on a full, locked, read-only or broken disk."""

    def __init__(self, db: sqlite3.Connection, refused: str, error: sqlite3.Error) -> None:
        self._db, self._refused, self._error = db, refused, error

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        if statement.startswith(self._refused):
            raise self._error
        return self._db.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


ERRORS = {
    "full": sqlite3.OperationalError("database or disk is full"),
    "locked": sqlite3.OperationalError("database is locked"),
    "read-only": sqlite3.OperationalError("attempt to write a readonly database"),
    "input/output": sqlite3.OperationalError("disk I/O error"),
    "damaged": sqlite3.DatabaseError("database disk image is malformed"),
}


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO boxes", "INSERT OR IGNORE INTO boxes", "COMMIT"])
@pytest.mark.parametrize("kind", ERRORS)
def test_h33_a_store_that_refuses_acknowledges_nothing_tells_and_goes_on(
    kind: str, statement: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = connect
    monkeypatch.setattr(ingest, "connect", lambda path: Refusing(real(path), statement, ERRORS[kind]))
    world.row(1, load=125)
    world.turns(3)
    refused = statement != "INSERT INTO boxes"
    assert (world.acknowledged() == []) is refused, "a statement that is not used refuses nothing: the test can tell"
    assert (len(world.broker.unacknowledged) == 1) is refused and world.hears() is not refused
    if refused:
        found = verdict(world.service.sign(), world.clock)
        assert str(ERRORS[kind]) in found.reason and found.since is not None and found.since < world.wall
    world.row(2, load=126)
    monkeypatch.setattr(ingest, "connect", real)
    world.turns(3)
    assert world.reader.keys("camp-1") == [(BOOT, 1), (BOOT, 2)] and world.acknowledged()[-1] == 2
    assert not world.broker.unacknowledged and world.hears()


def test_h33_a_store_that_cannot_be_opened_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(ingest, "connect", refuse)
    world.row(1, load=125)
    world.turns(2)
    assert not world.hears()
    monkeypatch.setattr(ingest, "connect", connect)
    world.turns(2)
    assert world.acknowledged() == [1] and world.hears()


@pytest.mark.parametrize(
    "poison",
    [b"", b"\xff", b"\x81" * 500 + b"\0", message.encode(Birth(BOX, BOOT, b"s" * 8, "x", "y")), bytes(200_000)],
    ids=["nothing", "junk", "deep", "of another topic", "too long"],
)
def test_one_message_that_cannot_be_read_stops_nobody(poison: bytes, world: World) -> None:
    world.row(1, load=1)
    world.says("t", poison)
    world.row(2, load=1)
    world.turns()
    assert len(world.reader.keys("camp-1")) == 2 and world.refusals() == {"malformed": 1} and not world.broker.unacknowledged


@pytest.mark.parametrize("error", [KeyError, OverflowError, UnicodeError, RecursionError, sqlite3.IntegrityError, TypeError])
def test_a_fault_that_nobody_expected_sets_one_message_aside(
    error: type[Exception], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    date = ingest.date

    def spoiled(row: Any, *arguments: Any) -> float:
        if row.sequence == 2:
            raise error
        return date(row, *arguments)

    monkeypatch.setattr(ingest, "date", spoiled)
    for sequence in (1, 2, 3):
        world.row(sequence, load=1)
    world.turns()
    assert [sequence for _, sequence in world.reader.keys("camp-1")] == [1, 3] and world.refusals() == {"unexpected": 1}


@pytest.mark.parametrize("spoiled", ["", "{", "[1]", "7", '{"journal": 5}', "null", "{}" * 3])
def test_one_spoiled_value_in_the_store_stops_nobody(spoiled: str, world: World) -> None:
    report(ReportStore(world.db))
    report(ReportStore(world.db), "camp-2")
    world.db.execute("UPDATE boxes SET selftest = ? WHERE box = 'camp-1'", (spoiled,))
    with contextlib.suppress(sqlite3.OperationalError):  # what is no JSON at all SQLite does not let in: a column is made of it
        world.db.execute("UPDATE boxes SET latest = ? WHERE box = 'camp-1'", (spoiled,))
    world.db.execute("UPDATE reports SET body = ? WHERE box = 'camp-1'", (spoiled.encode(),))
    world.db.execute("INSERT INTO live (box, at, body) VALUES ('camp-1', ?, ?)", (world.wall, spoiled.encode()))
    assert {box["box"] for box in world.reader.boxes()} == {"camp-1", "camp-2"}
    assert world.reader.counts(0, 0)["boxes"] == 2
    assert world.reader.series("camp-1", 0) == [] and world.reader.live_points("camp-1", 0, 0)[1] == []
    world.passes(5)
    world.says("result", _result(world.wall))
    world.row(5, load=125)
    world.turns(3)
    told = world.reader.box("camp-1")
    assert told is not None and told["latest"] == {"load": 1.25} and told["selftest"]["checks"]
    world.passes(500 * DAY)
    world.turns(20)
    assert world.hears() and _reports(world.db) == 0


def _result(at: float) -> bytes:
    return result.encode(result.Result(BOX, BOOT, b"r" * 8, 1, 60, int(at), "synced", (result.Line("power", True, "", ""),)))


def _online(world: World) -> set[str]:
    return {str(box["box"]) for box in world.reader.boxes() if box["online"]}


def test_who_died_unheard_while_it_was_away_is_not_online_and_whose_birth_the_broker_kept_is(world: World) -> None:
    report(ReportStore(world.db), "camp-1")
    report(ReportStore(world.db), "camp-2")
    assert _online(world) == {"camp-1", "camp-2"}
    world.says("birth", Birth(BoxId("camp-2"), BOOT, b"s" * 8, "North", "0.1.0"), retain=True, box="camp-2")
    world.broker.cut()
    world.broker.connect()
    world.turns()
    assert _online(world) == {"camp-2"}


def test_h2_what_the_broker_keeps_of_other_topics_is_refused(world: World) -> None:
    world.says("t", Batch(BOX, BOOT, JOURNAL, (Row(1, 60, int(world.wall), "synced", {LOAD: 1}),)), retain=True)
    world.turns()
    assert world.reader.keys("camp-1") == [(BOOT, 1)] and world.refusals() == {}, "told as it comes, it is a message like others"
    world.broker.cut()
    world.broker.connect()
    world.turns()
    assert world.refusals() == {"retained": 1}


def test_live_points_of_small_counts_are_refused_too(world: World) -> None:
    """Live points go another way through the store than rows: the hub's second look at counts of people stands in both."""
    world.says("t", Live(BOX, BOOT, Row(0, 60, 60, "none", {PEOPLE: 3, LOAD: 125})))
    world.turns()
    assert [values for _, values in world.reader.live_points("camp-1", 0, 0)[1]] == [{"load": 1.25}]
    assert world.reader.boxes()[0]["latest"] == {"load": 1.25} and world.refusals() == {"count-too-small": 1}


def test_h25_a_flooding_box_is_named_and_another_is_served_at_once(world: World) -> None:
    for n in range(1, 2_000):
        world.row(n, load=1)
    other = BoxId("camp-2")
    world.says("t", Batch(other, BOOT, JOURNAL, (Row(1, 60, int(world.wall), "synced", {LOAD: 1}),)), box="camp-2")
    world.turns()
    assert len(world.reader.keys("camp-2")) == 1
    world.turns()
    assert [(one["box"], one["reason"]) for one in world.reader.refusals()] == [("camp-1", "over-budget")]
    assert [one["box"] for one in world.reader.over_budget(world.wall - 3_600)] == ["camp-1"]
    assert world.reader.over_budget(world.wall + 1) == []
    assert world.service.sign().dropped > 1_000 and not world.broker.unacknowledged


# --- retention, by the service's own rounds


def _reports(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM reports").fetchone()[0])


def test_what_is_past_its_time_goes_without_being_asked(world: World) -> None:
    report(ReportStore(world.db), "camp-1")
    world.turns(3)
    world.passes(800 * DAY)
    world.turns(5)
    assert _reports(world.db) == 0


def test_live_points_are_kept_a_quarter_of_an_hour_and_a_minute_at_the_most(world: World) -> None:
    """The claim of docs/threats.md, by the service's own rounds and no other."""
    world.says("t", Live(BOX, BOOT, Row(0, 60, 60, "none", {LOAD: 1})))
    world.turns()
    for age in range(0, 16 * 60, 20):
        kept = len(world.reader.live_points("camp-1", 0, 0)[1])
        assert kept == 1 or age >= 900, age
        world.passes(20)
        world.turns(2)
    assert world.reader.live_points("camp-1", 0, 0)[1] == []


@pytest.mark.parametrize("boxes", [80, 100, 500])
def test_h4_r2_after_the_services_own_pass_nothing_is_overdue(boxes: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour's rows of so many boxes are due at each of the lengths; what was pruned once an hour kept all above 83 boxes."""
    body = message.cbor2.dumps({n: 1 for n in (1, 20, 10)})
    lengths = sorted({metric.retention for metric in BY_NAME.values()})
    for place, days in enumerate(lengths):
        at = world.wall - days * DAY - 3_600
        stripped = lengths[place - 1] if place else 0
        rows = ((f"box-{n % boxes}", b"%016d" % place, n, at + n % 3_600, body, stripped) for n in range(boxes * 60))
        world.db.execute("BEGIN")
        world.db.executemany("INSERT INTO reports VALUES (?, ?, ?, ?, 1, 1, 'none', ?, ?)", rows)
        world.db.execute("COMMIT")
    assert retention.overdue(world.db, world.wall) > 0
    monkeypatch.setattr(retention, "MOST_PIECES", 4)
    world.turns()
    assert world.service.sign().overdue > 0, "told while it is so"
    turns = 0
    while world.service.sign().overdue or world.service._retention.under_way:
        world.turns()
        turns += 1
        assert turns < 2_000
    assert retention.overdue(world.db, world.wall) == 0 and turns > 1
    for place, days in enumerate(lengths):
        query = "SELECT count(*) FROM reports WHERE boot = ? AND stripped < ?"
        assert world.db.execute(query, (b"%016d" % place, days)).fetchone() == (0,)


def test_h4_reports_that_come_meanwhile_do_not_wait_for_a_long_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PIECE", 1)
    monkeypatch.setattr(retention, "MOST_PIECES", 5)
    for n in range(100):
        world.db.execute("INSERT INTO reports VALUES ('old', ?, ?, 1, 1, 1, 'none', x'a0', 0)", (BOOT, n))
    world.turns()
    world.row(1, load=1)
    world.turns()
    assert world.acknowledged() == [1] and world.service._retention.under_way and 50 < _reports(world.db) < 100
    world.turns(200)
    assert _reports(world.db) == 1


def test_r2_a_metric_that_is_no_longer_in_the_table_stops_nobody(world: World) -> None:
    report(ReportStore(world.db), "camp-1")
    world.db.execute("UPDATE boxes SET latest = '{\"gone\": 1}'")
    world.db.execute("UPDATE reports SET body = ?", (message.cbor2.dumps({999: 1}),))
    world.passes(31 * DAY)
    world.turns(3)
    assert world.reader.boxes()[0]["latest"] == {} and _reports(world.db) == 0 and world.hears()


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_h33_a_store_that_was_taken_away_is_not_written_to_and_nothing_is_acknowledged_for_it(world: World, how: str) -> None:
    """SQLite writes on into a file without a name; pages would read another, and what boxes were told is kept would be gone."""
    world.row(1, load=1)
    world.turns()
    file = store_file(world.layout)
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    if how == "replaced":
        connect(file).close()
    world.row(2, load=1)
    world.turns()
    assert world.acknowledged() == [1]
    world.turns()
    db = connect(file)
    assert world.acknowledged()[-1] == 2 and ReportReader(db).keys("camp-1") == [(BOOT, 2)]
    db.close()


@pytest.mark.parametrize(("trust", "dated"), [("synced", 0.0), ("floor", 86_400.0), ("none", 86_400.0)])
def test_h4_only_a_synchronised_clock_dates_anew_what_lies_ahead_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, trust: Trust, dated: float
) -> None:
    monkeypatch.setattr(ingest.clock, "now", lambda: Moment(world.wall, world.clock, trust))
    world.row(1, load=1)
    world.turns()
    world.db.execute("UPDATE reports SET at = ?", (world.wall + 86_400.0,))
    before = world.wall
    world.passes(61)
    world.turns(5)
    (at,) = world.db.execute("SELECT at FROM reports").fetchone()
    assert abs(at - before - dated) < 90
