"""An image judged: a good one passes every check, and one broken in any way is told by the check that is for it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.image.gpt import Entry, Gpt
from provisioning.image.partitions import hybrid_mbr
from provisioning.image.secrets import Finding
from provisioning.image.verify import (
    PLACED,
    judge_boot_files,
    judge_data,
    judge_manifest,
    judge_mbr,
    judge_partitions,
    judge_secrets,
    judge_slot,
    slot_size,
)

MANIFEST: dict[str, Any] = {
    "format": 1, "campbox": "0.1.0", "arch": "arm64", "recipe": "ab" * 32, "site": "camp-north-1", "built": "2026-11-21T00:00:00Z",
    "system": {"size": 5000, "sha256": "cd" * 32},
}  # fmt: skip
GPT = Gpt("X", tuple(Entry(p.partition.name, p.partition.type, "G", p.offset, p.partition.size) for p in PLACED), 0)
OPTIONS = b"root=PARTLABEL=system_a rootfstype=squashfs ro"
BOOT: dict[str, bytes] = {
    "EFI/BOOT/BOOTAA64.EFI": b"", "loader/loader.conf": b"default system_a.conf\n", "campbox/image.json": b"{}",
    "loader/entries/system_a.conf": b"title x\nlinux /system_a/vmlinuz\ninitrd /system_a/initrd.img\noptions " + OPTIONS + b"\n",
    "config.txt": b"# x\nos_prefix=system_a/\nkernel=vmlinuz\ninitramfs initrd.img followkernel\n",
    "system_a/vmlinuz": b"", "system_a/initrd.img": b"", "system_a/cmdline.txt": OPTIONS, "system_a/bcm2711-rpi-4-b.dtb": b"",
    "bootcode.bin": b"", "start.elf": b"", "fixup.dat": b"", "start4.elf": b"", "fixup4.dat": b"",
}  # fmt: skip


def test_a_good_image_passes_every_check() -> None:
    check, manifest = judge_manifest(json.dumps(MANIFEST).encode())
    checks = [
        check,
        judge_partitions(GPT),
        judge_mbr(hybrid_mbr(PLACED[0], 77)),
        judge_boot_files(BOOT, "arm64"),
        judge_slot(5000, "cd" * 32, "zstd", manifest),
        judge_secrets([], 9),
        judge_data(True, ""),
    ]
    assert [one for one in checks if not one.ok] == []
    assert "camp-north-1, arm64" in check.what


STRANGE = [MANIFEST | {"format": 2}, MANIFEST | {"arch": "vax"}, MANIFEST | {"arch": []}]


@pytest.mark.parametrize(
    "untrusted", [None, b"", b"[]", b"{}", b"\xff", b"[" * 9000, *(json.dumps(one).encode() for one in STRANGE)]
)
def test_a_manifest_that_is_missing_or_strange_is_told(untrusted: bytes | None) -> None:
    check, manifest = judge_manifest(untrusted)
    assert not check.ok and manifest == {} and "\n" not in check.what


def changed(number: int, **values: Any) -> Gpt:
    entries = [dataclasses.replace(one, **values) if n == number else one for n, one in enumerate(GPT.entries)]
    return Gpt("X", tuple(entries), 0)


@pytest.mark.parametrize(
    "gpt",
    [
        changed(1, name="rootfs"),
        changed(0, size=512),
        changed(3, offset=7),
        changed(2, type="X"),
        Gpt("X", GPT.entries[:3], 0),
        Gpt("X", (), 0),
    ],
)
def test_other_partitions_than_the_four_are_told(gpt: Gpt) -> None:
    assert not judge_partitions(gpt).ok


@pytest.mark.parametrize("position", [446, 450, 454, 458, 462, 466, 470, 480, 510, 511])
def test_a_first_sector_that_a_pi_3_would_not_understand_is_told(position: int) -> None:
    sector = bytearray(hybrid_mbr(PLACED[0], 77))
    sector[position] ^= 1
    assert not judge_mbr(bytes(sector)).ok
    assert not judge_mbr(bytes(sector[:446])).ok


@pytest.mark.parametrize("gone", [name for name in BOOT if name not in ("loader/loader.conf", "campbox/image.json")])
def test_every_boot_file_that_is_missing_is_named(gone: str) -> None:
    check = judge_boot_files({name: content for name, content in BOOT.items() if name != gone}, "arm64")
    assert not check.ok
    if not gone.endswith(("config.txt", ".conf", ".dtb")):
        assert gone in check.what


def test_an_amd64_image_needs_no_raspberry_pi_firmware() -> None:
    files = {name: content for name, content in BOOT.items() if name.startswith(("loader/", "system_a/v", "system_a/i"))}
    assert judge_boot_files(files | {"EFI/BOOT/BOOTX64.EFI": b""}, "amd64").ok
    assert not judge_boot_files(files | {"EFI/BOOT/BOOTAA64.EFI": b""}, "amd64").ok


@pytest.mark.parametrize("name", ["loader/entries/system_a.conf", "system_a/cmdline.txt"])
def test_a_command_line_with_another_root_is_told(name: str) -> None:
    spoilt = BOOT[name].replace(b"PARTLABEL=system_a", b"/dev/mmcblk0p2")
    assert not judge_boot_files(BOOT | {name: spoilt}, "arm64").ok


def test_a_system_slot_of_other_bytes_length_or_compression_is_told() -> None:
    assert not judge_slot(5000, "00" * 32, "zstd", MANIFEST).ok
    assert not judge_slot(4999, "cd" * 32, "zstd", MANIFEST).ok
    assert not judge_slot(5000, "cd" * 32, "gzip", MANIFEST).ok
    assert not judge_slot(5000, "cd" * 32, "zstd", {"system": 3}).ok


@pytest.mark.parametrize(("said", "counts"), [(5000, 5000), (8192, 8192), (4999, 5000), (9096, 5000), ("5000", 5000), (None, 5000)])
def test_the_manifests_size_counts_only_where_it_is_the_padded_file_systems(said: object, counts: int) -> None:
    assert slot_size({"system": {"size": said}}, 5000) == counts
    assert slot_size({"system": said}, 5000) == slot_size({}, 5000) == 5000


def test_secrets_and_a_damaged_data_partition_are_told_in_one_line() -> None:
    check = judge_secrets([Finding(f"etc/{n}", "a private key") for n in range(9)], 20)
    assert not check.ok and "etc/0: a private key" in check.what and "6 more" in check.what
    assert not judge_data(False, "bad magic number").ok


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(list(BOOT)), st.binary(max_size=80)))
def test_no_boot_files_crash_it(files: dict[str, bytes]) -> None:
    assert not judge_boot_files({name: content for name, content in files.items() if "EFI" not in name}, "amd64").ok
    for arch in ("arm64", "amd64"):
        found = judge_boot_files(files, arch)
        assert found.what and not found.ok, "no such bytes name a system slot as the root"
