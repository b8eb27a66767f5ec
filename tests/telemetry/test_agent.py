"""The agent: what it sends when, and that nothing is deleted before the hub has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance import facts
from appliance.clock import Moment
from appliance.config import parse
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message, sensors, station
from telemetry.agent import Agent, boot_id, box_id
from telemetry.dashboard.report_reader import ReportReader
from telemetry.dashboard.report_store import ReportStore, connect
from telemetry.metrics import Fewer, Reading, System
from telemetry.noise import noise, period_of
from telemetry.outbox import Outbox
from telemetry.schedule import PATIENCE, Pace
from telemetry.station import Station
from telemetry.strict import MESSAGE_LIMIT
from tests.fakes.mqtt import FakeBroker, FakeLink
from tests.telemetry.delivery import BOOT, ONE, StubStation

SITE = (Path(__file__).resolve().parents[2] / "examples" / "site.toml").read_text("utf-8")


class World:
    """A box and a hub, with time in hand."""

    def __init__(self, folder: Path) -> None:
        self.time = 1000.0
        self.db = connect(folder / "store.sqlite")
        self.broker = FakeBroker(ReportStore(self.db))
        self.outbox = Outbox(folder / "outbox.sqlite")
        self.station = StubStation(self.outbox, 60)
        self.links: list[FakeLink] = []
        self.enrolled, self.identity, self.refusal = True, b"one", ""
        self.agent = Agent(
            BoxId(ONE), "North Gate", self.station, self.connect, now=lambda: self.time, identity=lambda: self.identity
        )

    def connect(self, death: bytes) -> FakeLink | None:
        if not self.enrolled:
            return None
        if self.refusal:
            raise NotSo(self.refusal)
        self.links.append(FakeLink(self.broker, ONE, death))
        return self.links[-1]

    def steps(self, many: int = 6, seconds: float = 0.0) -> None:
        for _ in range(many):
            self.agent.step()
        self.time += seconds

    def sent(self, leaf: str) -> list[bytes]:
        return [payload for link in self.links for name, payload in link.published if name == leaf]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.db.close()


def test_the_first_report_goes_out_at_once(world: World) -> None:
    world.steps()
    assert len(world.sent("birth")) == 1
    assert len(ReportReader(world.db).keys(ONE)) == 1 and world.outbox.count() == 0


def test_in_ordinary_times_ten_rows_share_a_message(world: World) -> None:
    for _ in range(21):
        world.steps(seconds=60)
    world.steps()
    assert len(world.sent("t")) == 3
    assert len(ReportReader(world.db).keys(ONE)) == 21


def test_a_change_that_cannot_wait_is_sent_at_once(world: World) -> None:
    world.steps(seconds=60)
    world.steps(seconds=60)
    before = len(world.sent("t"))
    world.station.reading = Reading(Moment(1_900_000_060.0, 560.0, "synced"), "0.1.0", gate={"uplink": "down"})
    world.steps()
    assert len(world.sent("t")) == before + 1


def test_what_is_not_acknowledged_stays_and_is_sent_again_after_some_patience(world: World) -> None:
    world.broker.deaf = True
    world.steps()
    assert world.outbox.count() == 1 and len(world.sent("t")) == 1
    world.steps(seconds=PATIENCE - 1)
    assert len(world.sent("t")) == 1
    world.broker.deaf = False
    world.time += 1
    world.steps()
    assert world.outbox.count() == 0 and len(ReportReader(world.db).keys(ONE)) == 1


def test_h1_when_the_hub_takes_a_part_the_rest_goes_out_at_once(world: World) -> None:
    """See telemetry/room.py. Rows in which nothing at all changes unfold to more than the hub takes of one message."""
    for _ in range(99):
        world.outbox.add(BOOT, Moment(1_900_000_000.0, 500.0, "floor"), {1: 5})
    world.steps()
    kept = [sequence for _, sequence in ReportReader(world.db).keys(ONE)]
    assert len(kept) == 100 and world.outbox.count() == 0
    assert 1 < len(world.sent("t")) < 10, "else it went out whole, or row by row"


def test_a_cut_line_loses_nothing_and_all_goes_out_when_it_is_back(world: World) -> None:
    world.steps()
    world.links[0].cut()
    for _ in range(15):
        world.steps(seconds=60)
    waiting = world.outbox.count()
    assert waiting == 14 and not ReportReader(world.db).boxes()[0]["online"]
    world.links[0].connect()
    world.steps()
    assert world.outbox.count() == 0 and ReportReader(world.db).boxes()[0]["online"]
    assert len(ReportReader(world.db).keys(ONE)) == waiting + 2  # one before the cut, one measured since


def test_it_measures_before_the_box_has_enrolled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telemetry.agent.time.sleep", lambda _: None)
    world.enrolled = False
    for _ in range(3):
        world.steps(seconds=60)
    assert world.outbox.count() == 3
    world.enrolled = True
    world.steps()
    assert len(ReportReader(world.db).keys(ONE)) >= 3


def test_live_points_come_while_asked_for_and_are_not_kept(world: World) -> None:
    world.steps()
    command = message.encode(message.Command(6))
    world.broker._publish_down(f"campbox/v1/{ONE}/down/command", command)
    for _ in range(20):
        world.steps(seconds=1)
    live = [m for payload in world.sent("t") if isinstance(m := message.decode_telemetry(payload), message.Live)]
    assert 3 <= len(live) <= 4
    assert len(ReportReader(world.db).keys(ONE)) == 1 and world.outbox.count() == 0
    assert len(ReportReader(world.db).live_points(ONE, 0, 0)[1]) == len(live)


def test_nonsense_from_the_hub_is_survived(world: World) -> None:
    world.steps()
    for leaf in ("ack", "command", "desired", "else"):
        world.broker._publish_down(f"campbox/v1/{ONE}/down/{leaf}", b"\xff nonsense")
    world.steps(10, seconds=60)
    world.steps()
    assert len(ReportReader(world.db).keys(ONE)) >= 1


def test_an_orderly_end_is_told(world: World) -> None:
    world.steps()
    world.agent.stop()
    assert not ReportReader(world.db).boxes()[0]["online"]


def test_a_batch_too_large_for_the_broker_is_sent_in_parts(world: World) -> None:
    moment = Moment(1_800_000_000.0, 60.0, "floor")
    for n in range(100):
        world.outbox.add(BOOT, moment, {number: f"{n} " + "\u1200" * 190 for number in (20, 23, 24, 27)})
    for _ in range(40):
        world.steps(seconds=1)
    assert world.outbox.count() == 0 and len(ReportReader(world.db).keys(ONE)) == 101
    assert max(map(len, world.sent("t"))) <= MESSAGE_LIMIT


def test_raw_counts_of_people_never_reach_outbox_or_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate counts 7; nothing that is written or told may say so, nor change with it within a period."""
    facts: dict[str, Any] = {"ok": True, "people_online": 7, "active_people": 4711}
    monkeypatch.setattr(sensors, "gate", lambda _layout: facts)
    monkeypatch.setattr(sensors, "system", lambda _layout: System(1, 1, 1, 1, 1, 1))
    moments = iter(Moment(1_900_000_000.0, 100.0 + n, "synced") for n in range(100))
    monkeypatch.setattr(station.clock, "now", lambda: next(moments))
    outbox = Outbox(tmp_path / "outbox.sqlite")
    taker = Station(Layout.under(tmp_path, tmp_path), outbox, BOOT, Pace(60), 10)
    first = taker.read("row").people
    facts.update(people_online=5000, active_people=3)
    assert taker.read("row").people == taker.read("live").people == first
    period = period_of(BOOT.hex(), 100.0, 900)
    # The floor is put under the noisy count (ADR 0041): with one secret in thirty, 7 becomes 10 or more.
    noisy = 7 + noise(outbox.secret, "people_online", period)
    assert first["people_online"] == (Fewer(10) if noisy < 10 else noisy)
    assert first["people_active"] == 4711 + noise(outbox.secret, "people_active", period)


def test_searches_without_an_answer_leave_only_noised_and_not_when_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "gate", lambda _layout: {})
    monkeypatch.setattr(sensors, "system", lambda _layout: System(1, 1, 1, 1, 1, 1))
    monkeypatch.setattr(station.clock, "now", lambda: Moment(1_900_000_000.0, 100.0, "synced"))
    layout, outbox = Layout.under(tmp_path, tmp_path), Outbox(tmp_path / "outbox.sqlite")
    layout.facts_dir.mkdir(parents=True)
    taker = Station(layout, outbox, BOOT, Pace(60), 10)
    assert taker.read("row").people == {}, "nothing told, nothing sent"
    facts.publish(layout, "catalogue", {"unanswered": {"health": 4711, "food": 1, "planted-7391": 99, "cash": "many"}})
    told = taker.read("row").people
    period = period_of(BOOT.hex(), 100.0, 900)
    noisy = 1 + noise(outbox.secret, "unanswered_food", period)
    assert told == {
        "unanswered_health": 4711 + noise(outbox.secret, "unanswered_health", period),
        "unanswered_food": Fewer(10) if noisy < 10 else noisy,
    }


def test_the_box_is_who_its_card_says(tmp_path: Path) -> None:
    layout, config = Layout.under(tmp_path, tmp_path), parse(SITE)
    layout.etc.mkdir()
    assert box_id(layout, config) == config.site.id
    layout.identity_file.write_text(json.dumps({"box": "replaced-7"}))
    assert str(box_id(layout, config)) == "replaced-7"


def test_the_boot_id_is_sixteen_bytes(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    layout.run.mkdir()
    layout.boot_id_file.write_text("6f1c7f0e-1a2b-4c3d-8e9f-0123456789ab\n")
    assert boot_id(layout).hex() == "6f1c7f0e1a2b4c3d8e9f0123456789ab"


def test_what_the_hub_has_newly_signed_is_told_to_sync_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.station.layout = Layout.under(tmp_path, Path("/nowhere"))
    world.station.layout.facts_dir.mkdir(parents=True)
    world.steps()
    look = world.station.layout.facts("look")
    command = message.encode(message.Command(published=9))
    world.broker._publish_down(f"campbox/v1/{ONE}/down/command", command)
    world.steps()
    before = look.stat().st_ino
    world.broker._publish_down(f"campbox/v1/{ONE}/down/command", command)
    world.steps()
    assert json.loads(look.read_text()) == {"published": 9} and look.stat().st_ino == before
    world.db.close()


def test_news_of_content_does_not_end_live_measuring(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.station.layout = Layout.under(tmp_path, Path("/nowhere"))
    world.station.layout.facts_dir.mkdir(parents=True)
    world.steps()
    for told in (message.Command(30), message.Command(published=9)):
        world.broker._publish_down(f"campbox/v1/{ONE}/down/command", message.encode(told))
    for _ in range(6):
        world.steps(seconds=2)
    assert len([m for p in world.sent("t") if isinstance(m := message.decode_telemetry(p), message.Live)]) >= 3
    world.db.close()


def test_r4_a_renewed_certificate_is_taken_into_use_while_running(world: World) -> None:
    world.steps(seconds=60)
    world.steps(seconds=60)
    before = world.outbox.count()
    world.identity = b"two"
    world.steps(seconds=60)
    assert [link.open for link in world.links] == [False, True] and world.agent.connected
    assert len(world.sent("birth")) == 2 and b"" in world.sent("death"), "the hub sees it all the time"
    for _ in range(12):
        world.steps(seconds=60)
    assert len(world.links) == 2, "once, not again and again"
    assert len(ReportReader(world.db).keys(ONE)) >= before + 10


def test_r4_what_was_on_its_way_over_the_old_connection_is_sent_again(world: World) -> None:
    world.broker.deaf = True
    world.steps()
    assert world.outbox.count() == 1 and len(world.sent("t")) == 1
    world.broker.deaf, world.identity = False, b"two"
    world.time += 31
    world.steps()
    assert world.outbox.count() == 0 and len(ReportReader(world.db).keys(ONE)) == 1


def test_r4_a_certificate_that_does_not_fit_its_key_leaves_the_old_connection_alone(world: World) -> None:
    world.steps(seconds=60)
    world.identity, world.refusal = b"half written", "key values mismatch"
    for _ in range(3):
        world.steps(seconds=60)
    assert len(world.links) == 1 and world.links[0].open and world.agent.connected
    world.refusal, world.identity = "", b"whole"
    world.steps(seconds=60)
    assert [link.open for link in world.links] == [False, True]


def test_r5_what_enrolment_brought_damaged_does_not_stop_measuring(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telemetry.agent.time.sleep", lambda _: None)
    world.refusal = "mqtt.json is none"
    for _ in range(3):
        world.steps(seconds=60)
    assert world.outbox.count() == 3 and world.links == []
    world.refusal = ""
    world.steps(seconds=60)
    world.steps()
    assert len(ReportReader(world.db).keys(ONE)) >= 3


def test_r7_a_connection_that_cannot_be_begun_keeps_no_row_from_being_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread for it, or an address that is none: measured and kept all the same, and tried again."""
    refused = [NotSo("the hub cannot be called: can't start new thread")] * 2
    start = FakeLink.start

    def begin(link: FakeLink) -> None:
        if refused:
            raise refused.pop()
        start(link)

    monkeypatch.setattr(FakeLink, "start", begin)
    monkeypatch.setattr("telemetry.agent.time.sleep", lambda seconds: None)
    world.steps(1)
    assert world.agent.link is None and world.outbox.count() == 1
    world.steps()
    assert world.agent.link is not None and len(world.sent("birth")) == 1 and world.outbox.count() == 0


@pytest.mark.parametrize("content", [None, "", "no id\n", "\0" * 37])
def test_r3_without_an_id_of_this_boot_the_agent_measures_under_one_of_its_own(tmp_path: Path, content: str | None) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    layout.run.mkdir()
    if content is not None:
        layout.boot_id_file.write_text(content)
    one, other = boot_id(layout), boot_id(layout)
    assert len(one) == len(other) == 16 and one != other


def test_r4_what_enrolment_brought_and_cannot_be_used_is_told_on_the_box_until_it_can(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.refusal = "what enrolment brought cannot be used: key values mismatch"
    layout = world.station.layout = Layout.under(tmp_path, tmp_path)
    layout.facts_dir.mkdir(parents=True)
    monkeypatch.setattr("telemetry.agent.time.sleep", lambda seconds: None)
    world.steps(1)
    told = facts.read(layout, "telemetry")
    assert (told["state"], told["why"], told["identity"]) == ("storing", world.refusal, "useless")
    world.refusal = ""
    world.steps()
    told = facts.read(layout, "telemetry")
    assert (told["why"], told["identity"]) == ("", "")
