"""P An image judged: what was read of it in, one line a check out."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.image import recipe
from provisioning.image.gpt import Gpt
from provisioning.image.partitions import MIB, SECTOR, hybrid_mbr, place, table
from provisioning.image.secrets import Finding

MANIFEST = "campbox/image.json"
PLACED = place(table("arm64"))
"""The same on every kind of computer."""
_FIRMWARE = ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "config.txt")
"""What the Raspberry Pi's boot ROM and firmware look for (Pi 3 and Zero 2 W, then Pi 4)."""


@dataclass(frozen=True)
class Check:
    """One line of the answer."""

    name: str
    ok: bool
    what: str


def judge_manifest(untrusted: bytes | None) -> tuple[Check, dict[str, Any]]:
    """The image's own description; empty where it cannot be read."""
    try:
        values = json.loads(untrusted or b"")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict) or not {"format", "campbox", "arch", "recipe", "site", "built"} <= values.keys():
        return Check("manifest", False, f"{MANIFEST} is missing or says nothing: this is no image of Campbox, or half of one"), {}
    if values["format"] != 1:
        return Check("manifest", False, f"it is of format {str(values['format'])[:20]}: use the Campbox that made it"), {}
    if not isinstance(values["arch"], str) or values["arch"] not in recipe.ARCHES:
        return Check("manifest", False, f"it is for an unknown kind of computer, {str(values['arch'])[:20]!r}"), {}
    words = f"site {values['site']}, {values['arch']}, Campbox {values['campbox']}, built {values['built']}"
    return Check("manifest", True, "".join(c for c in words if c.isprintable())[:200]), values


def judge_partitions(gpt: Gpt) -> Check:
    """Are they the four of the table, of their sizes and at their places?"""
    found = [(one.name, one.type, one.offset, one.size) for one in gpt.entries]
    words = ", ".join(f"{name[:36]} {size // MIB} MiB" for name, _, _, size in found)
    if found != [(p.partition.name, p.partition.type, p.offset, p.partition.size) for p in PLACED]:
        return Check("partitions", False, f"not the four of an image: {words or 'none'}")
    return Check("partitions", True, words)


def judge_mbr(sector: bytes) -> Check:
    """Is the first sector the one that a Pi 3 finds its boot partition by?"""
    wanted = hybrid_mbr(PLACED[0], 0)
    if len(sector) != SECTOR or sector[446:] != wanted[446:]:  # before it stands the disk's signature
        return Check("mbr", False, "the first sector does not lead to the boot partition: a Pi 3 or Zero 2 W would not start")
    return Check("mbr", True, "the boot partition is found by old boot ROMs too")


def judge_boot_files(files: Mapping[str, bytes], arch: str) -> Check:
    """``files``: every file of the boot partition (small ones with their content, the others empty)."""
    there = {name.lower(): content for name, content in files.items()}
    missing = [name for name in _wanted_files(there, arch) if name.lower().lstrip("/") not in there]
    if missing:
        return Check("boot files", False, f"missing: {', '.join(dict.fromkeys(missing))}"[:300])
    entries = [content for name, content in there.items() if re.fullmatch(r"loader/entries/[^/]+\.conf", name)]
    lines = [line for entry in entries for line in entry.decode("utf-8", "replace").splitlines() if line.startswith("options")]
    lines += [content.decode("utf-8", "replace") for name, content in there.items() if name.endswith("/cmdline.txt")]
    if not lines or not all(re.search(r"\broot=PARTLABEL=system_[ab]\b", line) for line in lines):
        return Check("boot files", False, "a kernel command line does not name a system slot as its root")
    return Check("boot files", True, f"{len(files)} files; every kernel, initramfs and loader that is named is there")


def _wanted_files(there: Mapping[str, bytes], arch: str) -> Iterator[str]:
    """Names that must exist: firmware, loader, and what their configurations name."""
    yield f"EFI/BOOT/BOOT{recipe.ARCHES[arch].efi.upper()}.EFI"
    entries = [name for name in there if re.fullmatch(r"loader/entries/[^/]+\.conf", name)]
    yield from ["loader/entries/*.conf"] if not entries else []
    for name in entries:
        yield from (value for _, value in _settings(there[name], r"(linux|initrd|devicetree)\s+(\S+)"))
    if arch == "arm64":
        yield from _FIRMWARE
        settings = dict(_settings(there.get("config.txt", b""), r"(os_prefix|kernel)\s*=\s*(\S+)"))
        prefix = settings.get("os_prefix", "")
        yield from (f"{prefix}{settings.get('kernel', 'kernel8.img')}", f"{prefix}cmdline.txt")
        # Without device trees in the folder the firmware forgets the prefix, and looks for a kernel that is not there.
        trees = fnmatch.filter(there, f"{prefix}*-rpi-*.dtb".lower())
        yield from [] if trees else [f"{prefix}*-rpi-*.dtb"]
        for _, value in _settings(there.get("config.txt", b""), r"(initramfs)\s+(\S+)"):
            yield f"{prefix}{value}"


def _settings(content: bytes, pattern: str) -> list[tuple[str, str]]:
    text = content.decode("utf-8", "replace")
    return [(found[1], found[2]) for line in text.splitlines() if (found := re.match(pattern, line.strip()))]


def slot_size(manifest: Mapping[str, Any], superblock_says: int) -> int:
    """How many bytes the manifest's SHA-256 is over: the file system's file, which is padded to 4 KiB."""
    said = manifest.get("system")
    size = said.get("size") if isinstance(said, dict) else None
    padded = isinstance(size, int) and superblock_says <= size < superblock_says + 4096
    return size if padded and isinstance(size, int) else superblock_says


def judge_slot(size: int, digest: str, compression: str, manifest: Mapping[str, Any]) -> Check:
    """The system slot's length and SHA-256 against what the image says of itself."""
    said = manifest.get("system")
    said = said if isinstance(said, dict) else {}
    if compression != "zstd":
        return Check("system", False, f"the system slot is compressed with {compression}: the kernel in it reads zstd")
    if (said.get("size"), said.get("sha256")) != (size, digest):
        return Check("system", False, "the system slot is not the one the image was made with: its SHA-256 is another")
    return Check("system", True, f"squashfs, {size / 1e6:.0f} MB, SHA-256 {digest[:16]}...")


def judge_secrets(found: Sequence[Finding], looked_at: int) -> Check:
    """No secret may be anywhere."""
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return Check("secrets", False, "; ".join(f"{one.path}: {one.what}" for one in found[:3]) + more)
    return Check("secrets", True, f"none in {looked_at} files: no key, password, token or machine id")


def judge_data(whole: bool, last_words: str) -> Check:
    """What e2fsck said of the data partition."""
    return Check("data", whole, "ext4, clean" if whole else f"the data partition's file system is damaged: {last_words[:150]}")
