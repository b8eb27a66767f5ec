"""The folder where images are made: one at a time, nothing half made stays, old layers go."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from appliance.errors import NotSo
from provisioning.image import workshop


def test_a_second_build_of_the_same_kind_waits_for_nobody(tmp_path: Path) -> None:
    with workshop.opened(tmp_path / "cache", "arm64"):
        with pytest.raises(NotSo, match="another build runs"), workshop.opened(tmp_path / "cache", "arm64"):
            pass
        with workshop.opened(tmp_path / "cache", "amd64"):
            pass


def test_what_a_killed_build_left_goes_with_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "work-arm64-x").mkdir()
    (tmp_path / "work-arm64-x/half").write_text("")
    (tmp_path / "work-amd64-y").mkdir()
    with pytest.raises(KeyboardInterrupt), workshop.opened(tmp_path, "arm64") as work:
        (work / "half").write_text("")
        assert not (tmp_path / "work-arm64-x").exists()
        raise KeyboardInterrupt
    assert {path.name for path in tmp_path.iterdir()} == {"lock-arm64", "work-amd64-y"}


def test_only_the_newest_layers_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(("a-1", "a-2", "a-3", "b-1")):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    (tmp_path / "new").write_text("new")
    workshop.keep(tmp_path / "new", tmp_path / "a-4", "a-*", 2)
    assert {path.name for path in tmp_path.iterdir()} == {"a-1", "a-4", "b-1"}
    assert (tmp_path / "a-4").read_text() == "new"


def test_lists_without_their_image_do_not_stay(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    with pytest.raises(OSError, match="full"), workshop.all_or_none(one, two):
        one.write_text("")
        raise OSError("full")
    assert not list(tmp_path.iterdir())
    with workshop.all_or_none(one, two):
        one.write_text("")
    assert one.exists()


def test_a_files_hash(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 100_000)
    assert workshop.sha256(tmp_path / "x") == hashlib.sha256(b"x" * 100_000).hexdigest()
