"""Where an image is written, and what happens when it cannot be: nothing half made stays, and a device is never a file."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.errors import BadInput, CommandFailed, NotSo
from provisioning.image import disk


@pytest.mark.parametrize("path", ["/dev/null", "/dev/sdz", "/dev/does/not/exist"])
def test_a_device_is_never_written(path: str) -> None:
    with pytest.raises(BadInput, match="is a device; build into a file"):
        disk.check_output(Path(path))


def test_a_folder_or_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no plain file"):
        disk.check_output(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        disk.check_output(tmp_path / "none/x.img")


def test_a_new_file_and_one_that_is_there_will_do(tmp_path: Path) -> None:
    disk.check_output(tmp_path / "x.img")
    (tmp_path / "x.img").write_text("old")
    disk.check_output(tmp_path / "x.img")
    assert (tmp_path / "x.img").read_text() == "old"


class _Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_noticed_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: _Usage(10 << 30, 9 << 30, 1 << 30))
    disk.check_room(tmp_path, 1 << 30)
    with pytest.raises(NotSo, match="1024 MiB are free and the build needs 5000"):
        disk.check_room(tmp_path, 5000 << 20)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "/x/y: cannot write: No space left on device; make room"),
        (CommandFailed("mke2fs: No space left on device", where="mke2fs"), "the disk is full; make room"),
    ],
)
def test_a_disk_that_fills_up_meanwhile_is_one_line(raised: Exception, said: str, tmp_path: Path) -> None:
    with pytest.raises(NotSo) as found, disk.disk_errors(tmp_path):
        raise raised
    assert said in str(found.value) and "\n" not in str(found.value)


def test_another_fault_is_handed_on(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="other"), disk.disk_errors(tmp_path):
        raise CommandFailed("other")


def test_nothing_half_made_stays(tmp_path: Path) -> None:
    target = tmp_path / "x.img"
    target.write_text("whole")
    with pytest.raises(KeyboardInterrupt), disk.beside(target) as new:
        new.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["x.img"] and target.read_text() == "whole"


def test_what_is_whole_takes_the_name_at_once(tmp_path: Path) -> None:
    target = tmp_path / "x.img"
    with disk.beside(target) as new:
        assert new.parent == tmp_path and not target.exists()
        new.write_text("whole")
        new.replace(target)
    assert target.read_text() == "whole" and target.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["x.img"]


def test_zeros_stay_holes(tmp_path: Path) -> None:
    part, image = tmp_path / "part", tmp_path / "image"
    part.write_bytes(bytes(1 << 20) + b"x" + bytes((1 << 20) - 1))
    with image.open("wb+") as file:
        file.truncate(4 << 20)
        disk.put(part, file.fileno(), 1 << 20)
    assert image.read_bytes() == bytes(2 << 20) + b"x" + bytes((2 << 20) - 1)
    assert image.stat().st_blocks * 512 <= (1 << 20) + 65536


def test_what_was_asked_for_through_sudo_belongs_to_who_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = list[tuple[str, int, int]]()
    monkeypatch.setattr(disk.os, "geteuid", lambda: 0)
    monkeypatch.setattr(disk.os, "chown", lambda path, user, group, **_: given.append((path.name, user, group)))
    for name in ("x.img", "x.img.json", "x.img.spdx.json", "x.img.licences.txt", "x.img.zst", "y.img", "x.imgs"):
        (tmp_path / name).write_text("")
    disk.hand_over(tmp_path / "x.img", {})
    disk.hand_over(tmp_path / "x.img", {"SUDO_UID": "-1", "SUDO_GID": "5"})
    assert given == []
    disk.hand_over(tmp_path / "x.img", {"SUDO_UID": "1000", "SUDO_GID": "1001"})
    assert sorted(given) == [(name, 1000, 1001) for name in ("x.img", "x.img.json", "x.img.licences.txt", "x.img.spdx.json")]
