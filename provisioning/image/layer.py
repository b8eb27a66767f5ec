"""P What is laid over Debian's own tree: one entry a path, checked, with the folders above it."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from appliance.errors import BadInput
from provisioning.image.recipe import DROPPED
from provisioning.image.tree import TreeFile

_MERGED = ("bin/", "sbin/", "lib/", "lib64/")
"""Links to their namesakes in usr since Debian 12: an entry below one would replace the link by a folder."""


@dataclass(frozen=True)
class Entry:
    """One path of the layer, without a leading slash; ``data`` are its bytes or a file that holds them, or a link's target."""

    path: str
    kind: Literal["file", "dir", "link"]
    mode: int = 0o644
    data: bytes | Path | str = b""
    gid: int = 0


def checked(path: str) -> str:
    """A path inside the tree: no slash in front, nothing that leads out. Raises BadInput."""
    plain = path.strip("/")
    if not plain or any(part in ("", ".", "..") for part in plain.split("/")) or "\0" in plain:
        raise BadInput(f"{path[:80]!r} is no path inside an image")
    return f"usr/{plain}" if plain.startswith(_MERGED) else plain


def entries(files: Iterable[TreeFile]) -> dict[str, Entry]:
    """The system's files as a layer. Raises BadInput when a path is there twice or leads out of the tree."""
    found: dict[str, Entry] = {}
    for file in files:
        path = checked(file.path)
        if path in found:
            raise BadInput(f"/{path} is there twice in the system's files")
        if file.link is not None:
            found[path] = Entry(path, "link", 0o777, file.link)
        elif file.path.endswith("/"):
            found[path] = Entry(path, "dir", file.mode)
        else:
            found[path] = Entry(path, "file", file.mode, file.text.encode())
    return found


def with_parents(layer: Mapping[str, Entry]) -> dict[str, Entry]:
    """The layer in the order of a tar: every folder before what is in it, those not named as 0755. Raises BadInput."""
    whole = dict(layer)
    for path in layer:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if whole.setdefault(folder, Entry(folder, "dir", 0o755)).kind != "dir":
                raise BadInput(f"/{folder} is a file and a folder at once in the image's layer")
    return dict(sorted(whole.items(), key=lambda item: item[0].split("/")))


def dropped(path: str) -> bool:
    """Does the recipe leave this path of Debian's tree out?"""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in DROPPED)


def outline(layer: Mapping[str, Entry]) -> list[list[str]]:
    """A layer as rows for the recipe's hash; only of entries whose bytes are in memory."""
    return [[e.path, e.kind, oct(e.mode), _digest(e.data)] for e in sorted(layer.values(), key=lambda e: e.path)]


def _digest(data: bytes | Path | str) -> str:
    if isinstance(data, Path):
        raise TypeError("a file's bytes are not a recipe's: hash its source")
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
