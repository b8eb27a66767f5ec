"""E The lean forms of the last ten editions, kept at the hub: what patches are made from."""

from __future__ import annotations

import re
from pathlib import Path

import zstandard

from appliance.files import write_atomically
from content_cache import snapshot

KEPT = 10
_NAME = re.compile(r"([0-9]{1,15})\.lean\.zst\Z")


def bases(folder: Path) -> dict[int, bytes]:
    """Serial -> lean form."""
    return {serial: snapshot.unpack(path.read_bytes()) for serial, path in _kept(folder)}


def keep(folder: Path, serial: int, lean: bytes) -> None:
    """Keep one more, and no more than ten."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{serial}.lean.zst", zstandard.ZstdCompressor(level=3).compress(lean), mode=0o640)
    for _, path in _kept(folder)[:-KEPT]:
        path.unlink()


def _kept(folder: Path) -> list[tuple[int, Path]]:
    found = ((_NAME.match(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ()))
    return sorted((int(match[1]), path) for match, path in found if match)
