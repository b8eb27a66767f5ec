"""One run: what fails is asked again, what passed is not; each line is told once."""

from __future__ import annotations

import struct
from collections import Counter
from http.client import BadStatusLine
from typing import Any

import pytest

from appliance.errors import NotSo
from provisioning.selftest.checks import CHECKS
from provisioning.selftest.outcome import Facts, Outcome
from provisioning.selftest.running import AGAIN, look
from tests.provisioning.selftest.test_checks import UPLINK, WELL


class Box:
    """Facts of a box on which something comes late; time passes only while it waits."""

    def __init__(self, **late: tuple[float, dict[str, Any]]) -> None:
        self.time, self.late, self.asked, self.told = 0.0, late, Counter[str](), list[tuple[str, Outcome]]()

    def source(self, name: str) -> Facts:
        self.asked[name] += 1
        since, changed = self.late.get(name, (0.0, {}))
        return {**WELL[name], **(changed if self.time < since else {})}

    def wait(self, seconds: float) -> None:
        self.time += seconds

    def look(self, patience: float) -> dict[str, Outcome]:
        sources = {name: (lambda name=name: self.source(name)) for name in WELL}  # type: ignore[misc]
        say = lambda name, outcome: self.told.append((name, outcome))  # noqa: E731
        return look(sources, patience, say=say, now=lambda: self.time, wait=self.wait)


NO_UPLINK = {**UPLINK, "connected": False}


def test_a_healthy_box_is_asked_once_and_waits_for_nothing() -> None:
    box = Box()
    outcomes = box.look(60)
    assert all(outcome.ok for outcome in outcomes.values()) and box.time == 0
    assert set(box.asked.values()) == {1}, "checks that share facts share the asking"
    assert [name for name, _ in box.told] == [check.name for check in CHECKS]


def test_what_comes_late_is_waited_for_and_nothing_else_is_asked_again() -> None:
    box = Box(uplink=(7.0, NO_UPLINK))
    outcomes = box.look(60)
    assert outcomes["uplink"].ok is True and 7 <= box.time < 7 + AGAIN
    assert box.asked["uplink"] == 4 and box.asked["phone"] == box.asked["hub"] == 1
    assert box.told[-1][0] == "uplink" and len(box.told) == len(CHECKS)


@pytest.mark.parametrize("patience", [0.0, 9.0, 60.0])
def test_what_never_comes_is_told_when_patience_ends(patience: float) -> None:
    box = Box(uplink=(1e9, NO_UPLINK))
    outcomes = box.look(patience)
    assert outcomes["uplink"].ok is False and box.time <= patience
    assert len(box.told) == len(CHECKS) == len({name for name, _ in box.told})
    assert dict(box.told) == outcomes


@pytest.mark.parametrize(
    "fault",
    [
        OSError(5, "Input/output error"), ValueError("not a certificate"), NotSo("a damaged file"), IndexError("no such column"),
        AttributeError(), ZeroDivisionError(), RuntimeError("can't start new thread"), RecursionError(), MemoryError(),
        struct.error("a short answer"), BadStatusLine("nonsense"),
    ],
    ids=repr,
)  # fmt: skip
def test_r7_what_cannot_be_looked_at_fails_by_itself_alone(fault: Exception) -> None:
    box = Box()
    sources = {name: (lambda name=name: box.source(name)) for name in WELL}  # type: ignore[misc]

    def breaks() -> Facts:
        raise fault

    outcomes = look({**sources, "hub": breaks}, 0.0, say=lambda *_: None, now=lambda: 0.0, wait=box.wait)
    assert [name for name, outcome in outcomes.items() if outcome.ok is False] == ["hub"]
    assert "cannot be looked at" in outcomes["hub"].what and outcomes["hub"].mend
