"""P What is read of the machine, from made-up /proc folders; the real ones are read in tests/real/test_flash.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.errors import BadInput
from provisioning.flash import reader
from provisioning.flash.disks import parse_mountinfo
from provisioning.flash.image import expected_sha256


def _process(proc: Path, name: str, namespace: str | None, mounts: str) -> None:
    (proc / name / "ns").mkdir(parents=True)
    (proc / name / "mountinfo").write_text(mounts)
    if namespace is not None:
        (proc / name / "ns/mnt").symlink_to(namespace)


def test_every_mount_namespace_is_read_once(tmp_path: Path) -> None:
    _process(tmp_path, "self", "mnt:[1]", "own")
    _process(tmp_path, "17", "mnt:[1]", "own")
    _process(tmp_path, "18", "mnt:[2]", "container")
    _process(tmp_path, "19", "mnt:[2]", "container")
    _process(tmp_path, "20", None, "of another user")
    assert list(reader.mountinfos(tmp_path)) == ["own", "container"]


def test_an_ended_process_does_not_hide_the_namespace_of_another(tmp_path: Path) -> None:
    _process(tmp_path, "self", "mnt:[1]", "own")
    _process(tmp_path, "18", "mnt:[2]", "")
    _process(tmp_path, "19", "mnt:[2]", "container")
    assert list(reader.mountinfos(tmp_path)) == ["own", "container"]


@pytest.mark.parametrize("name", ["/dev/no-such-card", "/dev", "/dev/null", "/proc/self"])
def test_what_is_neither_a_card_nor_a_file_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        reader.device_number(Path(name))


def test_a_file_that_is_or_will_be_has_no_device_number(tmp_path: Path) -> None:
    assert reader.device_number(tmp_path / "new.img") is None
    (tmp_path / "old.img").write_text("")
    assert reader.device_number(tmp_path / "old.img") is None


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("card.img.sha256", "ab" * 32 + "  card.img\n", "ab" * 32),
        ("card.img.json", '{"sha256": "' + "cd" * 32 + '"}', "cd" * 32),
        ("card.img.json", '{"sha256": "short"}', None),
        ("card.img.json", "[]", None),
        ("card.img.json", "{", None),
        ("card.img.sha256", "no hash", None),
        ("other.json", '{"sha256": "' + "cd" * 32 + '"}', None),
    ],
)
def test_the_hash_beside_an_image_is_found(tmp_path: Path, name: str, content: str, expected: str | None) -> None:
    (tmp_path / name).write_text(content)
    assert expected_sha256(tmp_path / "card.img") == expected


def test_a_carriage_return_in_a_name_ends_no_line(tmp_path: Path) -> None:
    _process(tmp_path, "self", "mnt:[1]", "")
    (tmp_path / "self/mountinfo").write_bytes(b"36 35 8:1 / /media/a\rb rw - ext4 /dev/sda1 rw\n")
    (text,) = reader.mountinfos(tmp_path)
    (mount,) = parse_mountinfo(text)
    assert (mount.dev, mount.where) == ("8:1", "/media/a b")
