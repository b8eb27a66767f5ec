"""P Files are replaced whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from appliance import facts, files
from appliance.errors import NotSo
from appliance.layout import Layout


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "f"
    files.write_atomically(path, "one")
    files.write_atomically(path, b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["f"]


def test_a_full_disk_leaves_the_old_file_and_nothing_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSo, match="No space left on device"):
        files.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]


def test_a_power_cut_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(path, "new")
    assert path.read_text() == "old"


def test_the_content_is_flushed_before_the_rename_and_the_folder_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deeds: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flush(descriptor: int) -> None:
        deeds.append("flush")
        fsync(descriptor)

    def rename(old: Path, new: Path) -> None:
        deeds.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    files.write_atomically(tmp_path / "f", "x")
    assert deeds == ["flush", "rename", "flush"]


def test_a_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "no" / "f", tmp_path / "file" / "f"):
        with pytest.raises(NotSo, match="cannot write"):
            files.write_atomically(path, "x")


def test_json_goes_in_and_out(tmp_path: Path) -> None:
    files.write_json(tmp_path / "f", {"b": "م", "a": 1})
    assert files.read_json(tmp_path / "f") == {"a": 1, "b": "م"}
    assert (tmp_path / "f").read_text() == '{\n "a": 1,\n "b": "م"\n}\n'
    assert files.read_json(tmp_path / "none") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_broken_json_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(NotSo, match="cannot read"):
        files.read_json(tmp_path / "f")


def test_facts_that_are_missing_or_broken_are_no_facts(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    assert facts.read(layout, "sync") == {}
    layout.facts_dir.mkdir(parents=True)
    facts.publish(layout, "sync", {"state": "current"})
    assert facts.read(layout, "sync") == {"state": "current"}
    for broken in ("{", "[]", json.dumps("x")):
        layout.facts("sync").write_text(broken)
        assert facts.read(layout, "sync") == {}
