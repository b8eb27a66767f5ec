"""Partition arithmetic: everything aligned, nothing overlaps, and the first sector that a Pi 3 reads."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.partitions import ALIGN, MIB, SECTOR, Partition, disk_size, hybrid_mbr, place, sfdisk_script, table

SIZES = st.lists(st.integers(1, 1 << 22).map(lambda sectors: sectors * SECTOR), min_size=1, max_size=8)


@given(SIZES)
def test_partitions_are_aligned_and_never_overlap(sizes: list[int]) -> None:
    placed = place([Partition(f"p{n}", "t", size) for n, size in enumerate(sizes)])
    assert [one.partition.size for one in placed] == sizes
    assert [one.number for one in placed] == list(range(1, len(sizes) + 1))
    assert all(one.offset % ALIGN == 0 for one in placed)
    assert placed[0].offset >= 34 * SECTOR
    assert all(a.end <= b.offset < a.end + ALIGN for a, b in zip(placed, placed[1:], strict=False))
    # The backup GPT takes 33 sectors behind the last.
    assert disk_size(placed) % MIB == 0 and disk_size(placed) - placed[-1].end >= 33 * SECTOR


@pytest.mark.parametrize("size", [0, -512, 513])
def test_a_size_that_is_not_whole_sectors_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="whole sectors"):
        place([Partition("x", "t", size)])


@pytest.mark.parametrize("arch", ["arm64", "amd64"])
def test_the_table_is_the_one_that_everything_else_names(arch: str) -> None:
    assert [one.name for one in table(arch)] == ["boot", "system_a", "system_b", "data"]
    assert table(arch)[1].size == table(arch)[2].size


def test_there_is_no_table_for_an_unknown_computer() -> None:
    with pytest.raises(BadInput, match="no image for 'mips'"):
        table("mips")


def test_sfdisk_is_told_every_place_name_and_a_guid_of_the_recipe() -> None:
    placed = place(table("arm64"))
    script = sfdisk_script(placed, "seed")
    rows = re.findall(r'start=(\d+), size=(\d+), type=([0-9A-F-]{36}), uuid=([0-9A-F-]{36}), name="(\w+)"', script)
    assert [(int(start) * SECTOR, int(size) * SECTOR, name) for start, size, _, _, name in rows] == [
        (one.offset, one.partition.size, one.partition.name) for one in placed
    ]
    assert len({row[3] for row in rows}) == 4
    assert sfdisk_script(placed, "seed") == script != sfdisk_script(placed, "other")


def test_the_first_sector_is_a_hybrid_that_linux_and_uefi_accept() -> None:
    boot = place(table("arm64"))[0]
    sector = hybrid_mbr(boot, 0x12345678)
    assert len(sector) == 512 and sector[510:] == b"\x55\xaa" and sector[:440] == bytes(440)
    assert struct.unpack_from("<I", sector, 440)[0] == 0x12345678
    entries = [struct.unpack_from("<B3sB3sII", sector, 446 + 16 * n) for n in range(4)]
    # The boot ROM takes the first entry: FAT32, where the GPT has the boot partition too.
    assert entries[0][2] == 0x0C and entries[0][4:] == (boot.offset // SECTOR, boot.partition.size // SECTOR)
    # block/partitions/efi.c and UEFI want one entry of type 0xEE that begins at sector 1.
    assert entries[1][2] == 0xEE and entries[1][4] == 1 and entries[1][4] + entries[1][5] == boot.offset // SECTOR
    assert [entry[2] for entry in entries[2:]] == [0, 0]
