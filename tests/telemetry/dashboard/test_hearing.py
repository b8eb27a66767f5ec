"""H33: whether the hub hears its boxes, and if not, why and since when."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.layout import Layout
from telemetry.dashboard import heartbeat
from telemetry.dashboard.hearing import BEAT_EVERY, DEAF_AFTER, Beat, Hearing, as_beat, heard_since, verdict

WELL = Beat(at=5000.0, clock=100.0, turn_clock=100.0, started_at=4000.0, heard_at=4990.0, committed_at=4990.0)
SOON, LATE = 100.0 + DEAF_AFTER, 101.0 + DEAF_AFTER


def test_h33_a_hub_that_hears_says_so_however_quiet_its_boxes_are() -> None:
    assert verdict(WELL, SOON) == Hearing(True, since=4000.0)
    assert verdict(replace(WELL, heard_at=0.0, committed_at=0.0), SOON) == Hearing(True, since=4000.0)


@pytest.mark.parametrize(
    ("beat", "clock", "reason", "since"),
    [
        (None, 100.0, "no sign of life since the hub started", None),
        (WELL, LATE, "does not run", 5000.0),
        (WELL, 50.0, "does not run", 5000.0),
        (replace(WELL, clock=130.0, at=5030.0, waiting=7), 131.0, "held by one piece of work, 7 messages wait", 5000.0),
        (
            replace(WELL, clock=130.0, turn_clock=129.0, away_clock=100.0, away_at=4999.0),
            131.0,
            "no connection to the broker",
            4999.0,
        ),
        (replace(WELL, refused="database or disk is full", refused_at=4995.0), 100.0, "database or disk is full", 4995.0),
    ],
    ids=["never", "dead", "before a reboot", "held", "no broker", "store refuses"],
)
def test_h33_a_deaf_hub_says_why_and_since_when(beat: Beat | None, clock: float, reason: str, since: float | None) -> None:
    found = verdict(beat, clock)
    assert not found.hears and reason in found.reason and found.since == since


def test_h33_a_broker_that_starts_anew_makes_nobody_deaf() -> None:
    assert verdict(replace(WELL, away_clock=99.0, away_at=4999.0), 101.0).hears


def test_a_sign_of_life_comes_back_as_it_was(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    assert heartbeat.read(layout) is None
    assert heartbeat.write(layout, WELL) is False, "no folder"
    layout.service_run("ingest").mkdir(parents=True)
    for beat in (WELL, replace(WELL, away_clock=3.5, refused="full")):
        assert heartbeat.write(layout, beat) is True
        assert heartbeat.read(layout) == beat
    assert [path.name for path in layout.service_run("ingest").iterdir()] == ["beat.json"]


@pytest.mark.parametrize("spoiled", [b"", b"{", b"[]", b"null", b"\xff", b'{"at": 1}', b"[" * 100_000])
def test_a_spoiled_sign_of_life_is_none(tmp_path: Path, spoiled: bytes) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    layout.service_run("ingest").mkdir(parents=True)
    heartbeat.beat_file(layout).write_bytes(spoiled)
    assert heartbeat.read(layout) is None


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@given(st.sampled_from(sorted(asdict(WELL))), JSON, st.floats(allow_nan=False))
def test_whatever_stands_in_a_sign_of_life_there_is_a_verdict(name: str, value: Any, clock: float) -> None:
    beat = as_beat(json.loads(json.dumps({**asdict(WELL), name: value})))
    found = verdict(beat, clock)
    assert found.hears is (found.reason == "") and (found.since is None or not found.hears)


@pytest.mark.parametrize(
    ("beat", "clock", "hears"),
    [
        (WELL, 120.0, True), (WELL, 120.1, False), (WELL, 99.0, True), (WELL, 98.9, False),
        (replace(WELL, clock=120.0), 120.0, True), (replace(WELL, clock=120.1), 120.1, False),
        (replace(WELL, away_clock=80.0), 100.0, True), (replace(WELL, away_clock=79.9), 100.0, False),
        (replace(WELL, away_clock=0.0), 100.0, False),
    ],
)  # fmt: skip
def test_h33_each_bound_of_hearing_is_twenty_seconds_and_the_second_after_is_deaf(beat: Beat, clock: float, hears: bool) -> None:
    assert (DEAF_AFTER, BEAT_EVERY) == (20.0, 2.0) and verdict(beat, clock).hears is hears


def test_h33_it_hears_since_it_began_to_or_since_it_started() -> None:
    assert verdict(replace(WELL, hears_at=4500.0), 100.0).since == 4500.0
    assert heard_since(verdict(replace(WELL, hears_at=4500.0), 100.0), 9000.0) == 4500.0
    assert heard_since(Hearing(False, "deaf", 10.0), 9000.0) == 9000.0 and heard_since(Hearing(True), 9000.0) == 0.0


def test_h33_a_piece_of_work_that_holds_it_began_when_it_last_had_nothing_in_hand() -> None:
    held = replace(WELL, clock=130.0, at=5030.0, turn_clock=105.0)
    assert verdict(held, 130.0).since == 5005.0
    assert verdict(replace(held, refused="full", refused_at=7.0), 130.0).since == 7.0, "why comes before how long"


@pytest.mark.parametrize(
    "change",
    [
        {"refused": None},
        {"refused": 5},
        {"at": True},
        {"at": None},
        {"at": "5"},
        {"waiting": [1]},
        {"away_clock": "x"},
        {"more": 1},
    ],
)
def test_h33_what_is_no_sign_of_life_is_none(change: dict[str, Any]) -> None:
    assert as_beat(asdict(WELL)) == WELL and as_beat(asdict(WELL) | {"away_clock": None}) == WELL
    assert as_beat(asdict(WELL) | change) is None
    assert as_beat({name: value for name, value in asdict(WELL).items() if name != "at"}) is None and as_beat([1]) is None
