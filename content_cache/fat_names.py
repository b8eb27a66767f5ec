"""P Which paths a stick can hold: FAT32 and exFAT forget upper and lower case, forbid some characters, and end some names."""

from __future__ import annotations

import re
from collections.abc import Iterable

LARGEST_FILE = 2**32 - 1
"""Bytes: FAT32's own limit."""
LONGEST_NAME, LONGEST_PATH = 200, 240
_NAME = re.compile(r"[0-9a-z]([0-9a-zA-Z._-]*[0-9a-zA-Z_-])?\Z")
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z", re.IGNORECASE)


def problem(path: str, length: int = 0) -> str:
    """Why a file of so many bytes cannot stand on a stick under this relative path, or ""."""
    if len(path) > LONGEST_PATH:
        return "the path is too long"
    for name in path.split("/"):
        if not _NAME.match(name) or len(name) > LONGEST_NAME or _DEVICES.match(name):
            return f"{name[:40]!r} is no name for a stick"
    return "the file is too large for FAT32" if length > LARGEST_FILE else ""


def twins(paths: Iterable[str]) -> list[str]:
    """Paths that a stick cannot tell from another one."""
    seen, found = set[str](), list[str]()
    for path in paths:
        if path.lower() in seen:
            found.append(path)
        seen.add(path.lower())
    return found
