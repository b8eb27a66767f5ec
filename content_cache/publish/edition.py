"""P The files of one edition: the whole catalogue, and a patch from each of the editions before it, as they are signed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from content_cache import patches
from content_cache.lean import lean
from content_cache.snapshot import Catalogue
from content_cache.targets import DIGITS, PIECE

KINDS = ("catalogue", "patch")
"""What a new edition takes the place of; every other target stays."""


@dataclass(frozen=True)
class NewFile:
    """A file to be published, and what the signed metadata says of it."""

    name: str
    content: bytes
    custom: Mapping[str, Any]


@dataclass(frozen=True)
class Edition:
    """The files of an edition, and its lean form, from which later ones make their patches."""

    serial: int
    files: tuple[NewFile, ...]
    lean: bytes


def edition(catalogue: Catalogue, canonical: bytes, serial: int, bases: Mapping[int, bytes]) -> Edition:
    """``canonical`` is the catalogue's snapshot, ``bases`` are lean forms of earlier editions by their serials."""
    made, header = lean(canonical), catalogue.header
    custom = {
        "kind": "catalogue", "serial": serial, "date": header.date, "site": header.site, "sample": header.sample,
        "services": catalogue.count("service"), "bytes": len(canonical), "snapshot": hashlib.sha256(canonical).hexdigest(),
        "languages": list(header.languages), "source": header.source, "licence": header.licence,
    }  # fmt: skip
    whole = _file(f"catalogue-{serial}.zst", patches.pack(made), custom)
    newest = max(bases, default=0)
    steps = [
        _file(f"patch-{base}-{serial}.zst", patches.diff(bases[base], made, patient=base == newest), _between(base, serial))
        for base in sorted(bases)
    ]
    return Edition(serial, (whole, *(step for step in steps if len(step.content) < len(whole.content))), made)


def _between(base: int, serial: int) -> dict[str, Any]:
    return {"kind": "patch", "from": base, "to": serial}


def _file(name: str, content: bytes, custom: Mapping[str, Any]) -> NewFile:
    return NewFile(name, content, {**custom, **pieces(content)})


def pieces(content: bytes) -> dict[str, Any]:
    """The hashes of a file's pieces as they are signed: a box which goes on with half a file need not trust that half."""
    found = [hashlib.sha256(content[at : at + PIECE]).hexdigest()[:DIGITS] for at in range(0, len(content), PIECE)]
    return {"chunk": PIECE, "chunks": found}
