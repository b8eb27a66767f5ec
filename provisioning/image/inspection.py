"""W One image looked through: every check in turn, as far as what came before allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.errors import BadInput
from provisioning.image import opened
from provisioning.image.gpt import Entry
from provisioning.image.secrets import Finding, findings
from provisioning.image.squashfs import read_superblock
from provisioning.image.verify import (
    MANIFEST,
    Check,
    judge_boot_files,
    judge_data,
    judge_manifest,
    judge_mbr,
    judge_partitions,
    judge_secrets,
    judge_slot,
    slot_size,
)

_SMALL = 64 * 1024
"""Larger files of the boot partition are only there or not."""


@dataclass
class Report:
    """What was found in one image."""

    checks: list[Check] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    secrets: list[Finding] = field(default_factory=list)
    listings: dict[str, dict[str, str]] = field(default_factory=dict)
    """For a comparison: part -> path -> what it is."""
    hashes: dict[str, str] = field(default_factory=dict)
    """Part -> a fingerprint of its bytes."""
    files: int = 0

    @property
    def good(self) -> bool:
        """Did every check pass?"""
        return all(check.ok for check in self.checks)


def inspect(image: opened.Image, tell: Callable[[str], None], *, listings: bool = False) -> Report:
    """Look through an image; ``tell`` is called with what is looked at. With ``listings`` all that a comparison needs too."""
    report = Report()
    tell("partition table")
    try:
        gpt = image.gpt()
    except BadInput as error:
        report.checks.append(Check("partitions", False, error.what))
        return report
    report.checks.append(judge_partitions(gpt))
    report.checks.append(judge_mbr(image.read(0, 512)))
    if not report.checks[0].ok:
        return report
    parts = {entry.name: entry for entry in gpt.entries}
    for name, look in (("boot", _boot), ("system_a", _system), ("data", _data)):
        tell(f"partition {name}")
        try:
            look(image, parts[name], report, listings)
        except BadInput as error:
            report.checks.append(Check(name, False, error.what))
    report.checks.append(judge_secrets(report.secrets, report.files))
    if listings:
        first, last = gpt.entries[0].offset, gpt.entries[-1].offset + gpt.entries[-1].size
        report.hashes = {entry.name: image.fingerprint(entry.offset, entry.size) for entry in gpt.entries}
        report.hashes["partition table"] = image.fingerprint(0, first) + image.fingerprint(last, image.size - last)
    return report


def _boot(image: opened.Image, part: Entry, report: Report, listings: bool) -> None:
    folder = image.unpack_fat(part.offset)
    files = {name: path.read_bytes() if path.stat().st_size <= _SMALL else b"" for name, path in opened.files_below(folder)}
    check, report.manifest = judge_manifest(files.get(MANIFEST))
    report.checks.append(check)
    if report.manifest:
        report.checks.append(judge_boot_files(files, report.manifest["arch"]))
    _search(folder, report)
    if listings:
        report.listings["boot"] = opened.listing(folder)
    image.forget(folder)


def _system(image: opened.Image, part: Entry, report: Report, listings: bool) -> None:
    superblock = read_superblock(image.read(part.offset, 96), part.size)
    size = slot_size(report.manifest, superblock.size)
    digest = image.sha256(part.offset, size)
    report.checks.append(judge_slot(size, digest, superblock.compression, report.manifest))
    folder = image.unpack_squashfs(part.offset)
    _search(folder, report)
    if listings:
        sums = opened.listing(folder)
        rows = image.list_squashfs(part.offset).items()
        report.listings["system_a"] = {path: f"{row} {sums.get(path, '')}".strip() for path, row in rows}
    image.forget(folder)


def _data(image: opened.Image, part: Entry, report: Report, listings: bool) -> None:
    folder, whole, last_words = image.unpack_ext4(part.offset, part.size)
    report.checks.append(judge_data(whole, last_words))
    _search(folder, report)
    if listings:
        report.listings["data"] = opened.listing(folder)
    image.forget(folder)


def _search(folder: Path, report: Report) -> None:
    for name, path in opened.files_below(folder):
        report.files += 1
        try:
            with opened.content(path) as data:
                report.secrets += findings(name, data)
        except PermissionError:
            report.secrets.append(Finding(name, "it may not be read: run this as root"))
