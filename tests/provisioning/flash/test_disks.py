"""What is read of lsblk, /proc/swaps, mountinfo and zpool, field by field, of old and new versions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.errors import BadInput
from provisioning.flash.disks import (
    LONGEST_TEXT,
    DiskLayout,
    Mount,
    Node,
    parse_layout,
    parse_mountinfo,
    parse_swaps,
    parse_zpool,
    plain,
)

ROW = {
    "name": "sda", "kname": "sda", "path": "/dev/sda", "maj:min": "8:0", "type": "DISK", "size": 16_000_000_000, "log-sec": 512,
    "ro": False, "rm": True, "hotplug": True, "tran": "USB", "vendor": "Acme ", "model": "Stick", "serial": "S1",
    "fstype": "ext4", "label": "L", "uuid": "U", "mountpoints": ["/media/x", None],
}  # fmt: skip


def layout(*rows: Any, **more: Any) -> DiskLayout:
    return parse_layout(json.dumps({"blockdevices": list(rows)}), **more)


def node(**fields: Any) -> Node:
    (made,) = layout({**ROW, **fields}).nodes.values()
    return made


def test_every_column_is_read() -> None:
    assert node() == Node(
        "sda", "/dev/sda", "8:0", "disk", 16_000_000_000, 512, False, True, True, "usb", "Acme Stick", "S1", "ext4", "L", "U",
        ("/media/x",),
    )  # fmt: skip


def test_an_old_lsblk_that_says_only_a_name_is_read_too() -> None:
    (made,) = layout({"name": "sdb"}).nodes.values()
    assert made == Node("sdb", "/dev/sdb", "", "", None, None, False, False, False, "", "", "", "", "", "")
    assert node(kname="", name="sdc").kname == "sdc" and node(kname="sdd", name="pretty").kname == "sdd"


@pytest.mark.parametrize(
    ("told", "size"),
    [
        (5, 5), (0, 0), (-1, None), ("5", 5), (" 5 ", 5), ("5G", None), ("-5", None), ("", None), (None, None), (True, None),
        (1.5, None), ("9" * 20, int("9" * 20)), ("9" * 21, None), ([5], None),
    ],
    ids=str,
)  # fmt: skip
def test_a_size_is_a_whole_number_or_not_told(told: Any, size: int | None) -> None:
    assert node(size=told).size == size and node(**{"log-sec": told}).sector == size


@pytest.mark.parametrize(
    ("told", "set_"),
    [
        (True, True),
        (1, True),
        ("1", True),
        (" 1 ", True),
        (False, False),
        (0, False),
        ("0", False),
        (None, False),
        (2, False),
        ("yes", False),
    ],
)
def test_a_flag_is_true_one_or_the_letter_one(told: Any, set_: bool) -> None:
    made = node(ro=told, rm=told, hotplug=told)
    assert (made.read_only, made.removable, made.hotplug) == (set_, set_, set_)


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"mountpoints": None, "mountpoint": "/"}, ("/",)), ({"mountpoints": ["/", "/home"]}, ("/", "/home")),
        ({"mountpoints": ["/"], "mountpoint": "/"}, ("/",)), ({"mountpoints": "/"}, ()), ({"mountpoints": ["", None, 5]}, ()),
        ({"mountpoints": ["\x07"]}, ("?",)), ({"mountpoints": ["[SWAP]"]}, ("[SWAP]",)),
    ],
    ids=str,
)  # fmt: skip
def test_mount_points_are_read_in_both_forms(fields: dict[str, Any], places: tuple[str, ...]) -> None:
    assert node(**fields).mountpoints == places


@pytest.mark.parametrize(("told", "dev"), [("8:0", "8:0"), ("259:12", "259:12"), ("8", ""), ("8:0:1", ""), ("a:b", ""), (None, "")])
def test_a_device_number_is_two_numbers(told: Any, dev: str) -> None:
    assert node(**{"maj:min": told}).dev == dev


def test_a_name_that_a_maker_left_out_leaves_no_space() -> None:
    assert node(vendor=None).model == "Stick" and node(model=None).model == "Acme" and node(vendor=None, model=None).model == ""
    assert len(node(vendor="v" * 79, model="m" * 79).model) == LONGEST_TEXT == 80


TREE = {**ROW, "children": [
    {"name": "sda1", "children": [{"name": "md0", "ro": False, "mountpoint": "/a"}]},
    {"name": "sda2", "children": [{"name": "md0", "ro": True, "mountpoint": "/b"}]},
]}  # fmt: skip


def test_a_device_under_two_parents_is_one_and_stands_on_both() -> None:
    made = layout(TREE)
    assert set(made.nodes) == {"sda", "sda1", "sda2", "md0"}
    raid = made.nodes["md0"]
    assert raid.parents == {"sda1", "sda2"} and raid.read_only and raid.mountpoints == ("/a", "/b")
    assert made.nodes["sda"].children == {"sda1", "sda2"} and made.nodes["sda"].parents == frozenset()
    assert {one.kname for one in made.below(made.nodes["sda"])} == {"sda", "sda1", "sda2", "md0"}
    assert {one.kname for one in made.above(raid)} == {"md0", "sda1", "sda2", "sda"}
    assert [one.kname for one in made.below(raid)] == ["md0"] and made.below(made.nodes["sda"])[0].kname == "sda"
    assert [one.kname for one in made.above(made.nodes["sda1"])] == ["sda1", "sda"]


def test_a_flat_list_says_its_parents_by_name() -> None:
    made = layout({"name": "sda1", "pkname": "sda"}, {"name": "sda"}, {"name": "sdb1", "pkname": "sdb"})
    assert made.nodes["sda1"].parents == {"sda"} and made.nodes["sda"].children == {"sda1"}
    assert made.nodes["sdb1"].parents == {"sdb"} and len(made.above(made.nodes["sdb1"])) == 1, "one that is not told is not there"


def test_a_device_that_names_itself_its_parent_is_not_walked_round_and_round() -> None:
    made = layout({"name": "sda", "pkname": "sda"}, {"name": "sdb", "pkname": "sdc"}, {"name": "sdc", "pkname": "sdb"})
    assert made.nodes["sda"].parents == made.nodes["sda"].children == frozenset()
    assert {one.kname for one in made.below(made.nodes["sdb"])} == {"sdb", "sdc"}


def test_a_target_is_found_by_name_path_and_number() -> None:
    made = layout({**ROW, "path": "/dev/disk/by-id/usb"}, {"name": "sdb", "maj:min": "8:16"})
    assert [made.find(one) for one in ("sda", "/dev/disk/by-id/usb", "8:0")] == [made.nodes["sda"]] * 3
    assert made.find("8:16") is made.nodes["sdb"] is made.find("/dev/sdb")
    assert made.find("sdc") is made.find("/dev/sda") is made.find("") is None


@pytest.mark.parametrize(
    ("untrusted", "shown"),
    [
        ("a b", "a b"), ("  a \t\n b ", "a b"), ("a\x1b[2Jb", "a [2Jb"), ("a\u202eb", "a b"), ("\ue000", ""), (None, ""), (5, ""),
        ("x" * 80, "x" * 80), ("x" * 81, "x" * 80), (" " * 319 + "y" * 9, "y"), (" " * 320 + "y", ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_text_from_a_disk_is_one_short_line_that_no_terminal_obeys(untrusted: object, shown: str) -> None:
    assert plain(untrusted) == shown


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("36 35 8:1 / /boot rw - ext4 /dev/sda1 rw", Mount("8:1", "/boot", "ext4", "/dev/sda1")),
        ("36 35 8:1 / /boot - ext4 /dev/sda1", Mount("8:1", "/boot", "ext4", "/dev/sda1")),
        ("36 35 8:1 / /a\\040b\\011c rw - ext4 /dev/disk\\0401 rw", Mount("8:1", "/a b c", "ext4", "/dev/disk 1")),
        ("36 35 8:1 / \\007 rw - ext4 x rw", Mount("8:1", "?", "ext4", "x")),
        ("36 35 8:1 / /a\\134b\\043 rw - ext4 x rw", Mount("8:1", "/a\\b#", "ext4", "x")),
        ("36 35 8:1 / /boot rw ext4 /dev/sda1 rw", None),
        ("36 35 8:1 / - ext4 /dev/sda1 rw", None),
        ("36 35 8:1 / /boot rw - ext4", None),
        ("36 35 8 / /boot rw - ext4 /dev/sda1 rw", None),
        ("", None),
    ],
)
def test_a_line_of_mountinfo_is_read_or_left_out(line: str, read: Mount | None) -> None:
    assert parse_mountinfo(f"{line}\n") == ((read,) if read else ())
    assert len(parse_mountinfo("1 2 8:2 / / rw - a b c\n" + line)) == 1 + bool(read)


def test_swaps_and_pools_are_read_by_path() -> None:
    told = "Filename\tType\tSize\n/dev/sda2 partition 1\n\n/swap\\040file file 1\n"
    assert parse_swaps(told) == {"/dev/sda2", "/swap file"} and parse_swaps("") == parse_swaps("Filename") == frozenset()
    assert parse_zpool("  pool: tank\n\t/dev/sdb1  ONLINE\n\tmirror-0 /dev/sdc1\n") == {"/dev/sdb1", "/dev/sdc1"}
    made = layout(ROW, swaps=told, zpool_status="/dev/sdb1", mountinfos=["1 2 8:2 / / rw - a b c"] * 2)
    assert (made.swaps, made.pools, made.mounts) == ({"/dev/sda2", "/swap file"}, {"/dev/sdb1"}, (Mount("8:2", "/", "a", "b"),))


@pytest.mark.parametrize("rows", [[{}], [{"name": ""}], [None], ["sda"], [{"name": "sda", "children": [{}]}]])
def test_a_device_without_a_name_makes_the_whole_answer_unreadable(rows: list[Any]) -> None:
    with pytest.raises(BadInput):
        layout(*rows)


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x1c", "\x85", "\r", "\u2003"], ids=ascii)
def test_a_mount_point_with_a_separator_of_unicode_hides_no_mount(separator: str) -> None:
    """proc(5): the kernel escapes space, tab, newline and backslash, and nothing else, whatever a stick is called."""
    line = f"36 35 8:1 / /media/a{separator}b rw - ext4 /dev/sd{separator}1 rw\n"
    assert parse_mountinfo(line) == (Mount("8:1", "/media/a b", "ext4", "/dev/sd 1"),)
    assert parse_swaps(f"Filename\n/media/a{separator}b file 1\n/dev/sda2\tpartition 1\n") == {"/media/a b", "/dev/sda2"}
