"""A disk that fills up in the middle of a demo: when it does, and what is expected of the camp then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from appliance import facts
from appliance.layout import Layout
from provisioning.lab import full_disk
from provisioning.lab.full_disk import FullDisk
from provisioning.lab.judging import AFTER_TAP, Outcome, taps_and_pages

TAP, PAGE = Outcome(AFTER_TAP, True, "3 ms"), Outcome("catalogue opens", True, "200")


class FakeDisk:
    def __init__(self) -> None:
        self.full = False

    def fill(self) -> None:
        self.full = True

    def make_room(self) -> None:
        self.full = False


class FakeCamp:
    """Four phones; its gate has another process id each time one looks."""

    def __init__(self, layout: Layout) -> None:
        self.phones, self.box, self.said, self.config = 4, layout, list[str](), None
        self.riders = [SimpleNamespace(name=f"p{n}", kind=None, finished=False, outcomes=list[Outcome]()) for n in range(4)]
        self.roster = SimpleNamespace(riders=self.riders, act=lambda *_: [PAGE])
        self.hub = SimpleNamespace(publish_again=lambda config: None)
        self.supervisor = SimpleNamespace(pids=lambda: {"sync": 1})
        self.gate = 1

    def say(self, words: str) -> None:
        self.said.append(words)

    def pids(self) -> dict[str, int]:
        self.gate += 1
        return {"gate": self.gate}


@pytest.fixture
def camp(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = FakeCamp(Layout.under(tmp_path, tmp_path))
    made.box.facts_dir.mkdir(parents=True)
    monkeypatch.setattr(full_disk, "ask", lambda *_: {"people_online": 4})
    monkeypatch.setattr(full_disk.os, "killpg", lambda *_: None)
    facts.publish(made.box, "telemetry", {"lost": 3})
    facts.publish(made.box, "sync", {"state": "refused", "why": "the disk has 0 MB free", "version": 1})
    return made


def story(camp: Any) -> Any:
    disk: Any = FakeDisk()
    return FullDisk(camp, disk)


def test_it_fills_once_half_are_here_and_knows_who_taps_later(camp: Any) -> None:
    told = story(camp)
    camp.riders[0].finished, camp.riders[0].outcomes = True, [TAP]
    told.tend()
    assert not told.disk.full
    camp.riders[1].finished, camp.riders[1].outcomes, camp.riders[2].outcomes = True, [TAP], [TAP]
    told.tend()
    assert told.disk.full and "still to tap: 1" in camp.said[0]
    told.tend()
    assert len(camp.said) == 1


def outcomes(camp: Any, *, reports: int = 5, latest: int = 3, version: int = 2) -> list[Outcome]:
    """The whole story; once there is room, so many reports, so many lost ones known to the hub, this version at the box."""
    told = story(camp)
    told.disk.fill()
    camp.riders[3].outcomes = [TAP, PAGE]
    found = list[Outcome]()
    for outcome in told.outcomes(lambda _camp, ask, _enough: ask(), lambda _: 4 if told.disk.full else reports, lambda *_: latest):
        found.append(outcome)
        if not told.disk.full:
            facts.publish(camp.box, "sync", {"state": "updated", "why": "", "version": version})
    return found


def test_all_that_is_expected_of_a_full_disk(camp: Any) -> None:
    found = outcomes(camp)
    assert len(found) == 7 and all(outcome.holds for outcome in found), found


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"reports": 4}, "reports go on"), ({"latest": 2}, "how many reports were lost"), ({"version": 1}, "the new catalogue comes")],
)
def test_what_does_not_go_on_is_said(camp: Any, change: dict[str, int], expected: str) -> None:
    wrong = [outcome.expect for outcome in outcomes(camp, **change) if not outcome.holds]
    assert len(wrong) == 1 and expected in wrong[0]


def test_r3_who_is_put_offline_by_a_restart_is_missed(camp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([4, 0])
    monkeypatch.setattr(full_disk, "ask", lambda *_: {"people_online": next(counts)})
    wrong = [outcome for outcome in outcomes(camp) if not outcome.holds]
    assert [outcome.expect for outcome in wrong] == ["the gate, killed on a full disk, keeps everybody online"]


def test_nobody_who_taps_later_proves_nothing() -> None:
    assert [outcome.holds for outcome in taps_and_pages({})] == [False, False]
    missed = [Outcome(AFTER_TAP, False, "90 s"), PAGE]
    assert [outcome.holds for outcome in taps_and_pages({"p1": [TAP, PAGE], "p2": missed})] == [False, True]
