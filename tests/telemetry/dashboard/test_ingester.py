"""What is done with each message, and with the service's own state, rule by rule: everything but the network."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message, result
from telemetry.dashboard import ingest
from telemetry.dashboard.hearing import DEAF_AFTER
from telemetry.dashboard.ingest import LIVE_SECONDS, Ingester
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.message import Batch, Birth, Death, Live, Row
from telemetry.metrics import BY_NAME
from tests.telemetry.dashboard.test_ingest import ERRORS, Refusing, World, world

__all__ = ["world"]
BOX, OTHER, BOOT, SESSION = BoxId("camp-1"), BoxId("camp-2"), b"b" * 16, b"s" * 8
LOAD = BY_NAME["load"].number


@dataclass
class Hub:
    """The ingester on a real store, with time and news in hand."""

    db: sqlite3.Connection
    now: float = 1_800_000_000.0
    news: int = 0
    told: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store, self.reader = ReportStore(self.db), ReportReader(self.db)
        self.ingester = Ingester(self.store, lambda *told: self.told.append(told), now=lambda: self.now, news=lambda: self.news)

    def take(self, leaf: str, told: Any, *, retained: bool = False, box: str = "camp-1") -> int:
        payload = told if isinstance(told, bytes) else message.encode(told)
        return self.ingester.take([(f"campbox/v1/{box}/up/{leaf}", payload, retained)])

    def refused(self) -> dict[tuple[str, str], int]:
        return {(str(one["box"]), str(one["reason"])): int(one["count"]) for one in self.reader.refusals()}

    def commands(self) -> list[tuple[str, message.Command]]:
        found = [(topic.split("/")[2], message.decode_command(told)) for topic, told in self.told if topic.endswith("down/command")]
        self.told.clear()
        return found


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(connect(tmp_path / "store.sqlite"))
    yield made
    made.db.close()


def batch(*sequences: int, box: BoxId = BOX, journal: bytes = b"j" * 8, sent: int | None = None, trust: Any = "synced") -> Batch:
    return Batch(box, BOOT, journal, tuple(Row(n, 60, 1_700_000_000, trust, {LOAD: 1}) for n in sequences), sent=sent)


def checked(box: BoxId = BOX, sequence: int = 1) -> bytes:
    line = result.Line("power", True, "", "")
    return result.encode(result.Result(box, BOOT, b"r" * 8, sequence, 60, 1_700_000_000, "synced", (line,)))


def test_new_rows_are_counted_and_the_last_one_is_acknowledged_once_for_each_journal(hub: Hub) -> None:
    topic = "campbox/v1/camp-1/up/t"
    messages = [(topic, message.encode(one), False) for one in (batch(1, 2), batch(3), batch(7, journal=b"k" * 8), batch(3))]
    assert hub.ingester.take(messages) == 4
    assert [to for to, _ in hub.told] == ["campbox/v1/camp-1/down/ack"] * 2
    assert [message.decode_ack(told) for _, told in hub.told] == [message.Ack(b"j" * 8, 3), message.Ack(b"k" * 8, 7)]
    assert hub.take("t", batch(3)) == 0 and message.decode_ack(hub.told[-1][1]).upto == 3, "told again, or the box asks for ever"
    assert hub.take("t", Live(BOX, BOOT, Row(0, 60, 60, "none", {LOAD: 1}))) == 0 and len(hub.told) == 3


def test_two_boxes_with_a_journal_of_the_same_name_are_two(hub: Hub) -> None:
    messages = [
        (f"campbox/v1/{box}/up/t", message.encode(batch(n, box=box)), False) for box, n in ((BOX, 1), (OTHER, 5))
    ]  # fmt: skip
    hub.ingester.take(messages)
    assert {(to.split("/")[2], message.decode_ack(told).upto) for to, told in hub.told} == {("camp-1", 1), ("camp-2", 5)}


def test_rows_are_dated_by_what_the_box_says_of_its_clock_and_live_points_by_their_arrival(hub: Hub) -> None:
    hub.take("t", batch(1))
    hub.take("t", batch(2, sent=100, trust="none"))
    hub.take("t", Live(BOX, BOOT, Row(0, 60, 60, "synced", {LOAD: 1})))
    assert [at for (at,) in hub.db.execute("SELECT at FROM reports ORDER BY sequence")] == [1_700_000_000.0, hub.now - 40]
    assert [at for at, _ in hub.reader.live_points("camp-1", 0, 0)[1]] == [hub.now]


def test_a_result_is_kept_dated_and_acknowledged(hub: Hub) -> None:
    assert hub.take("result", checked(sequence=4)) == 0
    [(to, told)] = hub.told
    assert to == "campbox/v1/camp-1/down/ack" and message.decode_ack(told) == message.Ack(b"r" * 8, 4)
    box = hub.reader.box("camp-1")
    assert box is not None and box["selftest"]["at"] == 1_700_000_000.0


SAID: dict[str, tuple[str, Any]] = {
    "rows": ("t", batch(1)),
    "a live point": ("t", Live(BOX, BOOT, Row(0, 60, 60, "none", {LOAD: 1}))),
    "a result": ("result", checked()),
    "a birth": ("birth", Birth(BOX, BOOT, SESSION, "North", "1")),
    "a death": ("death", Death(BOX, SESSION)),
}


@pytest.mark.parametrize("kind", SAID)
def test_whoever_speaks_for_another_is_counted_and_not_believed(kind: str, hub: Hub) -> None:
    leaf, told = SAID[kind]
    assert hub.take(leaf, told, box="camp-2") == 0
    assert hub.refused() == {("camp-2", "wrong-box"): 1} and hub.told == [] and hub.reader.boxes() == []
    hub.take(leaf, told)
    assert [str(box["box"]) for box in hub.reader.boxes()] == ["camp-1"] and len(hub.refused()) == 1


@pytest.mark.parametrize("kind", SAID)
def test_only_births_and_deaths_may_have_been_kept_by_the_broker(kind: str, hub: Hub) -> None:
    leaf, told = SAID[kind]
    hub.take(leaf, told, retained=True)
    kept = leaf in ("birth", "death")
    assert hub.refused() == ({} if kept else {("camp-1", "retained"): 1}) and (hub.reader.boxes() != []) is kept


def test_a_birth_that_was_kept_says_nothing_about_now(hub: Hub) -> None:
    hub.take("birth", Birth(BOX, BOOT, SESSION, "North", "1"))
    [before] = hub.reader.boxes()
    hub.now += 100
    hub.take("birth", Birth(BOX, BOOT, SESSION, "North", "1"), retained=True)
    assert hub.reader.boxes()[0]["last_seen"] == before["last_seen"] == hub.now - 100
    hub.take("birth", Birth(BOX, BOOT, SESSION, "North", "1"))
    assert hub.reader.boxes()[0]["last_seen"] == hub.now


def test_an_empty_death_only_clears_and_an_empty_anything_else_is_malformed(hub: Hub) -> None:
    hub.take("death", b"")
    assert hub.refused() == {} and hub.reader.boxes() == []
    for leaf in ("t", "birth", "result"):
        hub.take(leaf, b"")
    assert hub.refused() == {("camp-1", "malformed"): 3}


@pytest.mark.parametrize(
    ("topic", "box", "reason"),
    [
        ("campbox/v1/camp-1/up/x", "camp-1", "unknown-topic"), ("campbox/v1/camp-1/up/t/x", "camp-1", "unknown-topic"),
        ("campbox/v1/camp-1/up", "camp-1", "unknown-topic"), ("campbox/v1/camp-1", "camp-1", "unknown-topic"),
        ("campbox", "", "unknown-topic"), ("", "", "unknown-topic"),
    ],
)  # fmt: skip
def test_any_other_topic_is_counted_for_the_box_it_names(topic: str, box: str, reason: str, hub: Hub) -> None:
    assert hub.ingester.take([(topic, message.encode(batch(1)), False)]) == 0
    assert hub.refused() == {(box, reason): 1}


def test_what_found_no_room_is_written_down_with_its_number(hub: Hub) -> None:
    hub.ingester.count_dropped({("camp-1", "over-budget"): 3, ("camp-2", "no-room"): 1})
    hub.ingester.count_dropped({("camp-1", "over-budget"): 2})
    assert hub.refused() == {("camp-1", "over-budget"): 5, ("camp-2", "no-room"): 1}
    assert [one["last"] for one in hub.reader.refusals()] == [hub.now] * 2


# --- what it asks of boxes


def test_whoever_is_looked_at_is_asked_again_after_a_while_as_long_as_somebody_looks(hub: Hub) -> None:
    hub.store.watch("camp-1", hub.now + 40)
    asked = list[float]()
    for second in range(0, 60, 5):
        hub.ingester.tend()
        asked += [second for box, command in hub.commands() if (box, command) == ("camp-1", message.Command(LIVE_SECONDS))]
        hub.now += 5
    assert asked == [0, 15, 30] and LIVE_SECONDS == 30, "asked again before the time it was asked for is over"


def test_newly_signed_content_is_told_once_to_those_who_are_there_and_to_others_when_they_come(hub: Hub) -> None:
    hub.take("birth", Birth(BOX, BOOT, SESSION, "North", "1"))
    assert hub.commands() == [], "nothing has been published yet"
    hub.ingester.tend()
    hub.news = 4
    hub.ingester.tend()
    assert hub.commands() == [("camp-1", message.Command(published=4))]
    hub.ingester.tend()
    assert hub.commands() == []
    hub.take("birth", Birth(OTHER, BOOT, SESSION, "South", "1"), box="camp-2")
    assert hub.commands() == [("camp-2", message.Command(published=4))]
    hub.take("death", Death(BOX, SESSION))
    hub.news = 5
    hub.ingester.tend()
    assert hub.commands() == [("camp-2", message.Command(published=5))]
    hub.news = 0
    hub.ingester.tend()
    assert hub.commands() == [], "what is gone is no news"


# --- the service's own state


def test_it_hears_since_the_moment_it_began_to_and_not_since_its_last_sign(world: World) -> None:
    world.turns()
    first = world.service.sign()
    assert first.hears_at == world.wall and first.waiting == 0 and first.clock == world.clock and first.at == world.wall
    world.passes(5)
    world.turns()
    assert world.service.sign().hears_at == first.hears_at
    world.broker.cut()
    world.passes(DEAF_AFTER + 1)
    world.turns()
    deaf = world.service.sign()
    assert deaf.hears_at == 0.0 and deaf.away_clock == world.clock - DEAF_AFTER - 1
    world.broker.connect()
    world.passes(3)
    world.turns()
    again = world.service.sign()
    assert again.hears_at == world.wall and again.away_clock is None


def test_h33_since_when_it_hears_is_right_again_after_the_clock_was_set(world: World) -> None:
    """By a time to come, no box would be called silent until then."""
    world.turns()
    assert world.service.sign().hears_at == world.wall
    world.passes(5)
    for moved in (-10 * 365 * 86_400.0, 3_600.0):
        world.wall += moved
        world.turns()
        assert world.service.sign().hears_at == world.wall - 5


def test_h4_a_clock_set_back_does_not_end_what_people_look_at(hub: Hub) -> None:
    hub.store.watch("camp-1", hub.now + 30)
    hub.ingester.tend()
    assert len(hub.commands()) == 1
    hub.now -= 86_400.0
    hub.store.watch("camp-1", hub.now + 30)
    hub.ingester.tend()
    hub.ingester.tend()
    assert len(hub.commands()) == 1


def test_what_was_heard_and_committed_last_is_told_and_a_turn_without_anything_changes_neither(world: World) -> None:
    world.turns()
    before = world.service.sign()
    assert (before.heard_at, before.committed_at, before.dropped, before.refused, before.overdue) == (0.0, 0.0, 0, "", 0)
    world.row(1, load=1)
    world.turns()
    heard = world.wall
    world.passes(7)
    world.turns()
    after = world.service.sign()
    assert (after.heard_at, after.committed_at, after.turn_clock) == (heard, heard, world.clock)


def test_a_store_that_refuses_is_told_since_when_and_the_time_between_is_waited(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(ingest, "connect", refuse)
    world.row(1, load=1)
    began, clock = world.wall, world.clock
    world.turns(3)
    told = world.service.sign()
    assert (told.refused, told.refused_at) == ("disk I/O error", began) and world.clock == clock + 3 * ingest._PATIENCE
    assert told.waiting == 1, "nothing was taken in hand"
    monkeypatch.setattr(ingest, "connect", connect)
    world.turns()
    told = world.service.sign()
    assert (told.refused, told.refused_at, told.waiting) == ("", 0.0, 0) and world.acknowledged() == [1]


def test_the_broker_is_told_to_be_ready_when_it_has_granted_what_boxes_say(layout: Layout, world: World) -> None:
    ready = layout.service_run("ingest") / "ready"
    ready.unlink(missing_ok=True)
    world.service._say_ready()
    assert ready.read_text() == "ready\n"
    ready.unlink()
    ready.mkdir()
    world.service._say_ready()
    assert ready.is_dir(), "what cannot be said ends nothing"


def test_lines_of_the_log_name_their_module() -> None:
    assert ingest.log.name == ingest.__name__


def test_what_is_in_hand_while_the_store_refuses_waits_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "connect", lambda path: Refusing(connect(path), "COMMIT", ERRORS["full"]))
    world.row(1, load=1)
    world.row(2, load=1)
    world.turns(2)
    assert world.service.sign().waiting == 2 and world.acknowledged() == []


def test_it_waits_for_messages_unless_a_pass_of_retention_is_under_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.turns()
    waited = list[float]()

    def take(seconds: float) -> list[Any]:
        waited.append(seconds)
        return []

    monkeypatch.setattr(world.service.link, "take", take)
    world.turns()
    world.service._retention._pass = iter([1, 1])
    world.turns()
    assert waited == [ingest._TICK, 0.0] and (ingest._TICK, ingest._ASK_AGAIN, ingest._PATIENCE) == (0.5, 15.0, 2.0)


def test_that_retention_is_behind_is_logged_once_and_again_after_it_had_caught_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.turns()
    logged = list[int]()
    for overdue in (0, 5, 6, 0, 7):
        world.service._retention.overdue = overdue
        caplog.clear()
        world.turns()
        logged.append(len(caplog.records))
        assert world.service.sign().overdue == overdue
    assert logged == [0, 1, 0, 0, 1]


def test_it_tends_twice_a_second_and_not_with_every_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.turns()
    tended = list[float]()
    monkeypatch.setattr(world.service._ingester, "tend", lambda: tended.append(world.clock))
    began = world.clock
    for _ in range(10):
        world.turns()
        world.passes(0.25)
    assert [at - began for at in tended] == [0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize(("rows", "pieces"), [(0, 1), (62, 1), (63, 2), (125, 3)])
def test_retention_keeps_up_with_what_comes(rows: int, pieces: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.turns()
    asked = list[int]()
    monkeypatch.setattr(world.service._retention, "turn", lambda *_, at_least, free: asked.append(at_least))
    monkeypatch.setattr(world.service._ingester, "take", lambda messages: rows)
    world.row(1, load=1)
    world.turns()
    assert asked == [pieces], "four touches a row at the most, 250 to a piece"


def test_who_is_online_is_forgotten_once_for_each_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.turns()
    forgotten = list[float]()
    monkeypatch.setattr(world.service._ingester.store, "forget_who_is_online", lambda: forgotten.append(world.clock))
    world.turns(3)
    assert forgotten == []
    world.broker.cut()
    world.broker.connect()
    world.turns(3)
    assert len(forgotten) == 1


def test_a_birth_that_comes_with_the_connection_while_ingest_waits_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes tell of it once only: who is forgotten then counts as silent until the box connects anew."""
    world.turns()
    world.broker.cut()
    waits = world.service.link.take

    def connected_meanwhile(seconds: float) -> list[Any]:
        monkeypatch.setattr(world.service.link, "take", waits)
        world.broker.connect()
        world.says("birth", Birth(BOX, BOOT, SESSION, "North Gate", "0.1.0"), retain=True)
        return waits(seconds)

    monkeypatch.setattr(world.service.link, "take", connected_meanwhile)
    world.turns()
    assert world.service._ingester.store.online() == [str(BOX)]
    world.turns(3)
    assert world.service._ingester.store.online() == [str(BOX)]


def test_after_goodbye_the_store_is_closed(world: World) -> None:
    world.turns()
    db = world.service._db
    assert db is not None
    world.service.stop()
    with pytest.raises(sqlite3.ProgrammingError):
        db.execute("SELECT 1")


def test_whoever_was_never_asked_is_asked_at_once_even_by_a_clock_that_has_just_begun(hub: Hub) -> None:
    hub.now = ingest._ASK_AGAIN
    hub.store.watch("camp-1", hub.now + 1)
    hub.ingester.tend()
    assert hub.commands() == [("camp-1", message.Command(LIVE_SECONDS))]
