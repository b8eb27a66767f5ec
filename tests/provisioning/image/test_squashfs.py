"""The superblock of the system slot."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.image.squashfs import read_superblock


def superblock(magic: int = 0x73717368, compression: int = 6, version: int = 4, size: int = 5000) -> bytes:
    return struct.pack("<IIIIIHHHHHHQQ", magic, 9, 1_700_000_000, 131_072, 1, compression, 17, 0, 1, version, 0, 0, size)


def test_compression_length_and_date_are_read() -> None:
    found = read_superblock(superblock(), 8192)
    assert (found.compression, found.size, found.made) == ("zstd", 5000, 1_700_000_000)
    assert read_superblock(superblock(compression=1), 8192).compression == "gzip"
    assert read_superblock(superblock(compression=77), 8192).compression == "unknown"


@pytest.mark.parametrize(
    ("made", "room", "said"),
    [
        (b"", 8192, "empty"),
        (superblock(magic=1), 8192, "no squashfs"),
        (superblock(version=3), 8192, "no squashfs"),
        (superblock(), 4999, "longer than its partition"),
        (superblock(size=3), 8192, "longer"),
    ],
)
def test_anything_else_is_named(made: bytes, room: int, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_superblock(made, room)


@given(st.binary(max_size=120))
def test_no_bytes_crash_it(untrusted: bytes) -> None:
    with pytest.raises(BadInput):
        read_superblock(untrusted, 8192)
