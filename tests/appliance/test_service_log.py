"""A log keeps its bound while its service runs, on a full disk too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from appliance import service_log
from appliance.service_log import LIMIT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.log"


def test_r11_a_service_that_logs_on_and_on_keeps_within_the_bound(path: Path) -> None:
    with service_log.begin(path) as log:
        for number in range(90):
            log.write(f"{number:02}".encode() + b"x" * 99_998)
            service_log.bound(path)
            assert path.stat().st_size <= LIMIT
    assert path.with_suffix(".log.1").stat().st_size <= 2 * LIMIT
    assert sorted(one.name for one in path.parent.iterdir()) == ["one.log", "one.log.1"]


def test_r11_what_is_written_next_stands_first_and_the_older_part_beside_it(path: Path) -> None:
    with service_log.begin(path) as log:
        log.write(b"old" * LIMIT)
        service_log.bound(path)
        log.write(b"new")
    assert path.read_bytes() == b"new"
    assert path.with_suffix(".log.1").read_bytes() == (b"old" * LIMIT)[-2 * LIMIT :]


def test_a_log_of_just_the_limit_is_left(path: Path) -> None:
    path.write_bytes(b"x" * LIMIT)
    service_log.bound(path)
    assert path.stat().st_size == LIMIT


def test_r11_on_a_disk_that_takes_nothing_room_is_made_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"x" * (LIMIT + 1))
    real = os.open

    def full(name: Any, flags: int, *more: Any, **others: Any) -> int:
        if str(name).endswith(".1"):
            raise OSError(28, "No space left on device")
        return real(name, flags, *more, **others)

    monkeypatch.setattr(os, "open", full)
    service_log.bound(path)
    assert path.stat().st_size == 0


def test_r11_a_log_that_cannot_be_opened_keeps_no_service_from_starting(tmp_path: Path) -> None:
    with service_log.begin(tmp_path / "missing" / "one.log") as log:
        assert log.write(b"into nothing") > 0
    service_log.bound(tmp_path / "missing" / "one.log")


def test_the_log_is_not_for_everybody(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o644)
    service_log.begin(path).close()
    assert path.stat().st_mode & 0o777 == 0o640
