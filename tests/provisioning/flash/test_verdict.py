"""P Never the wrong disk: a corpus of layouts with the verdict for every device in them, and random trees."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.flash.disks import DiskLayout, Mount, Node, parse_layout
from provisioning.flash.verdict import LARGEST, Verdict, judge

LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.json"))
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in LAYOUTS}


def layout_of(case: dict[str, Any]) -> DiskLayout:
    return parse_layout(json.dumps(case["lsblk"]), case["swaps"], case["mountinfo"], case["zpool"])


def verdict_of(case: dict[str, Any], name: str, typed: str | None = None) -> Verdict:
    return judge(layout_of(case), name, image_size=case["image_size"], image_on=case["image_on"], typed_serial=typed)


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def test_the_corpus_is_large_and_holds_what_may_be_written_too() -> None:
    assert len(CASES) >= 60
    expected = [codes for case in CASES.values() for codes in case["expect"].values()]
    assert len(expected) > 250
    assert sum(1 for codes in expected if not codes) >= 25


@pytest.mark.parametrize("name", CASES)
def test_every_device_of_a_layout_gets_its_verdict(name: str) -> None:
    case = CASES[name]
    layout = layout_of(case)
    assert set(layout.nodes) == set(case["expect"])
    for kname, expected in case["expect"].items():
        verdict = verdict_of(case, kname)
        assert verdict.accepted == (not expected), (kname, [str(reason) for reason in verdict.reasons])
        if layout.nodes[kname].type == "disk":
            assert codes(verdict) == set(expected), kname
        else:
            assert set(expected) <= codes(verdict), kname


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["typed"]])
def test_a_typed_serial_mends_size_and_nothing_else(name: str) -> None:
    case = CASES[name]
    for kname, by_serial in case["typed"].items():
        for typed, expected in by_serial.items():
            assert codes(verdict_of(case, kname, typed)) == set(expected), (kname, typed)


@pytest.mark.parametrize("name", CASES)
def test_a_path_and_a_number_lead_to_the_same_verdict_as_the_name(name: str) -> None:
    case = CASES[name]
    layout = layout_of(case)
    paths = [node.path for node in layout.nodes.values()]
    for kname, node in layout.nodes.items():
        if paths.count(node.path) == 1:
            assert verdict_of(case, node.path).reasons == verdict_of(case, kname).reasons


@pytest.mark.parametrize("name", CASES)
def test_every_reason_is_one_plain_line_with_a_mend(name: str) -> None:
    case = CASES[name]
    for kname in case["expect"]:
        for reason in verdict_of(case, kname).reasons:
            assert str(reason).isprintable()
            assert reason.what and reason.mend and "None" not in str(reason)


def test_who_may_be_asked_for_a_serial_is_accepted_with_it() -> None:
    asked = 0
    for case in CASES.values():
        for kname in case["expect"]:
            verdict = verdict_of(case, kname)
            if verdict.wants_serial:
                assert verdict.node is not None
                assert verdict_of(case, kname, verdict.node.serial).accepted
                asked += 1
    assert asked >= 5


def test_what_is_not_there_is_not_accepted() -> None:
    verdict = judge(DiskLayout({}), "/dev/sdq")
    assert not verdict.accepted and not verdict.wants_serial
    assert codes(verdict) == {"unknown"} and verdict.target == "/dev/sdq" and verdict.node is None
    assert all(reason.what and reason.mend for reason in verdict.reasons)


# --- one thing at a time, about a stick of which everything else is good

STICK = Node("sda", "/dev/sda", "8:0", "disk", 16 * 10**9, 512, False, True, True, "usb", "Stick", "S1", "", "", "")


def changed(**fields: Any) -> DiskLayout:
    return DiskLayout({"sda": dataclasses.replace(STICK, **fields)})


def said(layout: DiskLayout, target: str = "sda", **more: Any) -> set[str]:
    verdict = judge(layout, target, **more)
    assert all(reason.what and reason.mend and "None" not in str(reason) for reason in verdict.reasons)
    assert verdict.accepted is not bool(verdict.reasons)
    return codes(verdict)


def test_the_stick_is_good() -> None:
    """Else the refusals below would say nothing."""
    assert said(changed()) == set()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"read_only": True}, {"read-only"}), ({"size": None}, {"size"}), ({"size": 0}, {"empty"}), ({"size": 999}, {"small"}),
        ({"size": 1_000}, set()), ({"sector": 4096}, {"sectors"}), ({"sector": 520}, {"sectors"}), ({"sector": None}, set()),
        ({"type": "part"}, {"partition"}), ({"type": "rom"}, {"kind"}), ({"type": "lvm"}, {"kind"}), ({"type": ""}, {"kind"}),
        ({"size": LARGEST}, set()), ({"size": LARGEST + 1}, {"large"}), ({"size": LARGEST + 1, "serial": ""}, {"large"}),
        ({"mountpoints": ("/media/x",)}, {"mounted"}), ({"mountpoints": ("[SWAP]",)}, {"swap"}),
        ({"removable": False}, set()), ({"removable": False, "hotplug": False}, set()),
        ({"removable": False, "hotplug": False, "transport": "sata"}, {"fixed"}),
        ({"removable": False, "hotplug": False, "transport": "mmc"}, set()),
        ({"removable": False, "hotplug": False, "transport": "ieee1394"}, set()),
        ({"removable": True, "hotplug": False, "transport": "sata"}, set()),
        ({"removable": False, "hotplug": True, "transport": "sata"}, set()),
    ],
    ids=str,
)  # fmt: skip
def test_each_thing_by_itself_is_a_reason(fields: dict[str, Any], code: set[str]) -> None:
    assert said(changed(**fields), image_size=1_000) == code


@pytest.mark.parametrize("where", ["/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home", "/etc", "/nix", "/efi"])
def test_what_holds_a_part_of_the_running_system_is_called_so(where: str) -> None:
    assert said(changed(mountpoints=(where,))) == {"system"}
    assert said(changed(mountpoints=(f"/mnt{where}",))) == {"mounted"}


@pytest.mark.parametrize(
    ("mount", "code"),
    [
        (Mount("8:0", "/srv", "ext4", "x"), {"mounted"}), (Mount("0:40", "/srv", "btrfs", "/dev/sda"), {"mounted"}),
        (Mount("8:1", "/srv", "ext4", "/dev/sda1"), set()), (Mount("8:0", "/", "ext4", "x"), {"system"}),
    ],
)  # fmt: skip
def test_a_mount_is_known_by_number_and_by_source(mount: Mount, code: set[str]) -> None:
    assert said(DiskLayout({"sda": STICK}, (mount,))) == code


def test_a_device_without_a_number_is_not_every_mount_without_one() -> None:
    assert said(DiskLayout({"sda": dataclasses.replace(STICK, dev="")}, (Mount("", "/srv", "ext4", "x"),))) == set()


@pytest.mark.parametrize(
    ("fstype", "code"),
    [
        ("LVM2_member", "lvm"), ("zfs_member", "zfs"), ("btrfs", "btrfs"), ("bcachefs", "btrfs"), ("bcache", "raid"),
        ("drbd", "raid"), ("ceph_bluestore", "raid"), ("jbd", "raid"), ("xfs_external_log", "raid"), ("stratis", "lvm"),
        ("mpath_member", "multipath"), ("swap", "swap"), ("swsuspend", "swap"), ("linux_raid_member", "raid"),
        ("isw_raid_member", "raid"), ("ext4", ""), ("vfat", ""), ("crypto_LUKS", ""),
    ],
)  # fmt: skip
def test_what_belongs_together_with_other_disks_is_told_by_its_signature(fstype: str, code: str) -> None:
    assert said(changed(fstype=fstype)) == ({code} if code else set())


def test_a_swap_and_a_pool_are_known_by_path() -> None:
    for path in ("/dev/sda", "/dev/disk/by-id/usb-1"):
        layout = changed(path=path)
        for known in (path, "/dev/sda"):
            assert said(dataclasses.replace(layout, swaps=frozenset({known}))) == {"swap"}
            assert said(dataclasses.replace(layout, pools=frozenset({known}))) == {"zfs"}
    assert said(dataclasses.replace(changed(), swaps=frozenset({"/dev/sdb"}), pools=frozenset({"/dev/sdb"}))) == set()
    both = judge(dataclasses.replace(changed(fstype="zfs_member"), pools=frozenset({"/dev/sda"})), "sda")
    assert len(both.reasons) == 1, "said once"


@pytest.mark.parametrize(
    ("kname", "type", "code"),
    [
        ("sda1", "part", set()), ("dm-0", "crypt", {"crypt"}), ("dm-0", "lvm", {"lvm"}), ("dm-0", "mpath", {"multipath"}),
        ("dm-0", "dmraid", {"raid"}), ("md0", "raid1", {"raid"}), ("md0", "linear", {"raid"}), ("bcache0", "disk", {"raid"}),
        ("x0", "thing", {"holder"}), ("x0", "", {"holder"}),
    ],
)  # fmt: skip
def test_whatever_stands_on_it_is_a_reason_but_a_partition(kname: str, type: str, code: set[str]) -> None:
    above = dataclasses.replace(
        STICK, kname=kname, path=f"/dev/{kname}", dev="9:0", type=type, serial="", parents=frozenset({"sda"})
    )
    layout = DiskLayout({"sda": dataclasses.replace(STICK, children=frozenset({kname})), kname: above})
    assert said(layout) == code
    assert said(layout, kname), "nor is it a card itself"
    mounted = dataclasses.replace(layout, nodes={**layout.nodes, "sda": dataclasses.replace(STICK, mountpoints=("/srv",))})
    assert "mounted" in said(mounted, kname), "a slice of something in use"


@pytest.mark.parametrize(
    ("kname", "card"),
    [
        ("sda", True), ("sdzzz", True), ("mmcblk0", True), ("mmcblk999", True), ("nvme0n1", True), ("vda", True), ("xvdz", True),
        ("sda1", False), ("sdzzzz", False), ("hda", False), ("mmcblk0p1", False), ("mmcblk1000", False), ("nvme0", False),
        ("mmcblk0boot0", False), ("mmcblk0rpmb", False), ("mmcblk0gp1", False), ("loop0", False), ("zram0", False), ("sr0", False),
        ("md0", False), ("dm-0", False), ("nbd0", False), ("fd0", False), ("ram0", False), ("pmem0", False),
    ],
)  # fmt: skip
def test_only_names_of_whole_disks_may_be_cards(kname: str, card: bool) -> None:
    node = dataclasses.replace(STICK, kname=kname, path=f"/dev/{kname}")
    assert said(DiskLayout({kname: node}), kname) == (set() if card else {"kind"})


def test_a_reason_names_the_device_it_is_about_and_what_that_is() -> None:
    """Who reads it must find the thing that is in the way."""
    part = dataclasses.replace(
        STICK, kname="sda1", path="/dev/sda1", dev="8:1", type="part", fstype="linux_raid_member", parents=frozenset({"sda"})
    )
    strange = dataclasses.replace(part, kname="x0", path="/dev/x0", dev="9:1", type="thing", fstype="", parents=frozenset({"sda1"}))
    nodes = {
        "sda": dataclasses.replace(STICK, children=frozenset({"sda1"}), fstype="swap"),
        "sda1": dataclasses.replace(part, children=frozenset({"x0"})), "x0": strange,
    }  # fmt: skip
    told = {reason.code: reason for reason in judge(DiskLayout(nodes), "sda").reasons}
    assert "/dev/sda1" in told["raid"].what and "/dev/sda1" in told["raid"].mend
    assert "/dev/" not in told["swap"].what and "/dev/sda" in told["swap"].mend
    assert "/dev/x0" in told["holder"].what and "thing" in told["holder"].what
    (large,) = judge(changed(size=LARGEST + 10**9, serial="S9"), "sda").reasons
    assert "257.0 GB" in large.what and "S9" in large.mend
    (small,) = judge(changed(size=10**9), "sda", image_size=2 * 10**9).reasons
    assert "1.0 GB" in small.what and "2.0 GB" in small.what
    whole = {reason.code: reason for reason in judge(DiskLayout(nodes), "sda1").reasons}["partition"]
    assert "/dev/sda1" in whole.what and "/dev/sda?" in whole.mend


def test_each_virtual_device_is_called_by_what_it_is() -> None:
    told = {}
    for kname in ("loop0", "zram0", "sr0", "md0", "dm-0", "zd0", "nbd0", "bcache0", "fd0", "mtdblock0", "hda"):
        (reason,) = judge(DiskLayout({kname: dataclasses.replace(STICK, kname=kname, path=f"/dev/{kname}")}), kname).reasons
        assert kname in reason.what
        told[kname] = reason.what.replace(kname, "")
    assert len(set(told.values())) == len(told) and "disk" in told["hda"]


def test_flash_with_boot_areas_is_soldered_in_and_its_own_areas_are_no_twins() -> None:
    flash = dataclasses.replace(STICK, kname="mmcblk0", path="/dev/mmcblk0", transport="mmc")
    areas = {
        f"mmcblk0{end}": dataclasses.replace(flash, kname=f"mmcblk0{end}", path=f"/dev/mmcblk0{end}") for end in ("boot0", "rpmb")
    }
    layout = DiskLayout({"mmcblk0": flash, **areas})
    assert said(layout, "mmcblk0") == {"fixed"} and said(layout, "mmcblk0", typed_serial="S1") == set()
    other = {name.replace("0", "1", 1): one for name, one in areas.items()}
    others = {name: dataclasses.replace(one, kname=name) for name, one in other.items()}
    assert said(DiskLayout({"mmcblk0": flash, **others}), "mmcblk0") == set(), "another's boot areas"


def test_a_serial_is_asked_for_and_must_be_its_own_and_nobody_elses() -> None:
    large = dataclasses.replace(STICK, size=LARGEST + 1)
    asked = judge(DiskLayout({"sda": large}), "sda")
    assert asked.wants_serial and not asked.accepted
    assert judge(DiskLayout({"sda": large}), "sda", typed_serial=" S1 ").accepted
    assert said(DiskLayout({"sda": large}), typed_serial="S2") == {"serial"} == said(changed(), typed_serial="S2")
    assert said(changed(serial=""), typed_serial="x") == {"serial"}
    twin = dataclasses.replace(large, kname="sdb", path="/dev/sdb", dev="8:16")
    for other, code in ((twin, {"twin"}), (dataclasses.replace(twin, serial="S3"), {"large"}),
                        (dataclasses.replace(twin, type="part"), {"large"})):  # fmt: skip
        layout = DiskLayout({"sda": large, "sdb": other})
        assert said(layout) == code
        assert judge(layout, "sda").wants_serial is (code == {"large"})
        assert judge(layout, "sda", typed_serial="S1").accepted is (code == {"large"})
    silent = dataclasses.replace(large, serial="")
    assert not judge(DiskLayout({"sda": silent}), "sda").wants_serial
    assert not judge(DiskLayout({"sda": dataclasses.replace(large, read_only=True)}), "sda").wants_serial


def test_the_disk_that_holds_the_image_is_not_overwritten_with_it() -> None:
    part = dataclasses.replace(STICK, kname="sda1", path="/dev/sda1", dev="8:1", type="part", parents=frozenset({"sda"}))
    nodes = {"sda": dataclasses.replace(STICK, children=frozenset({"sda1"})), "sda1": part}
    assert said(DiskLayout(nodes), image_on="8:1") == {"image"} == said(DiskLayout(nodes), image_on="8:0")
    assert said(DiskLayout(nodes), image_on="8:2") == said(DiskLayout(nodes), image_on="") == set()
    subvolume = (Mount("0:40", "/srv", "btrfs", "/dev/sda1"),)
    assert said(DiskLayout(nodes, subvolume), image_on="0:40") == {"image", "mounted"}
    assert said(DiskLayout(nodes, subvolume), image_on="0:41") == {"mounted"}


# --- random trees

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FS = st.sampled_from(
    ["ext4", "vfat", "swap", "LVM2_member", "linux_raid_member", "zfs_member", "btrfs", "crypto_LUKS", "bcache", None]
)
DEADLY = {"swap", "LVM2_member", "linux_raid_member", "zfs_member", "btrfs", "bcache"}
TYPES = st.sampled_from(["part", "part", "part", "crypt", "lvm", "raid1", "mpath"])


@st.composite
def trees(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """lsblk's answer about some disks with random things on them, each a kernel name of its own."""
    number = iter(range(1, 10_000))

    def node(kind: str, kname: str, depth: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            "name": draw(TEXT) if kind == "lvm" else kname, "kname": kname, "path": f"/dev/{kname}", "type": kind,
            "maj:min": f"8:{next(number)}", "size": draw(st.sampled_from([16 * 10**9, "16000000000", 300 * 10**9])), "ro": False,
            "rm": True, "tran": "usb", "fstype": draw(FS), "model": draw(TEXT), "serial": draw(TEXT), "label": draw(TEXT),
            "mountpoints": draw(st.sampled_from([[None], [None], [None], ["/"], ["/media/x"], ["[SWAP]"], [None, "/boot"]])),
        }  # fmt: skip
        if depth < 3:
            kinds = draw(st.lists(TYPES, max_size=2))
            children = [
                node(kind, f"{kname}{n}" if kind == "part" else f"dm-{next(number)}", depth + 1) for n, kind in enumerate(kinds)
            ]
            if children:
                row["children"] = children
        return row

    disks = [node("disk", f"sd{letter}", 0) for letter in "abc"[: draw(st.integers(1, 3))]]
    return json.dumps({"blockdevices": disks}), {row["kname"]: row for row in disks}


def _all(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [row, *(other for child in row.get("children", ()) for other in _all(child))]


def _deadly(row: dict[str, Any]) -> bool:
    return any(
        one["fstype"] in DEADLY or one["mountpoints"] not in ([None],) or one["type"] not in ("disk", "part") for one in _all(row)
    )


@given(trees(), st.booleans())
def test_nothing_in_use_is_ever_accepted(tree: tuple[str, dict[str, Any]], with_serial: bool) -> None:
    text, disks = tree
    layout = parse_layout(text)
    for name, row in disks.items():
        verdict = judge(layout, name, typed_serial=layout.nodes[name].serial if with_serial else None)
        if _deadly(row):
            assert not verdict.accepted and not verdict.wants_serial
        for below in _all(row)[1:]:
            assert not judge(layout, below["kname"]).accepted, "only whole disks"


@given(trees(), st.data())
def test_what_only_the_kernel_knows_to_be_in_use_is_not_accepted(tree: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    text, disks = tree
    plain = parse_layout(text)
    victim = data.draw(st.sampled_from(sorted(plain.nodes)))
    number = plain.nodes[victim].dev
    path = f"/dev/{victim}"
    extra = data.draw(st.sampled_from(["number", "source", "swap", "pool"]))
    mount = f"1 2 {number if extra == 'number' else '0:77'} / /srv rw - ext4 {path if extra == 'source' else 'x'} rw"
    layout = parse_layout(
        text,
        f"Filename\n{path} partition 1 0 -2\n" if extra == "swap" else "",
        [mount] if extra in ("number", "source") else [],
        f"\t{path} ONLINE" if extra == "pool" else "",
    )
    for name, row in disks.items():
        if victim in {one["kname"] for one in _all(row)}:
            assert not judge(layout, name, typed_serial=layout.nodes[name].serial).accepted


@given(trees(), st.text(max_size=20))
def test_hostile_words_never_reach_a_terminal_raw(tree: tuple[str, dict[str, Any]], where: str) -> None:
    text, _ = tree
    layout = parse_layout(text.replace("/media/x", json.dumps(where)[1:-1]))
    for name, node in layout.nodes.items():
        shown = " ".join(
            [node.kname, node.path, node.model, node.serial, node.label, *(str(r) for r in judge(layout, name).reasons)]
        )
        assert shown.isprintable(), ascii(shown)


@given(st.integers(0, 10**13), st.integers(0, 10**12), st.booleans())
def test_size_decides_as_told(size: int, image: int, usb: bool) -> None:
    node = Node("sda", "/dev/sda", "8:0", "disk", size, 512, False, usb, usb, "usb" if usb else "sata", "M", "S1", "", "", "")
    layout = DiskLayout({"sda": node})
    verdict = judge(layout, "sda", image_size=image)
    assert verdict.accepted == (0 < size <= LARGEST and size >= image and usb)
    assert judge(layout, "sda", image_size=image, typed_serial="S1").accepted == (size > 0 and size >= image)
    assert not judge(layout, "sda", image_size=image, typed_serial="S2").accepted


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["blockdevices", "children", "name", "kname", "size", "mountpoints", "maj:min", "pkname", "ro"]), one, max_size=5), max_leaves=20))  # fmt: skip  # noqa: E501
def test_whatever_lsblk_says_is_read_or_refused_in_one_line(answer: Any) -> None:
    from appliance.errors import BadInput

    try:
        layout = parse_layout(json.dumps(answer))
    except BadInput as error:
        assert "\n" not in str(error)
        return
    for name in layout.nodes:
        judge(layout, name, typed_serial="x")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"blockdevices": {}}', '{"blockdevices": [{}]}', "[" * 100_000])
def test_an_answer_that_is_none_is_refused(text: str) -> None:
    from appliance.errors import BadInput

    with pytest.raises(BadInput, match="lsblk"):
        parse_layout(text)


def test_mountinfo_is_read_as_proc_writes_it() -> None:
    text = "36 35 8:17 /a /mnt/x\\040y\\012z rw,noatime shared:1 master:2 - ext4 /dev/sdb1 rw\nnonsense\n1 2 3 - 4\n"
    layout = parse_layout('{"blockdevices": []}', mountinfos=[text, text])
    assert layout.mounts == (Mount("8:17", "/mnt/x y z", "ext4", "/dev/sdb1"),)
