"""When the self-test runs again, and that finding nothing to do costs next to nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from appliance.files import write_json
from provisioning.selftest import cable, service
from provisioning.selftest.due import (
    AFTER_EARLY_FAILURE,
    AFTER_FAILURE,
    AFTER_PASS,
    EARLY,
    FIRST_PATIENCE,
    LATER_PATIENCE,
    LONGEST_ROUND,
    is_due,
    patience,
)

PASSED, FAILED = '{"state": "passed"}', '{"state": "failed"}'


@pytest.mark.parametrize(
    ("told", "age", "uptime", "due"),
    [
        (None, 0.0, 5.0, True),
        (PASSED, AFTER_PASS - 1, 1e6, False),
        (PASSED, AFTER_PASS, 1e6, True),
        (FAILED, AFTER_FAILURE - 1, EARLY, False),
        (FAILED, AFTER_FAILURE, EARLY, True),
        (FAILED, AFTER_EARLY_FAILURE - 1, EARLY - 1, False),
        (FAILED, AFTER_EARLY_FAILURE, EARLY - 1, True),
        ('{"state": "running"}', AFTER_EARLY_FAILURE, 30.0, True),
        (PASSED, -1.0, 1e6, True),
    ],
)
def test_seldom_once_all_is_well_and_soon_while_it_is_not(told: str | None, age: float, uptime: float, due: bool) -> None:
    assert is_due(told, age, uptime) is due


def test_a_whole_run_keeps_its_budget_of_ninety_seconds() -> None:
    assert patience(first=True) == FIRST_PATIENCE > LATER_PATIENCE == patience(first=False)
    assert FIRST_PATIENCE + LONGEST_ROUND <= 90


def test_the_facts_as_they_are_written_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "selftest.json"
    assert not service.nothing_due(str(path))
    write_json(path, {"state": "passed", "checks": []})
    assert service.nothing_due(str(path))
    old = time.time() - AFTER_PASS - 5
    os.utime(path, (old, old))
    assert not service.nothing_due(str(path))


def test_a_cable_that_a_killed_run_left_is_something_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "selftest.json"
    path.write_text(json.dumps({"state": "passed"}))
    assert service.CABLE.rpartition("/")[2] == cable.PORT
    monkeypatch.setattr(service, "CABLE", str(tmp_path))
    assert not service.nothing_due(str(path))


def test_a_run_with_nothing_to_do_loads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "selftest.json"
    path.write_text(json.dumps({"state": "passed"}))
    monkeypatch.setitem(sys.modules, "provisioning.selftest.running", None)  # importing it would raise
    assert service.main(["service", str(path)]) == 0
    with pytest.raises(ImportError):
        service.main(["service", str(path), "--now"])
