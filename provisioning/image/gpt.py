"""P A GUID partition table as bytes -> its partitions, or what is wrong with it (UEFI specification 2.10, section 5.3)."""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass

from appliance.errors import BadInput

SECTOR = 512
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")


@dataclass(frozen=True)
class Entry:
    """One partition; ``offset`` and ``size`` in bytes."""

    name: str
    type: str
    guid: str
    offset: int
    size: int


@dataclass(frozen=True)
class Gpt:
    """A table whose checksums are right; ``sectors`` is the length of the disk that it was made for."""

    guid: str
    entries: tuple[Entry, ...]
    sectors: int


@dataclass(frozen=True)
class Header:
    """One of the two headers. Places in sectors."""

    own: int
    other: int
    first_usable: int
    last_usable: int
    guid: bytes
    entries_at: int
    count: int
    entries_crc: int


LARGEST_COUNT = 1024


def read_header(untrusted: bytes, where: str) -> Header:
    """One sector with a header. Raises BadInput; ``where`` says which of the two it is."""
    if len(untrusted) < SECTOR or untrusted[:8] != b"EFI PART":
        raise BadInput(f"there is no {where} partition table")
    _, revision, length, crc, _, own, other, first, last, guid, entries_at, count, size, entries_crc = _HEADER.unpack_from(
        untrusted
    )
    if revision != 0x00010000 or not _HEADER.size <= length <= SECTOR or size != _ENTRY.size or not 0 < count <= LARGEST_COUNT:
        raise BadInput(f"the {where} partition table is of an unknown form")
    if zlib.crc32(untrusted[:16] + b"\0\0\0\0" + untrusted[20:length]) != crc:
        raise BadInput(f"the {where} partition table's header does not match its checksum")
    return Header(own, other, first, last, guid, entries_at, count, entries_crc)


def read_entries(untrusted: bytes, header: Header, where: str) -> tuple[Entry, ...]:
    """The partitions in use. Raises BadInput."""
    if len(untrusted) != header.count * _ENTRY.size or zlib.crc32(untrusted) != header.entries_crc:
        raise BadInput(f"the {where} partition table's entries do not match their checksum")
    found = []
    for kind, guid, first, last, _flags, name in _ENTRY.iter_unpack(untrusted):
        if kind == bytes(16):
            continue
        text = name.decode("utf-16-le", "replace").partition("\0")[0]
        if not header.first_usable <= first <= last <= header.last_usable:
            raise BadInput(f"partition {text[:36]!r} reaches beyond the disk")
        found.append(Entry(text, _guid(kind), _guid(guid), first * SECTOR, (last - first + 1) * SECTOR))
    _check_apart(found)
    return tuple(found)


def join(primary: Header, backup: Header, entries: tuple[Entry, ...], backup_entries: tuple[Entry, ...]) -> Gpt:
    """Both together. Raises BadInput when they disagree."""
    if (
        (primary.own, primary.other) != (1, backup.own)
        or backup.other != 1
        or entries != backup_entries
        or primary.guid != backup.guid
    ):
        raise BadInput("the two copies of the partition table disagree")
    return Gpt(_guid(primary.guid), entries, backup.own + 1)


def _check_apart(entries: list[Entry]) -> None:
    in_order = sorted(entries, key=lambda entry: entry.offset)
    for before, after in zip(in_order, in_order[1:], strict=False):
        if before.offset + before.size > after.offset:
            raise BadInput(f"partitions {before.name[:36]!r} and {after.name[:36]!r} overlap")


def _guid(raw: bytes) -> str:
    return str(uuid.UUID(bytes_le=raw)).upper()
