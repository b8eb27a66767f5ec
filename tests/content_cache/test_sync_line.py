"""When one run of sync may use the line, what the date has to do with it, and what a stick does meanwhile."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest

from appliance import facts
from appliance.errors import Unreachable
from appliance.moment import BUILT, Moment, Trust
from content_cache import line, refresh, sync
from content_cache.allowance import Line
from content_cache.fetch import Older, Trusted
from content_cache.refresh import Sync
from tests.content_cache import synced
from tests.content_cache.data import many
from tests.content_cache.synced import Box, FakeHub

box, _sources = synced.box, synced.no_network


def test_hours_keep_the_catalogue_and_not_the_notices(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "2026-12-01T12:00:00+00:00")
    box.configure(hours=((22 * 60, 6 * 60),))
    box.hub.publish(many(12))
    box.hub.notices = b'{"format":1,"numbers":[{"kind":"police","number":"911"}]}'
    told = box.sync()
    assert told["state"] == "later" and "hours" in told["why"] and box.services == 10
    assert facts.read(box.layout, "notices")["numbers"]
    _at(monkeypatch, "2026-12-01T20:00:00+00:00")  # 23:00 in Amman
    assert box.sync()["state"] == "updated"


def _at(monkeypatch: pytest.MonkeyPatch, date: str, trust: Trust = "synced") -> None:
    wall = datetime.datetime.fromisoformat(date).timestamp()
    for module in (refresh, sync):
        monkeypatch.setattr(module.clock, "now", lambda floor=BUILT: Moment(wall, 100.0, trust))


def test_a_months_volume_is_not_exceeded_and_a_stick_still_helps(box: Box) -> None:
    box.configure(monthly_mb=0.000_1)
    box.hub.publish(many(300))
    told = box.sync()
    assert told["state"] == "later" and "volume" in told["why"] and told["budget_left"] == 100 and box.services == 10
    stick = FakeHub()
    stick.editions, stick.patches, stick.carrier = box.hub.editions, box.hub.patches, dataclasses.replace(box.hub.carrier)
    stick.carrier.place, stick.carrier.metered = "usb", False
    box.sources.insert(0, stick)
    told = box.sync()
    assert (told["state"], told["source"], told["budget_left"]) == ("updated", "usb", 100) and box.services == 300


def test_while_people_need_the_link_it_pauses_and_says_so(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter(range(10_000))
    monkeypatch.setattr(line, "look", lambda layout, own: Line(next(busy), next(busy) * 10**7, own, 1_000, 5))
    box.hub.publish(many(12))
    monkeypatch.setattr("content_cache.allowance.SOON", 0)
    told = box.sync()
    assert (told["state"], told["why"]) == ("pausing", "people need the link") and box.services == 10
    assert not (box.folder / "parts" / "room").exists()
    assert json.loads((box.folder / "sync.json").read_text())["waited"] > 0
    monkeypatch.setattr(line, "look", lambda layout, own: None)
    assert box.sync()["state"] == "updated"
    assert json.loads((box.folder / "sync.json").read_text())["waited"] == 0


def test_expired_metadata_is_told_and_what_is_newer_is_taken_all_the_same(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh.fetch, "trusted", lambda folder: Trusted(BUILT - 100.0, 0.0))
    told = box.sync()
    assert (told["state"], told["expired"]) == ("expired", True) and "expired" in told["why"] and box.services == 10
    box.hub.publish(many(12))
    assert box.sync()["state"] == "expired" and box.services == 12
    box.hub.problem = Unreachable("gone")
    told = box.sync()
    assert (told["state"], told["expired"]) == ("offline", True)


def test_a_clock_from_1970_does_not_make_signed_dates_future(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "1970-01-01T00:00:00+00:00", "none")
    monkeypatch.setattr(refresh.fetch, "trusted", lambda folder: Trusted(BUILT + 100.0, BUILT + 200.0))
    assert box.sync()["expired"] is True


def test_the_last_time_that_was_compared_is_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    _at(monkeypatch, "2027-01-01T00:00:00+00:00")
    box.sync()
    kept = json.loads((box.folder / "sync.json").read_text())["saved"]
    assert kept == datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC).timestamp()
    _at(monkeypatch, "2026-12-01T00:00:00+00:00", "floor")
    assert Sync(box.config, box.layout).moment.wall == kept


def test_an_older_stick_is_passed_over_politely(box: Box) -> None:
    stick = FakeHub()
    stick.problem = Older("older than what this box has already seen (rollback)")  # type: ignore[assignment]
    stick.carrier.place = "usb"
    box.sources.insert(0, stick)
    assert box.sync()["state"] == "current"
    box.sources.remove(box.hub)
    assert Sync(box.config, box.layout, [stick]).run().state == "older"  # type: ignore[list-item]
    assert facts.read(box.layout, "sync")["state"] == "current" and box.services == 10
