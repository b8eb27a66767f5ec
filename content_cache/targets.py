"""P What the signed metadata says about each published file: the whole catalogue, patches to it, and the hashes of their pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.errors import Refused

LARGEST_FILE = 16_000_000
"""Bytes of one published file, packed."""
PIECE = 32_768
"""Bytes of a piece as published. What a box accepts is what the metadata says, within the two bounds below."""
SMALLEST_PIECE, LARGEST_PIECE = 4_096, 1_048_576
DIGITS = 32
"""Hexadecimal digits of SHA-256 kept of a piece: it only says which piece to fetch again; the whole file has its own hash."""
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SHORT = re.compile(r"[0-9a-f]{32}\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")


@dataclass(frozen=True)
class File:
    """One published file: name, length in bytes, SHA-256, and of each piece of ``piece`` bytes the first half of its SHA-256."""

    name: str
    length: int
    sha256: str
    piece: int
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """The whole catalogue of one serial. ``snapshot`` is the SHA-256 of its canonical snapshot, which is ``size`` bytes long."""

    file: File
    serial: int
    snapshot: str
    size: int
    services: int
    sample: bool
    date: str


@dataclass(frozen=True)
class Patch:
    """The way from the catalogue of one serial to that of another."""

    file: File
    base: int
    serial: int


@dataclass(frozen=True)
class Offer:
    """What a repository offers: its newest catalogue, and the patches that lead to it by the serial they start from."""

    edition: Edition
    patches: Mapping[int, Patch]


def is_sha256(untrusted: str) -> bool:
    """Whether it is written as one."""
    return bool(_SHA256.match(untrusted))


def offer(untrusted: Iterable[tuple[str, int, str, Mapping[str, Any]]]) -> Offer | None:
    """From (name, length, SHA-256, custom) of every target. None where no catalogue is. Raises Refused when it is incomplete."""
    editions, patches = list[Edition](), list[Patch]()
    for name, length, sha256, custom in untrusted:
        if custom.get("kind") == "catalogue":
            editions.append(_edition(file(name, length, sha256, custom), custom))
        elif custom.get("kind") == "patch":
            patches.append(Patch(file(name, length, sha256, custom), _number(custom, "from"), _number(custom, "to")))
    newest = max(editions, key=lambda one: one.serial, default=None)
    if newest is None:
        return None
    return Offer(newest, {one.base: one for one in patches if one.serial == newest.serial > one.base})


def _edition(file: File, custom: Mapping[str, Any]) -> Edition:
    snapshot, date = str(custom.get("snapshot")), str(custom.get("date"))
    if not _SHA256.match(snapshot) or not _DATE.match(date):
        raise _incomplete(file.name)
    sample = custom.get("sample") is not False
    return Edition(file, _number(custom, "serial"), snapshot, _number(custom, "bytes"), _number(custom, "services"), sample, date)


def file(name: str, length: int, sha256: str, custom: Mapping[str, Any]) -> File:
    """The description of one file, checked. Raises Refused."""
    piece, pieces = custom.get("chunk"), custom.get("chunks")
    if not _SHA256.match(sha256) or not isinstance(piece, int) or not SMALLEST_PIECE <= piece <= LARGEST_PIECE:
        raise _incomplete(name)
    if not 0 < length <= LARGEST_FILE:
        raise Refused(f"a file of {length} bytes is too large", where=name[:80], mend="publish fewer services")
    if not isinstance(pieces, list) or len(pieces) != -(-length // piece) or not all(_SHORT.match(str(one)) for one in pieces):
        raise _incomplete(name)
    return File(name, length, sha256, piece, tuple(pieces))


def _number(custom: Mapping[str, Any], name: str) -> int:
    value = custom.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused("the signed description of the catalogue is incomplete", where=name, mend="publish it again")
    return value


def _incomplete(name: str) -> Refused:
    return Refused("the signed description of the catalogue is incomplete", where=name[:80], mend="publish it again")
