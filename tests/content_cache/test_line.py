"""The brake: people come first, and a gate that does not answer stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from content_cache.allowance import Line
from content_cache.line import LOOK_EVERY, Brake, PeopleFirst, look
from tests.content_cache.site import place

RATE = 800_000
"""100,000 bytes a second; the background's part is 10,000."""


class Camp:
    """A line whose people use a part of it, in a time that only sleeping moves."""

    def __init__(self, active: int, part: float) -> None:
        self.active, self.part, self.now = active, part, 0.0

    def look(self, own: int) -> Line:
        return Line(self.now, int(self.now * RATE / 8 * self.part) + own, own, RATE, self.active)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def brake(self, waited: float = 0.0, look: Callable[[int], Line | None] | None = None) -> Brake:
        return Brake(look or self.look, waited, 10**12, lambda: self.now, self.sleep)


def _fetch(camp: Camp, brake: Brake, octets: int) -> float:
    brake.begin()
    for _ in range(octets // 1_000):
        brake.came(1_000)
    return camp.now


def test_nobody_online_nothing_waits() -> None:
    camp = Camp(0, 0.0)
    assert _fetch(camp, camp.brake(), 1_000_000) == 0.0


def test_beside_people_it_takes_a_tenth_of_the_line() -> None:
    camp = Camp(5, 0.3)
    assert _fetch(camp, camp.brake(), 100_000) == pytest.approx(LOOK_EVERY + 10, rel=0.05)


def test_before_the_first_byte_it_sees_that_people_need_the_link() -> None:
    camp = Camp(5, 0.9)
    brake = camp.brake()
    with pytest.raises(PeopleFirst, match="people need the link"):
        brake.begin()
    assert camp.now == LOOK_EVERY


def test_it_stops_on_the_way_when_people_come() -> None:
    camp = Camp(5, 0.1)
    brake = camp.brake()
    _fetch(camp, brake, 20_000)
    camp.part = 0.9
    before = camp.now
    with pytest.raises(PeopleFirst):
        _fetch(camp, brake, 1_000_000)
    assert camp.now - before < 3 * LOOK_EVERY


def test_after_a_day_of_waiting_it_goes_on_slowly() -> None:
    camp = Camp(5, 0.9)
    assert _fetch(camp, camp.brake(waited=86_400), 100_000) == pytest.approx(LOOK_EVERY + 10, rel=0.05)


def test_a_gate_that_does_not_answer_stops_nothing(tmp_path: Path) -> None:
    camp = Camp(0, 0.0)
    assert _fetch(camp, camp.brake(look=lambda own: None), 100_000) == 0.0


def test_what_the_gate_tells_becomes_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"ok": True, "bytes_down": 7, "rate_down_bps": 9_500_000, "active_people": 3}
    monkeypatch.setattr("content_cache.line.ask", lambda layout, request: told)
    found = look(place(tmp_path), 5)
    assert found is not None and (found.octets, found.own, found.rate, found.active) == (7, 5, 9_500_000, 3)
    told.pop("bytes_down")
    assert look(place(tmp_path / "other"), 5) is None
