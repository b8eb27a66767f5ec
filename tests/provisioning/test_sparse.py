"""W Holes read as zeros, wherever they stand, without being read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provisioning.sparse import BLOCK, blocks, is_empty

LAYOUTS = {
    "nothing": (0, {}),
    "all hole": (3 * BLOCK + 17, {}),
    "data at both ends": (4 * BLOCK, {0: b"first", 4 * BLOCK - 4: b"last"}),
    "data in the middle of a block": (5 * BLOCK, {2 * BLOCK + 9000: b"x" * 20_000}),
    "data over a border": (5 * BLOCK + 1, {2 * BLOCK - 10: b"y" * 30}),
    "written zeros": (3 * BLOCK, {BLOCK: bytes(BLOCK)}),
}


@pytest.fixture(params=LAYOUTS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    size, pieces = LAYOUTS[request.param]
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(size)
        for offset, content in pieces.items():
            os.pwrite(file.fileno(), content, offset)
    return path


@pytest.mark.parametrize(("offset", "size"), [(0, 2**40), (0, BLOCK + 5), (BLOCK - 3, 2 * BLOCK), (7 * BLOCK, BLOCK), (100, 0)])
@pytest.mark.parametrize("tells", [True, False], ids=["holes are told", "as on a device"])
def test_what_is_read_is_what_stands_there(
    made: Path, offset: int, size: int, tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not tells:
        monkeypatch.setattr("os.SEEK_DATA", 99)  # no such whence: EINVAL
    with made.open("rb") as file:
        read = list(blocks(file.fileno(), offset, size))
    assert b"".join(read) == made.read_bytes()[offset : offset + size]
    assert all(len(block) == BLOCK for block in read[:-1])


def test_a_hole_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(100 * BLOCK)
        os.pwrite(file.fileno(), b"data", 50 * BLOCK)
    read, pread = list[int](), os.pread
    monkeypatch.setattr(os, "pread", lambda descriptor, length, offset: read.append(offset) or pread(descriptor, length, offset))
    with path.open("rb") as file:
        assert sum(not is_empty(block) for block in blocks(file.fileno(), 0, 100 * BLOCK)) == 1
    if read != [n * BLOCK for n in range(100)]:  # a file system that cannot tell holes
        assert read == [50 * BLOCK]


@pytest.mark.parametrize("length", [0, 1, 4096, BLOCK, 3 * BLOCK + 7])
def test_a_block_is_empty_whatever_its_length(length: int) -> None:
    assert is_empty(bytes(length))
    for at in {0, length // 2, length - 1} if length else ():
        other = bytearray(length)
        other[at] = 1
        assert not is_empty(bytes(other))
