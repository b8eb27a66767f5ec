"""A small disk made of bytes: two partition tables as UEFI writes them, and whatever is put between."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Sequence

from provisioning.image.gpt import Gpt, join, read_entries, read_header

SECTOR = 512
COUNT = 128
TABLE_SECTORS = COUNT * 128 // SECTOR
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
Row = tuple[str, str, int, int]
"""Name, type, first and last sector."""


def tables(rows: Sequence[Row], sectors: int) -> tuple[bytes, bytes]:
    """What stands at the beginning of the disk (from its second sector), and what at its end."""
    entries = b"".join(
        uuid.UUID(kind).bytes_le + uuid.uuid5(uuid.NAMESPACE_URL, name).bytes_le + struct.pack("<QQQ", first, last, 0)
        + name.encode("utf-16-le").ljust(72, b"\0")
        for name, kind, first, last in rows
    ).ljust(COUNT * 128, b"\0")  # fmt: skip
    front = _header(1, sectors - 1, 2, sectors, entries) + entries
    back = entries + _header(sectors - 1, 1, sectors - 1 - TABLE_SECTORS, sectors, entries)
    return front, back


def _header(own: int, other: int, entries_at: int, sectors: int, entries: bytes) -> bytes:
    first, last, disk = 2 + TABLE_SECTORS, sectors - 2 - TABLE_SECTORS, uuid.uuid5(uuid.NAMESPACE_URL, "disk").bytes_le
    parts = [b"EFI PART", 0x10000, 92, 0, 0, own, other, first, last, disk, entries_at, COUNT, 128, zlib.crc32(entries)]
    form = "<8sIIIIQQQQ16sQIII"
    parts[3] = zlib.crc32(struct.pack(form, *parts))
    return struct.pack(form, *parts).ljust(SECTOR, b"\0")


def read(disk: bytes) -> Gpt:
    """As ``opened.Image.gpt`` does it, without a file."""

    def at(sector: int, size: int) -> bytes:
        return disk[sector * SECTOR : sector * SECTOR + size]

    first = read_header(at(1, SECTOR), "first")
    entries = read_entries(at(first.entries_at, first.count * 128), first, "first")
    last = read_header(at(first.other, SECTOR), "second")
    return join(first, last, entries, read_entries(at(last.entries_at, last.count * 128), last, "second"))
