"""What has been counted by person: how often it is looked at, who is busy, and what a freed mark leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.fairness.explain import BUSY
from appliance.gate.elements import Command, FreeMark, Remove
from appliance.gate.meter import READING_AGE, Meter
from tests.appliance.gate.knowledge import mac


@dataclass
class Line:
    """A clock in hand, and a kernel that counts what it is told."""

    now: float = 100.0
    received: dict[int, int] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    looks: int = 0

    def count(self) -> tuple[dict[int, int], dict[int, int]]:
        self.looks += 1
        return dict(self.received), dict(self.sent)

    def meter(self) -> Meter:
        return Meter(self.count, lambda: self.now)


def test_a_reading_is_new_enough_for_two_seconds_and_not_longer() -> None:
    line = Line()
    meter = line.meter()
    assert READING_AGE == 2.0 and meter.age == 0.0
    meter.read()
    assert line.looks == 0, "nothing was carried before the gate began"
    line.now += READING_AGE - 0.01
    meter.read()
    assert line.looks == 0 and meter.age == READING_AGE - 0.01 + 100.0 - 100.0
    line.now = 100.0 + READING_AGE
    meter.read()
    assert line.looks == 1 and meter.age == 0.0


def test_received_and_sent_are_told_apart_and_together() -> None:
    line = Line(received={1: 70, 2: 5}, sent={1: 8, 3: 9})
    meter = line.meter()
    assert meter.carried(1) == (0, 0) and meter.both() == {}
    line.now += READING_AGE
    meter.read()
    assert [meter.carried(mark) for mark in (1, 2, 3, 4)] == [(70, 8), (5, 0), (0, 9), (0, 0)]
    assert meter.both() == {1: 78, 2: 5, 3: 9}


def test_busy_is_who_used_the_line_between_the_last_two_readings_and_not_before() -> None:
    line = Line()
    meter = line.meter()
    assert meter.busy == frozenset()
    line.now += 10
    line.received, line.sent = {1: 10 * BUSY, 2: 10 * BUSY - 1, 3: 5 * BUSY}, {3: 5 * BUSY}
    meter.read()
    assert meter.busy == {1, 3}
    line.now += 4
    line.received[2] += 4 * BUSY
    meter.read()
    assert meter.busy == {2}, "what was used before the last reading is over"


def test_whoever_gets_a_freed_mark_begins_with_nothing_and_nobody_else_loses_anything() -> None:
    line = Line(received={1: 1_000, 2: 500}, sent={1: 100, 2: 50})
    meter = line.meter()
    line.now += 5
    meter.read()
    commands: list[Command] = [Remove(mac(1), 2), FreeMark(1)]
    meter.forget_freed(commands)
    assert meter.carried(1) == (0, 0) and meter.carried(2) == (500, 50) and meter.age == 0.0
    line.received, line.sent = {1: 2 * BUSY, 2: 500}, {2: 50}
    line.now += 2
    meter.read()
    assert meter.busy == {1}, "counted from nothing, and not from what another carried under the mark"


def test_who_is_removed_and_keeps_the_mark_keeps_what_it_carried() -> None:
    line = Line(received={2: 500})
    meter = line.meter()
    line.now += 5
    meter.read()
    meter.forget_freed([Remove(mac(1), 2)])
    assert meter.carried(2) == (500, 0)
