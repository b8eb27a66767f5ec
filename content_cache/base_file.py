"""E The snapshot the box holds, in its lean form, packed beside the store: base of the next patch, source of the store."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import zstandard

from appliance.errors import BadInput
from appliance.files import write_atomically
from content_cache import snapshot

_NAME = re.compile(r"base\.([0-9]{1,15})\.([0-9a-f]{64})\.zst\Z")
_LEVEL = 3


def keep(folder: Path, serial: int, lean: bytes) -> None:
    """Store it, under its serial and hash. Raises NotSo when the disk is full."""
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(lean)
    write_atomically(folder / f"base.{serial}.{hashlib.sha256(lean).hexdigest()}.zst", packed, 0o640)


def serials(folder: Path) -> list[int]:
    """Of all that are there, the newest first."""
    return [serial for serial, _, _ in _kept(folder)]


def _kept(folder: Path) -> list[tuple[int, str, Path]]:
    found = [(int(match[1]), match[2], path) for path in folder.glob("base.*.zst") if (match := _NAME.match(path.name))]
    return sorted(found, reverse=True)


def read(folder: Path, serial: int) -> bytes | None:
    """The one of this serial, or None when it is not there or no longer what it was."""
    for number, digest, path in _kept(folder):
        if number == serial:
            try:
                content = snapshot.unpack(path.read_bytes())
            except (OSError, BadInput):
                continue
            if hashlib.sha256(content).hexdigest() == digest:
                return content
    return None


def forget_others(folder: Path, serial: int) -> None:
    """Remove all but the one of this serial."""
    for number, _, path in _kept(folder):
        if number != serial:
            path.unlink(missing_ok=True)
