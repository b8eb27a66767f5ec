"""E The lean forms of the last ten editions, kept at the hub: what patches are made from."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import zstandard

from appliance.errors import BadInput
from appliance.files import make_folder, write_atomically
from content_cache import snapshot

log = logging.getLogger(__name__)
KEPT = 10
_NAME = re.compile(r"([0-9]{1,15})\.lean\.zst\Z")


def bases(folder: Path) -> dict[int, bytes]:
    """Serial -> lean form. One that cannot be read is left out: boxes that hold it fetch the whole."""
    found = dict[int, bytes]()
    for serial, path in _kept(folder):
        try:
            found[serial] = snapshot.unpack(path.read_bytes())
        except (OSError, BadInput) as error:
            log.warning("no patch from %d: %s", serial, error)
    return found


def keep(folder: Path, serial: int, lean: bytes) -> None:
    """Keep one more, and no more than ten."""
    make_folder(folder)
    write_atomically(folder / f"{serial}.lean.zst", zstandard.ZstdCompressor(level=3).compress(lean), mode=0o640)
    for _, path in _kept(folder)[:-KEPT]:
        path.unlink()


def _kept(folder: Path) -> list[tuple[int, Path]]:
    found = ((_NAME.match(path.name), path) for path in (folder.iterdir() if folder.is_dir() else ()))
    return sorted((int(match[1]), path) for match, path in found if match)
