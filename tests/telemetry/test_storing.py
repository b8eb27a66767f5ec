"""Waiting for a disk that refuses: nothing is thrown away, and what could not be stored is counted and said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance import facts
from appliance.errors import NotSo
from appliance.layout import Layout
from telemetry import outbox_file, storing
from telemetry.dashboard.report_reader import ReportReader
from telemetry.metrics import BY_NAME, Reading, measure
from tests.telemetry.delivery import ONE
from tests.telemetry.test_agent import World
from tests.telemetry.test_outbox import MOMENT, Outbox, fill


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    made.facts_dir.mkdir(parents=True)
    return made


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_file, "BUSY_SECONDS", 0.01)


def test_r1_an_outbox_that_is_locked_at_the_start_is_waited_for_and_what_was_missed_is_said(
    layout: Layout, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, slept = tmp_path / "outbox.sqlite", list[float]()
    before = Outbox(path)
    kept = fill(before, 50)
    before.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM facts WHERE name = 'nobody'")

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            told = facts.read(layout, "telemetry")
            assert told["state"] == "waiting" and "locked" in told["why"] and told["lost"] == sum(slept[:-1]) // 60 + 1
            if sum(slept) >= 150:
                other.close()

        outbox = storing.patient_outbox(path, layout, 60.0, sleep)
    assert [row.sequence for row in outbox.oldest()[1]] == kept
    assert outbox.lost == 3, "the first minute's, and those of the two and a half that were waited"
    assert caplog.text.count("measurements are lost until it can") == 1, "said once"
    assert measure(Reading(MOMENT, "0.1.0", outbox_lost=outbox.lost))[BY_NAME["outbox_lost"].number] == 3
    fill(outbox, 1)
    outbox.close()
    assert Outbox(path).lost == 3


def test_an_outbox_that_opens_at_once_has_lost_nothing(layout: Layout, tmp_path: Path) -> None:
    assert storing.patient_outbox(tmp_path / "outbox.sqlite", layout, 60.0, lambda _: None).lost == 0


def test_r1_while_the_disk_refuses_the_agent_goes_on_reading_events_and_says_what_is_lost(tmp_path: Path, layout: Layout) -> None:
    world = World(tmp_path)
    world.station.layout = layout
    world.steps(seconds=60)
    assert facts.read(layout, "telemetry")["state"] == "storing"
    with closing(sqlite3.connect(world.outbox.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            world.steps(1, seconds=60)
        told = facts.read(layout, "telemetry")
        assert told["state"] == "waiting" and "locked" in told["why"] and told["lost"] == 3
        world.links[0].cut()
        world.steps(2)
        assert not world.agent.connected, "the event was read"
        world.links[0].connect()
    for _ in range(3):
        world.steps(seconds=60)
    told = facts.read(layout, "telemetry")
    assert told["state"] == "storing" and told["lost"] == 4
    assert len(ReportReader(world.db).keys(ONE)) + world.outbox.count() == 3, "what could be stored arrives or waits"
    world.db.close()


def test_r1_what_cannot_be_told_stops_nothing(tmp_path: Path) -> None:
    storing.tell(Layout.under(tmp_path / "nowhere", tmp_path), {"state": "waiting"})
    with pytest.raises(NotSo):
        facts.publish(Layout.under(tmp_path / "nowhere", tmp_path), "telemetry", {})


@pytest.mark.parametrize(
    ("refusals", "interval", "lost"), [(1, 60.0, 1), (11, 60.0, 1), (12, 60.0, 2), (24, 60.0, 3), (1, 5.0, 2), (2, 10.0, 2)]
)
def test_each_measurement_that_was_due_while_the_disk_refused_is_counted(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, interval: float, lost: int
) -> None:
    """A look every five seconds: the first was due at once, and one more with each whole interval."""
    left, slept, told = [refusals], list[float](), list[int]()

    def opened(path: Path) -> Outbox:
        if left[0]:
            left[0] -= 1
            raise NotSo("the outbox cannot be used: database is locked", where=str(path))
        return Outbox(path)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        told.append(facts.read(layout, "telemetry")["lost"])

    monkeypatch.setattr(storing, "Outbox", opened)
    made = storing.patient_outbox(tmp_path / "outbox.sqlite", layout, interval, sleep)
    assert made.lost == lost and slept == [storing.LOOK_AGAIN] * refusals
    assert told == [int(5 * n // interval) + 1 for n in range(refusals)]
