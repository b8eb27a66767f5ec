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


def test_what_a_power_cut_left_beside_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "f"
    files.beside(path).write_text("half of something much longer than what is written now")
    files.write_atomically(path, "new", 0o600)
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["f"]


def test_a_sweep_leaves_what_somebody_writes_at_this_moment(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for left in (tmp_path / ".a.new", tmp_path / "below" / ".b.new", tmp_path / ".c.4711.new"):
        left.write_text("half")
    with files.replacing(tmp_path / "d") as file:
        files.sweep(tmp_path)
        file.write(b"whole")
    assert sorted(os.listdir(tmp_path)) == ["below", "d"] and os.listdir(tmp_path / "below") == []
    files.sweep(tmp_path / "none")


def test_who_writes_the_same_file_waits_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PAUSE", 0.0)
    with files.replacing(tmp_path / "f") as file:
        file.write(b"first")
        with pytest.raises(NotSo, match="Device or resource busy"):
            files.write_atomically(tmp_path / "f", "second")
    assert (tmp_path / "f").read_bytes() == b"first"


def test_an_error_of_the_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), files.replacing(tmp_path / "f") as file:
        file.write(b"half")
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_what_is_removed_is_gone_with_what_was_begun_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R11: a temporary file of a code survived "forget me"."""
    flushed = list[str]()
    monkeypatch.setattr(files, "flush_folder", lambda folder: flushed.append(folder.name))
    for path in (tmp_path / "f", files.beside(tmp_path / "f")):
        path.write_text("x")
    files.remove(tmp_path / "f")
    assert os.listdir(tmp_path) == [] and flushed == [tmp_path.name]
    files.remove(tmp_path / "f")
    files.remove(tmp_path / "no" / "f")


def test_a_moved_file_is_flushed_first_and_both_folders_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deeds, fsync, replace = list[str](), os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (deeds.append("flush"), fsync(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda old, new: (deeds.append("rename"), replace(old, new))[1])
    (tmp_path / "to").mkdir()
    (tmp_path / "f").write_text("x")
    files.move(tmp_path / "f", tmp_path / "to" / "g")
    assert deeds == ["flush", "rename", "flush", "flush"] and (tmp_path / "to" / "g").read_text() == "x"
    with pytest.raises(NotSo, match="cannot write"):
        files.move(tmp_path / "f", tmp_path / "to" / "g")


def test_a_folder_that_is_as_it_must_be_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    files.make_folder(folder, 0o750)
    assert folder.stat().st_mode & 0o7777 == 0o750
    monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("written without need"))
    files.make_folder(folder, 0o750, (os.getuid(), os.getgid()))
    files.make_folder(folder)


def test_a_lock_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    with (
        files.lock(tmp_path / "lock", 0.0),
        pytest.raises(NotSo, match="another one is at work"),
        files.lock(tmp_path / "lock", 0.0),
    ):
        pass
    with files.lock(tmp_path / "lock", 0.0):
        pass


def test_r7_news_that_cannot_be_told_end_nobodys_deed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    assert not facts.tell(layout, "sync", {"state": "current"})  # there is no folder of facts
    assert len(caplog.messages) == 1 and "cannot write" in caplog.text
    layout.facts_dir.mkdir(parents=True)
    assert facts.tell(layout, "sync", {"state": "current"}) and facts.read(layout, "sync") == {"state": "current"}
