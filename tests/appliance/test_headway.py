"""A start that works is waited for, one that is still is not; seen with the figures of a /proc that is written here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance import headway
from appliance.headway import LONGEST, Headway, used_by

PID = 4_194_305


@pytest.fixture(autouse=True)
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / str(PID)).mkdir()
    monkeypatch.setattr(headway, "PROC", tmp_path)
    return tmp_path


def works(proc: Path, user: int, kernel: int = 0, name: str = "python") -> None:
    """As the kernel tells it."""
    (proc / str(PID) / "stat").write_text(f"{PID} ({name}) S 1 2 3 0 -1 4194304 11 12 13 14 {user} {kernel} 7 8 20 0 1 0 99 100\n")


@pytest.mark.parametrize("name", ["python", "a b", ") 1 2 (", "x) S 1 2 3 0 -1 4194304 11 12 13 14 900 900"])
def test_what_it_used_is_read_whatever_its_name(proc: Path, name: str) -> None:
    works(proc, 30, 4, name)
    assert used_by(PID) == 34


def test_one_that_is_gone_has_used_nothing(proc: Path) -> None:
    assert used_by(PID) is None
    (proc / str(PID) / "stat").write_text("")
    assert used_by(PID) is None


def test_a_slow_start_is_waited_for_as_long_as_it_works(proc: Path) -> None:
    start = Headway(60, 0.0)
    for number in range(20):
        works(proc, number)
        assert not start.is_over(PID, number * 59.0), "it has used some processor since the last look"


def test_one_that_is_still_is_given_up_after_the_patience(proc: Path) -> None:
    start = Headway(60, 0.0)
    works(proc, 5)
    assert not start.is_over(PID, 30.0)
    assert not start.is_over(PID, 90.0)
    assert start.is_over(PID, 90.1)


def test_one_that_has_ended_does_not_get_on(proc: Path) -> None:
    start = Headway(60, 0.0)
    assert not start.is_over(None, 60.0)
    assert start.is_over(None, 60.1)


def test_one_that_works_for_ever_is_given_up_as_well(proc: Path) -> None:
    start, now, used = Headway(60, 0.0), 0.0, 0
    while not start.is_over(PID, now):
        now, used = now + 10, used + 100
        works(proc, used)
    assert now == pytest.approx(LONGEST * 60, abs=20)


def test_this_process_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headway, "PROC", Path("/proc"))
    before = used_by(os.getpid())
    assert before is not None
    for _ in range(20):
        sum(range(400_000))
    assert (used_by(os.getpid()) or 0) > before
