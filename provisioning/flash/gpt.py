"""P The partition table of an image, both checksums checked (UEFI specification 2.10, section 5.3)."""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass

from appliance.errors import BadInput

SECTOR = 512
ENOUGH = 1024 * 1024
"""Bytes from an image's beginning that hold its whole table: the first partition begins there."""

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_WANTED = ("boot", "system_a", "system_b", "data")
_DAMAGED = "fetch or build the image again"


@dataclass(frozen=True)
class Partition:
    """One partition, in bytes from the image's beginning."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size


@dataclass(frozen=True)
class Table:
    """The partitions in the table's order, and the image's whole size in bytes (the second table ends it)."""

    partitions: tuple[Partition, ...]
    image_size: int
    disk_id: str

    @property
    def boot(self) -> Partition:
        """The FAT partition with the firmware and the box's identity."""
        return next(one for one in self.partitions if one.name == "boot")


def parse_table(untrusted_head: bytes) -> Table:
    """Read the table out of an image's first ENOUGH bytes. Raises BadInput when it is none, damaged, or not of a Campbox image."""
    if len(untrusted_head) < 2 * SECTOR or untrusted_head[SECTOR : SECTOR + 8] != b"EFI PART":
        raise BadInput("not a card image: there is no partition table in it", mend="campbox image build makes one")
    raw = untrusted_head[SECTOR : 2 * SECTOR]
    (_, _, length, checksum, _, own, other, _, _, disk_id, entries_at, count, entry_size, entries_checksum) = _HEADER.unpack_from(
        raw
    )
    if not _HEADER.size <= length <= SECTOR or _crc(raw[:16] + b"\0\0\0\0" + raw[20:length]) != checksum or own != 1:
        raise BadInput("the image is damaged: its partition table's checksum is wrong", mend=_DAMAGED)
    begin, end = entries_at * SECTOR, entries_at * SECTOR + count * entry_size
    if entry_size < _ENTRY.size or count > 1024 or end > min(len(untrusted_head), ENOUGH):
        raise BadInput("the image's partition table is of a form nobody writes", mend=_DAMAGED)
    entries = untrusted_head[begin:end]
    if _crc(entries) != entries_checksum:
        raise BadInput("the image is damaged: its list of partitions has a wrong checksum", mend=_DAMAGED)
    partitions = tuple(_partitions(entries, entry_size))
    size = (other + 1) * SECTOR
    _check(partitions, size)
    return Table(partitions, size, str(uuid.UUID(bytes_le=disk_id)))


def _partitions(entries: bytes, entry_size: int) -> list[Partition]:
    found = []
    for at in range(0, len(entries), entry_size):
        kind, _, first, last, _, name = _ENTRY.unpack_from(entries, at)
        if any(kind):
            text = name.decode("utf-16-le", "replace").partition("\0")[0]
            found.append(Partition(text, first * SECTOR, (last + 1 - first) * SECTOR))
    return found


def _check(partitions: tuple[Partition, ...], size: int) -> None:
    names = [one.name for one in partitions]
    missing = [name for name in _WANTED if name not in names]
    if missing:
        raise BadInput(f"not a Campbox image: it has no partition {missing[0]}", mend="campbox image build makes one")
    if any(one.size <= 0 or one.start < 34 * SECTOR or one.end > size for one in partitions):
        raise BadInput("the image is damaged: a partition lies outside it", mend=_DAMAGED)


def _crc(data: bytes) -> int:
    return zlib.crc32(data)
