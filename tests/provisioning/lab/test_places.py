"""The lock of a demo: one at a time, also when the one before is just taking it away."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from appliance.errors import Refused
from provisioning.lab.places import only_one


def test_a_second_one_is_refused_and_the_file_goes_with_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with only_one(lock):
        with pytest.raises(Refused, match="already running"), only_one(lock):
            pass
        assert lock.exists()
    assert not lock.exists()


def test_a_lock_on_a_file_that_was_just_taken_away_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, real, taken = tmp_path / "lock", fcntl.flock, list[int]()

    def flock(descriptor: int, how: int) -> None:
        real(descriptor, how)
        if not taken:
            lock.unlink()  # by the one before, between our open and our lock
        taken.append(descriptor)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(Path, "exists", lambda self: True)  # ... and as late as it can be
    with only_one(lock):
        assert len(taken) == 2
