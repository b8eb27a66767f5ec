"""The self-test that waits for the hub: kept over restarts, gone only when it is acknowledged."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.clock import Moment
from appliance.errors import NotSo
from appliance.values import BoxId
from telemetry.last_result import LastResult
from telemetry.message import Ack
from tests.telemetry.test_result import BOOT, BOX, FACTS, LINES

NOW = Moment(1_800_000_100.0, 160.0, "synced")
GOOD = {**FACTS, "state": "passed", "checks": [{"name": "uplink", "ok": True, "what": "reachable", "mend": ""}], "at": 150}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "result.json"


def test_a_result_waits_until_it_is_acknowledged_also_over_a_restart(path: Path) -> None:
    assert LastResult(path, BOX).waiting is None
    assert LastResult(path, BOX).keep(BOOT, NOW, FACTS)
    waiting = LastResult(path, BOX).waiting
    assert waiting is not None and waiting.lines == LINES and (waiting.uptime, waiting.wall) == (60, 1_800_000_000)
    last = LastResult(path, BOX)
    assert not last.acknowledge(Ack(b"another!", 99)) and not last.acknowledge(Ack(waiting.journal, waiting.sequence - 1))
    assert last.waiting == waiting
    assert last.acknowledge(Ack(waiting.journal, waiting.sequence))
    assert last.waiting is None and LastResult(path, BOX).waiting is None
    assert not LastResult(path, BOX).keep(BOOT, NOW, FACTS), "the same is no news"


def test_a_newer_one_takes_the_place_and_the_older_ones_acknowledgement_does_not_count(path: Path) -> None:
    last = LastResult(path, BOX)
    last.keep(BOOT, NOW, FACTS)
    first = last.waiting
    assert last.keep(BOOT, NOW, GOOD) and first is not None
    assert not last.acknowledge(Ack(first.journal, first.sequence))
    waiting = last.waiting
    assert waiting is not None and waiting.sequence > first.sequence and waiting.journal == first.journal
    assert waiting.lines[0].ok is True


def test_what_is_unfinished_or_unreadable_is_not_kept(path: Path) -> None:
    last = LastResult(path, BOX)
    assert not last.keep(BOOT, NOW, {}) and not last.keep(BOOT, NOW, {**FACTS, "state": "running"})
    assert last.keep(BOOT, NOW, {**FACTS, "at": "soon"})
    assert last.waiting is not None and last.waiting.uptime == 160


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '{"result": 7}', '{"result": {"lines": []}}', '{"acknowledged": true}'])
def test_a_damaged_file_is_begun_anew_under_another_name(path: Path, junk: str) -> None:
    last = LastResult(path, BOX)
    last.keep(BOOT, NOW, FACTS)
    before = last.waiting
    path.write_text(junk)
    again = LastResult(path, BOX)
    assert again.waiting is None and again.keep(BOOT, NOW, FACTS)
    assert before is not None and again.waiting is not None and again.waiting.journal != before.journal


def test_another_boxs_card_brings_no_result_of_its_own(path: Path) -> None:
    LastResult(path, BOX).keep(BOOT, NOW, FACTS)
    assert LastResult(path, BoxId("camp-2")).waiting is None


def test_a_folder_that_is_gone_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotSo):
        LastResult(tmp_path / "gone" / "result.json", BOX).keep(BOOT, NOW, FACTS)


@pytest.mark.parametrize("problem", [errno.EIO, errno.EACCES, errno.ENOMEM])
def test_r1_a_result_that_cannot_be_read_now_is_not_thrown_away(path: Path, monkeypatch: pytest.MonkeyPatch, problem: int) -> None:
    LastResult(path, BOX).keep(BOOT, NOW, FACTS)
    waiting = LastResult(path, BOX).waiting
    last = LastResult(path, BOX)

    def refuse(_path: Path) -> bytes:
        raise OSError(problem, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        for use in (lambda: last.waiting, lambda: last.keep(BOOT, NOW, GOOD), lambda: last.acknowledge(Ack(b"j" * 8, 1))):
            with pytest.raises(NotSo):
                use()
    assert last.waiting == waiting


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: [], lambda value: {}, lambda value: {**value, "result": 5}, lambda value: {"result": value["result"]},
        lambda value: {**value, "result": {**value["result"], "sequence": "one"}},
        lambda value: {**value, "result": {**value["result"], "trust": "gospel"}},
        lambda value: {**value, "result": {**value["result"], "boot": "00"}},
        lambda value: {**value, "result": {**value["result"], "boot": 5}},
        lambda value: {**value, "result": {**value["result"], "uptime": -1}},
        lambda value: {**value, "result": {**value["result"], "lines": [{"name": 5}]}},
        lambda value: {**value, "result": {**value["result"], "lines": []}},
        lambda value: {**value, "result": {**value["result"], "sequence": 2**80}},
    ],
)  # fmt: skip
def test_r5_a_damaged_result_is_set_aside_and_the_next_self_test_is_told(path: Path, spoil: Callable[[Any], Any]) -> None:
    LastResult(path, BOX).keep(BOOT, NOW, FACTS)
    spoilt = json.dumps(spoil(json.loads(path.read_text())))
    path.write_text(spoilt)
    last = LastResult(path, BOX)
    assert last.waiting is None and path.with_suffix(".damaged").read_text() == spoilt
    assert last.keep(BOOT, NOW, FACTS) and last.waiting is not None
