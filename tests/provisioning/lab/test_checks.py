"""``demo --check``: one expectation that does not hold is enough, and one planted identifier is."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from provisioning.lab import checks, needles
from provisioning.lab.judging import Outcome
from provisioning.lab.scan import Scan

SOUGHT = needles.of_device("phone-1", "02:ca:5b:01:aa:ff", ["10.44.3.7"]) * 5
HOLDS, FAILS = Outcome("the portal opens", True, "0.2 s"), Outcome("nothing is found", False, "1 found")


@pytest.mark.parametrize(
    ("outcomes", "code", "said"),
    [
        ([HOLDS, HOLDS], 0, "2 of 2 expectations hold"),
        ([HOLDS, FAILS, HOLDS], 1, "2 of 3 expectations hold"),
        ([FAILS], 1, "NOT SO  box         nothing is found: 1 found"),
    ],
)
def test_it_ends_with_0_only_if_all_hold(outcomes: list[Outcome], code: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_everything", lambda camp, story: (("box", outcome) for outcome in outcomes))
    told = io.StringIO()
    camp: Any = None
    assert checks.whole_camp(camp, Console(file=told, width=200)) == code
    assert said in told.getvalue()


def _privacy(finds: tuple[needles.Find, ...], sought: list[needles.Needle], monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setattr(checks.scan, "devices", lambda: sought)
    monkeypatch.setattr(checks.scan, "scan", lambda folders, wanted: Scan(7, 900, finds))
    return checks.privacy("after the journeys", 1)


def test_a_find_is_a_breach_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    find = needles.search("/run/campbox/access.log", b"GET / 10.44.3.7", SOUGHT)[0]
    found = _privacy((find,), SOUGHT, monkeypatch)
    assert not found.holds and "in /run/campbox/access.log" in found.figure
    assert _privacy((), SOUGHT, monkeypatch).holds


def test_a_scan_that_lost_sight_of_the_phones_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _privacy((), SOUGHT[:4], monkeypatch).holds
