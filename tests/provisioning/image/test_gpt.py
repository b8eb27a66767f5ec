"""The partition table: read as it was written; every single flipped bit of it is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.gpt import Gpt, read_entries, read_header
from tests.provisioning.image.disk import COUNT, LINUX, SECTOR, Row, read, tables

SECTORS = 400
ROWS: list[Row] = [("boot", LINUX, 64, 99), ("data", LINUX, 100, 350)]


def disk(rows: list[Row] = ROWS, sectors: int = SECTORS) -> bytes:
    front, back = tables(rows, sectors)
    return (bytes(SECTOR) + front).ljust(sectors * SECTOR - len(back), b"\0") + back


def refused(whole: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        read(whole)
    return caught.value.what


def test_partitions_come_back_with_names_places_and_sizes() -> None:
    gpt = read(disk())
    assert isinstance(gpt, Gpt) and gpt.sectors == SECTORS
    assert [(one.name, one.type, one.offset, one.size) for one in gpt.entries] == [
        ("boot", LINUX, 64 * SECTOR, 36 * SECTOR),
        ("data", LINUX, 100 * SECTOR, 251 * SECTOR),
    ]


def test_without_a_first_or_second_table_it_says_which() -> None:
    assert "no first" in refused(bytes(SECTORS * SECTOR))
    assert "no second" in refused(disk()[:-SECTOR] + bytes(SECTOR))


MEANINGFUL = [
    *range(SECTOR, SECTOR + 92),
    *range(2 * SECTOR, 2 * SECTOR + 256),
    *range((SECTORS - 1) * SECTOR, (SECTORS - 1) * SECTOR + 92),
]


@given(st.sampled_from(MEANINGFUL), st.integers(0, 7))
def test_one_flipped_bit_anywhere_in_it_is_seen(position: int, bit: int) -> None:
    whole = bytearray(disk())
    whole[position] ^= 1 << bit
    assert refused(bytes(whole))


def test_overlapping_partitions_and_those_beyond_the_disk_are_refused() -> None:
    assert "overlap" in refused(disk([("a", LINUX, 64, 100), ("b", LINUX, 100, 200)]))
    assert "beyond" in refused(disk([("a", LINUX, 64, SECTORS)]))
    assert "beyond" in refused(disk([("a", LINUX, 3, 100)]))
    assert "beyond" in refused(disk([("a", LINUX, 100, 99)]))


def test_two_copies_that_disagree_are_refused() -> None:
    front, _ = tables(ROWS, SECTORS)
    _, back = tables(ROWS[:1], SECTORS)
    whole = (bytes(SECTOR) + front).ljust(SECTORS * SECTOR - len(back), b"\0") + back
    assert "disagree" in refused(whole)


@given(st.binary(max_size=600) | st.binary(max_size=600).map(lambda tail: b"EFI PART\x00\x00\x01\x00" + tail))
def test_no_bytes_crash_it(untrusted: bytes) -> None:
    with pytest.raises(BadInput):
        header = read_header(untrusted.ljust(SECTOR, b"\0"), "first")
        read_entries(untrusted.ljust(COUNT * 128, b"\0"), header, "first")
