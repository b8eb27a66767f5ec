"""P Tiny card images in the form of the real ones: a GPT with both checksums, and what the tests put into its partitions."""

from __future__ import annotations

import json
import struct
import uuid
import zlib

from provisioning.flash.plan import MIB

SECTOR = 512
PARTITIONS = (
    ("boot", 1 * MIB, 4 * MIB),
    ("system_a", 5 * MIB, 2 * MIB),
    ("system_b", 7 * MIB, 2 * MIB),
    ("data", 9 * MIB, 2 * MIB),
)
IMAGE_SIZE = 12 * MIB
MANIFEST = {"format": 1, "campbox": "0.1.0", "arch": "arm64", "recipe": "ab" * 32, "site": "camp-north-1", "built": "2026-11-21"}
IDENTITY = {
    "box": "camp-north-1",
    "site": "camp-north-1",
    "hub": {"host": "hub.example.org", "port": 443},
    "pin": "sha256:" + "0" * 64,
    "token": "A" * 43,
}


def text(value: object) -> bytes:
    """As JSON files are written."""
    return json.dumps(value, indent=1).encode()


def gpt(partitions: tuple[tuple[str, int, int], ...] = PARTITIONS, size: int = IMAGE_SIZE) -> bytes:
    """The first MiB of an image (UEFI 2.10, 5.3), with a protective MBR."""
    kind = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b").bytes_le
    entries = b""
    for number, (name, start, length) in enumerate(partitions):
        last = (start + length) // SECTOR - 1
        own = uuid.UUID(int=number + 1).bytes_le
        entries += kind + own + struct.pack("<QQQ", start // SECTOR, last, 0) + name.encode("utf-16-le").ljust(72, b"\0")
    entries = entries.ljust(128 * 128, b"\0")
    last_lba = size // SECTOR - 1
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, last_lba, 34, last_lba - 33,
                       uuid.UUID(int=77).bytes_le, 2, 128, 128, zlib.crc32(entries))  # fmt: skip
    head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    mbr = bytes(446) + b"\0\0\2\0\xee\xff\xff\xff\1\0\0\0\xff\xff\xff\xff" + bytes(48) + b"\x55\xaa"
    return (mbr + head.ljust(SECTOR, b"\0") + entries).ljust(MIB, b"\0")
