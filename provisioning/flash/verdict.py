"""P May this disk be overwritten? Every reason against it in words, with what mends it. In doubt the answer is no.

``judge`` knows nothing of the machine but the DiskLayout. The kernel has the last word: the device is opened with O_EXCL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.flash.disks import DiskLayout, Node, plain
from provisioning.flash.plan import size_words

LARGEST = 256 * 10**9
"""Bytes; nobody boots a box from more, but people keep their pictures on such disks."""
SECTOR = 512
"""Bytes; the image's partition table is written for it."""

_DISK = re.compile(r"(sd[a-z]{1,3}|mmcblk[0-9]{1,3}|nvme[0-9]{1,3}n[0-9]{1,3}|x?vd[a-z]{1,3})\Z")
_EMMC_PART = re.compile(r"(mmcblk[0-9]+)(boot[0-9]+|rpmb|gp[0-9]+)\Z")
_VIRTUAL = {
    "loop": "a file shown as a disk (loop)", "zram": "a part of this machine's memory", "ram": "a part of this machine's memory",
    "sr": "an optical drive", "md": "a RAID array", "dm-": "a mapped device (LVM, RAID, encryption or multipath)",
    "zd": "a volume of a ZFS pool", "nbd": "a disk on the network", "rbd": "a disk on the network", "drbd": "a disk on the network",
    "bcache": "a cached disk (bcache)", "fd": "a floppy drive", "mtdblock": "this machine's own firmware flash",
    "pmem": "a part of this machine's memory",
}  # fmt: skip
OTHER = "choose another device; campbox flash --list shows them"
"""The mend when nothing mends it."""

_WIPE = "if nothing on it is needed, wipe it yourself: wipefs --all {path}"
_SIGNATURES = {
    "lvm2_member": ("lvm", "belongs to a volume group of LVM", "if that is not needed: vgremove and pvremove first"),
    "zfs_member": ("zfs", "belongs to a ZFS pool", "if that is not needed: zpool destroy, then zpool labelclear"),
    "btrfs": ("btrfs", "holds btrfs, which may span several disks", _WIPE),
    "bcachefs": ("btrfs", "holds bcachefs, which may span several disks", _WIPE),
    "bcache": ("raid", "belongs to a bcache", _WIPE),
    "drbd": ("raid", "belongs to a DRBD mirror", _WIPE),
    "ceph_bluestore": ("raid", "belongs to a Ceph store", _WIPE),
    "jbd": ("raid", "holds the journal of a file system elsewhere", _WIPE),
    "xfs_external_log": ("raid", "holds the journal of a file system elsewhere", _WIPE),
    "stratis": ("lvm", "belongs to a pool of Stratis", _WIPE),
    "mpath_member": ("multipath", "is a path to a multipath disk", OTHER),
    "swap": ("swap", "holds swap space", _WIPE),
    "swsuspend": ("swap", "holds a sleeping system's memory", _WIPE),
}  # fmt: skip
_HOLDERS = {
    "lvm": ("lvm", "a volume of LVM"), "crypt": ("crypt", "an open encrypted volume"), "mpath": ("multipath", "a multipath disk"),
    "dmraid": ("raid", "a RAID of the firmware"), "md": ("raid", "a RAID array"), "bcache": ("raid", "a bcache"),
}  # fmt: skip
_SYSTEM = ("/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home", "/etc", "/nix", "/nix/store", "/efi")
_REMOVABLE = ("usb", "mmc", "ieee1394")


@dataclass(frozen=True)
class Reason:
    """Why not. ``code`` is for programs, ``what`` and ``mend`` for people; ``by_serial`` when typing the serial mends it."""

    code: str
    what: str
    mend: str
    by_serial: bool = False

    def __str__(self) -> str:
        return f"{self.what}; {self.mend}"


@dataclass(frozen=True)
class Verdict:
    """What ``judge`` says of a target. It may be written when there is no reason against it."""

    target: str
    node: Node | None
    reasons: tuple[Reason, ...]

    @property
    def accepted(self) -> bool:
        """May it be overwritten?"""
        return self.node is not None and not self.reasons

    @property
    def wants_serial(self) -> bool:
        """Would it be accepted if a person typed its serial?"""
        return self.node is not None and bool(self.reasons) and all(reason.by_serial for reason in self.reasons)


def judge(layout: DiskLayout, target: str, *, image_size: int = 0, image_on: str = "", typed_serial: str | None = None) -> Verdict:
    """Judge one target: a kernel name, a path or "major:minor".

    ``image_size`` in bytes; ``image_on`` is the "major:minor" of the file system that holds the image file; ``typed_serial`` is
    what a person typed to say that this very disk is meant.
    """
    node = layout.find(target)
    if node is None:
        return Verdict(target, None, (Reason("unknown", f"{target} is not a block device of this machine", OTHER),))
    reasons = [
        *_form(node),
        *_form_of_medium(node, image_size),
        *_uses(layout, node),
        *_holds_image(layout, node, image_on),
        *_serial(layout, node, typed_serial),
    ]
    return Verdict(target, node, tuple(dict.fromkeys(reasons)))


def _form(node: Node) -> Iterator[Reason]:
    """Is it a whole disk of a kind that may be a card?"""
    emmc = _EMMC_PART.match(node.kname)
    if node.type == "part":
        whole = " or ".join(f"/dev/{name}" for name in sorted(node.parents)) or "the disk it is on"
        yield Reason("partition", f"{node.path} is a partition, not a whole disk", f"did you mean {whole}?")
    elif emmc:
        what = f"{node.path} is an inner area of the soldered-in flash {emmc[1]}, not a card"
        yield Reason("kind", what, OTHER)
    elif node.type == "rom":
        yield Reason("kind", f"{node.path} is an optical drive", OTHER)
    elif node.type != "disk" or not _DISK.match(node.kname):
        kind = next((words for start, words in _VIRTUAL.items() if node.kname.startswith(start)), f"of the kind {node.type or '?'}")
        yield Reason("kind", f"{node.path} is {kind}, not a card", OTHER)


def _form_of_medium(node: Node, image_size: int) -> Iterator[Reason]:
    if node.read_only:
        yield Reason("read-only", "it is write-protected", "slide the lock at the card's side, or take another card")
    if node.size is None:
        yield Reason("size", "its size is not known", "plug it in again, or take another card")
    elif node.size == 0:
        yield Reason("empty", "no card is in it", "put one in")
    elif node.size < image_size:
        yield Reason(
            "small", f"it holds {size_words(node.size)} and the image needs {size_words(image_size)}", "take a larger card"
        )
    if node.sector is not None and node.sector != SECTOR:
        yield Reason(
            "sectors", f"its sectors have {node.sector} bytes; no Pi starts from such a disk", "take an SD card or a USB stick"
        )


def _uses(layout: DiskLayout, node: Node) -> Iterator[Reason]:
    """Whatever stands on it, or it stands on, is in use or belongs together with other disks."""
    for one in layout.below(node):
        on = "it" if one is node else one.path
        yield from _mounted(layout, one)
        if _paths(one) & layout.swaps or "[SWAP]" in one.mountpoints:
            yield Reason("swap", f"{on} is this machine's swap space", f"if that is a mistake: swapoff {one.path}")
        yield from _signature(layout, one, on)
        if one is not node and one.type != "part":
            code, words = _holder(one)
            yield Reason(code, f"{one.path}, {words}, stands on it", "close that first, or choose another device")
    for one in layout.above(node):
        # A slice of something in use cannot be overwritten either; it is refused for its kind already, this says why as well.
        if one is not node and any(_mounted(layout, one)):
            yield Reason("mounted", f"{one.path}, which it is a part of, is mounted", OTHER)


def _mounted(layout: DiskLayout, one: Node) -> Iterator[Reason]:
    wheres = [where for where in one.mountpoints if where != "[SWAP]"]
    for mount in layout.mounts:
        if (one.dev and mount.dev == one.dev) or mount.source in _paths(one):
            wheres.append(mount.where)
    for where in dict.fromkeys(wheres):
        if where in _SYSTEM:
            yield Reason("system", f"{one.path} holds {where} of the running system", OTHER)
        else:
            mend = f"when nobody uses it any more: umount {one.path}"
            yield Reason("mounted", f"{one.path} is mounted at {where}", mend)


def _signature(layout: DiskLayout, one: Node, on: str) -> Iterator[Reason]:
    kind = one.fstype.lower()
    if kind.endswith("_raid_member"):
        yield Reason("raid", f"{on} belongs to a RAID", f"if that is not needed: mdadm --zero-superblock {one.path}")
    elif kind in _SIGNATURES:
        code, words, mend = _SIGNATURES[kind]
        yield Reason(code, f"{on} {words}", mend.format(path=one.path))
    if _paths(one) & layout.pools and kind != "zfs_member":
        yield Reason("zfs", f"{on} belongs to a ZFS pool", _SIGNATURES["zfs_member"][2])


def _holder(one: Node) -> tuple[str, str]:
    if one.type.startswith("raid") or one.type == "linear":
        return _HOLDERS["md"]
    if one.kname.startswith("bcache"):  # lsblk calls it a disk
        return _HOLDERS["bcache"]
    return _HOLDERS.get(one.type, ("holder", f"a device of the kind {one.type or '?'}"))


def _holds_image(layout: DiskLayout, node: Node, image_on: str) -> Iterator[Reason]:
    if not image_on:
        return
    sources = {mount.source for mount in layout.mounts if mount.dev == image_on}  # btrfs: the number is of no device
    if any(one.dev == image_on or _paths(one) & sources for one in layout.below(node)):
        yield Reason("image", "the image file itself lies on it", "copy the image to another disk first")


def _serial(layout: DiskLayout, node: Node, typed: str | None) -> Iterator[Reason]:
    """A large disk, or one built in, is written only when its serial was typed: then nobody mistook a letter for another."""
    if typed is not None and plain(typed) != node.serial:
        yield Reason("serial", f"its serial is not the one you typed but {node.serial or 'unknown'}", OTHER)
        return
    large, fixed = node.size is not None and node.size > LARGEST, not _is_removable(layout, node)
    if not large and not fixed:
        return
    code = "large" if large else "fixed"
    what = f"it holds {size_words(node.size or 0)}, more than a card" if large else "it looks built in, not like a card"
    twins = [one for one in layout.nodes.values() if one.serial == node.serial and one.type == "disk" and one is not node]
    if not node.serial:
        yield Reason(code, f"{what}, and has no serial number by which you could confirm it", OTHER)
    elif twins and not _same_medium(node, twins):
        yield Reason("twin", f"{what}, and {twins[0].path} has the same serial {node.serial}", "unplug the other one")
    elif typed is None:
        yield Reason(code, what, f"if you do mean it, add --serial '{node.serial}'", by_serial=True)


def _same_medium(node: Node, twins: list[Node]) -> bool:
    """The inner areas of an eMMC carry its serial."""
    return all((found := _EMMC_PART.match(twin.kname)) and found[1] == node.kname for twin in twins)


def _is_removable(layout: DiskLayout, node: Node) -> bool:
    # lsblk calls every mmc device hot-pluggable; only soldered-in eMMC has boot areas (JEDEC JESD84-B51 section 6.2.1).
    if any((found := _EMMC_PART.match(name)) and found[1] == node.kname for name in layout.nodes):
        return False
    return node.removable or node.hotplug or node.transport in _REMOVABLE


def _paths(one: Node) -> set[str]:
    return {one.path, f"/dev/{one.kname}"}
