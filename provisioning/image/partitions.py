"""P The card's partitions: sizes, places, sfdisk's script, and the MBR that lets old boot ROMs find the first of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.image import recipe

SECTOR = 512
MIB = 1 << 20
ALIGN = MIB
"""Flash erases in large blocks: every partition begins at a whole MiB."""
TAIL = MIB
"""Behind the last partition: the backup GPT (33 sectors), rounded up."""

EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
"""Partition types of the UEFI specification and the Discoverable Partitions Specification."""

FAT32_LBA, GPT_PROTECTIVE = 0x0C, 0xEE
"""Partition types in an MBR."""


@dataclass(frozen=True)
class Partition:
    """One row of the table; ``size`` in bytes."""

    name: str
    type: str
    size: int


def table(arch: str) -> tuple[Partition, ...]:
    """THE partition table. ``data`` is last: it grows to the card's size at the first start. Raises BadInput."""
    recipe.arch(arch)
    # A generic type for the system slots: systemd's discovery of root partitions must not take one behind our back.
    return (
        Partition("boot", EFI_SYSTEM, 256 * MIB),
        Partition("system_a", LINUX, 640 * MIB),
        Partition("system_b", LINUX, 640 * MIB),
        Partition("data", LINUX, 128 * MIB),
    )


@dataclass(frozen=True)
class Placed:
    """A partition and where it stands; ``offset`` in bytes."""

    partition: Partition
    number: int
    offset: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.partition.size


def place(partitions: Sequence[Partition]) -> tuple[Placed, ...]:
    """One behind the other, aligned. Raises ValueError for a size that is not whole sectors."""
    placed, offset = list[Placed](), ALIGN
    for number, partition in enumerate(partitions, 1):
        if partition.size <= 0 or partition.size % SECTOR:
            raise ValueError(f"{partition.name}: {partition.size} bytes are not whole sectors")
        placed.append(Placed(partition, number, offset))
        offset += -(-partition.size // ALIGN) * ALIGN
    return tuple(placed)


def disk_size(placed: Sequence[Placed]) -> int:
    """Bytes of the whole image, in whole MiB."""
    return -(-placed[-1].end // MIB) * MIB + TAIL


def sfdisk_script(placed: Sequence[Placed], seed: str) -> str:
    """What ``sfdisk`` reads; every GUID comes from ``seed``, the recipe's hash."""
    rows = [
        f"start={one.offset // SECTOR}, size={one.partition.size // SECTOR}, type={one.partition.type}, "
        f'uuid={str(recipe.guid(seed, one.partition.name)).upper()}, name="{one.partition.name}"'
        for one in placed
    ]
    return (
        f"label: gpt\nlabel-id: {str(recipe.guid(seed, 'disk')).upper()}\nunit: sectors\nfirst-lba: 2048\n\n"
        + "\n".join(rows)
        + "\n"
    )


def hybrid_mbr(boot: Placed, signature: int) -> bytes:
    """The first sector: the boot partition for ROMs that know only MBRs (Pi 3, Zero 2 W), and the mark of a GPT before it.

    Linux, UEFI firmware and libfdisk take a GPT as valid when one entry of type 0xEE begins at sector 1 (UEFI 2.10, 5.2.3);
    a second entry makes it a hybrid, whose MBR they leave alone when they rewrite the GPT.
    """
    start, size = boot.offset // SECTOR, boot.partition.size // SECTOR
    entries = _entry(FAT32_LBA, start, size) + _entry(GPT_PROTECTIVE, 1, start - 1)
    return b"\0" * 440 + struct.pack("<IH", signature, 0) + entries + b"\0" * 32 + b"\x55\xaa"


def _entry(kind: int, start: int, size: int) -> bytes:
    """Not bootable; addresses in cylinders are of no use and say "too far" (0xFEFFFF)."""
    return struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start, size)
