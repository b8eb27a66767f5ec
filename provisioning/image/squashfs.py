"""P The superblock of a squashfs (https://www.kernel.org/doc/html/latest/filesystems/squashfs.html): what kind and how long."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from appliance.errors import BadInput

_SUPERBLOCK = struct.Struct("<IIIIIHHHHHHQQ")
_MAGIC, _ZSTD = 0x73717368, 6
COMPRESSIONS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", _ZSTD: "zstd"}


@dataclass(frozen=True)
class Superblock:
    """``size`` is the length in bytes, ``made`` the date written in it (seconds since 1970)."""

    compression: str
    size: int
    made: int


def read_superblock(untrusted: bytes, room: int) -> Superblock:
    """The superblock of a file system that stands in ``room`` bytes. Raises BadInput."""
    if len(untrusted) < _SUPERBLOCK.size:
        raise BadInput("the system slot is empty")
    magic, _, made, _, _, compression, _, _, _, major, minor, _, size = _SUPERBLOCK.unpack_from(untrusted)
    if magic != _MAGIC or (major, minor) != (4, 0):
        raise BadInput("the system slot holds no squashfs 4.0")
    if not _SUPERBLOCK.size <= size <= room:
        raise BadInput("the system slot's file system says it is longer than its partition")
    return Superblock(COMPRESSIONS.get(compression, "unknown"), size, made)
