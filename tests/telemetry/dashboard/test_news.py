"""Boxes hear of newly signed content: those that are there at once, the others when they come."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message
from telemetry.dashboard.ingest import Ingester
from telemetry.dashboard.news import News
from telemetry.dashboard.report_store import ReportStore
from telemetry.message import Birth, Death, encode


def _birth(box: str) -> tuple[str, bytes, bool]:
    return f"campbox/v1/{box}/up/birth", encode(Birth(BoxId(box), b"b" * 16, b"s" * 8, "North Gate", "0.1.0")), False


def test_boxes_that_are_there_are_told_at_once_and_others_when_they_come(store: ReportStore) -> None:
    told, version = list[tuple[str, int | None]](), 0

    def publish(topic: str, payload: bytes) -> None:
        told.append((topic.split("/")[2], message.decode_command(payload).published))

    hub = Ingester(store, publish, news=lambda: version)
    death = encode(Death(BoxId("gone"), b"s" * 8))
    hub.take([_birth("here"), _birth("gone"), ("campbox/v1/gone/up/death", death, False)])
    hub.tend()
    assert told == []
    version = 5
    hub.tend()
    hub.tend()
    assert told == [("here", 5)]
    hub.take([_birth("gone")])
    assert told == [("here", 5), ("gone", 5)]


def test_the_version_is_that_of_the_list_and_a_half_written_one_changes_nothing(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    news, file = News(layout), layout.data / "hub" / "publish" / "repository" / "metadata" / "timestamp.json"
    assert news.version() == 0
    file.parent.mkdir(parents=True)
    for second, text in (
        (1, json.dumps({"signed": {"version": 4}})),
        (2, '{"signed"'),
        (3, "[" * 100_000),
        (4, json.dumps({"signed": {"version": 5}})),
    ):
        file.write_text(text)
        os.utime(file, (second, second))
        assert news.version() == (5 if second == 4 else 4)


@pytest.mark.parametrize(
    "version",
    ["1e999", "-1e999", "NaN", "5.5", "-1", "true", "null", '"5"', "[]", str(2**63), "9" * 5_000],
    ids=lambda text: text[:9],
)
def test_h33_a_version_that_is_none_ends_nothing_and_is_told_to_nobody(tmp_path: Path, version: str) -> None:
    """A number that no integer can be ended ingest, and again at each start."""
    layout = Layout.under(tmp_path, tmp_path)
    file = layout.data / "hub" / "publish" / "repository" / "metadata" / "timestamp.json"
    file.parent.mkdir(parents=True)
    for whole in (f'{{"signed": {{"version": {version}}}}}', f"[{version}]", f'{{"signed": [{version}]}}', version):
        file.write_text(whole)
        assert News(layout).version() == 0
