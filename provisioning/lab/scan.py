"""E The privacy scan: reads every file of a camp and looks for what was planted on its phones."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.run import run
from provisioning.lab import needles, places
from provisioning.lab import topology as plan
from provisioning.lab.netns import existing

LARGEST = 256_000_000
"""Bytes of a file that are read; nothing in a camp is larger."""

EXCLUDED = {places.ROOT / "app": "the project itself, read-only: its tests name what is planted"}
"""Leases are not excluded: the box keeps them in memory alone."""


@dataclass(frozen=True)
class Scan:
    """What was read and what was found."""

    files: int
    bytes: int
    finds: tuple[needles.Find, ...]


def devices(only: Collection[str] = ()) -> list[needles.Needle]:
    """Needles for every phone that is there now (or ``only`` those namespaces)."""
    wanted = [n for n in existing() if plan.OURS.match(n) and n not in (plan.NET, plan.HUB, plan.BOX)]
    found = [needles.planted()]
    for name in wanted:
        if only and name not in only:
            continue
        for link in json.loads(run(["ip", "-j", "-n", name, "address", "show", "dev", "wlan0"], check=False).stdout or "[]"):
            addresses = [a["local"] for a in link.get("addr_info", [])]
            found += needles.of_device(name, link["address"], addresses)
    return found


def scan(folders: Iterable[Path], wanted: Iterable[needles.Needle], excluded: Collection[Path] = tuple(EXCLUDED)) -> Scan:
    """Read every file below ``folders``, whoever owns it, as raw bytes; file names count as content."""
    sought, finds, files, size = tuple(wanted), list[needles.Find](), 0, 0
    for folder in folders:
        for path in _files(folder, excluded):
            content = _read(path)
            if content is None:
                continue
            files, size = files + 1, size + len(content)
            finds += needles.search(str(path), os.fsencode(path.name) + b"\n" + content, sought)
    return Scan(files, size, tuple(finds))


def _files(folder: Path, excluded: Collection[Path]) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(here, name) not in excluded]
        yield from (Path(here, name) for name in names if Path(here, name) not in excluded)


def _read(path: Path) -> bytes | None:
    """The content of a regular file; nothing for sockets and for what is gone by now."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            return file.read(LARGEST)
    except FileNotFoundError:
        return None
