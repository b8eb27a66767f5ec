"""P Never the wrong disk: a corpus of layouts with the verdict for every device in them, and random trees."""

from __future__ import annotations

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
            assert reason.mend


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
    assert codes(verdict) == {"unknown"}


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
