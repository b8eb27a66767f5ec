"""P The licence of a source, from what it says of itself to what the catalogue says of all its sources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

LONGEST = 200
NOT_TOLD = "not stated"


def tidy(untrusted: str) -> str:
    """One line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in untrusted).split())[:LONGEST]


def of_package(untrusted: bytes | None) -> str:
    """From ``datapackage.json`` (Frictionless: ``licenses``, and ``license`` of earlier ones); "" where it says none."""
    try:
        value = json.loads(untrusted or b"")
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    listed = value.get("licenses")
    told = [_one(one) for one in (listed if isinstance(listed, list) else [value.get("license")])]
    return tidy(", ".join(dict.fromkeys(one for one in told if one)))


def _one(untrusted: Any) -> str:
    if isinstance(untrusted, str):
        return tidy(untrusted)
    if not isinstance(untrusted, dict):
        return ""
    # "name" is its short form of the Open Definition (CC-BY-4.0), "title" that for people, "path" (once "url") its text.
    called = next((str(untrusted[name]) for name in ("title", "name", "type") if isinstance(untrusted.get(name), str)), "")
    where = next((str(untrusted[name]) for name in ("path", "url") if isinstance(untrusted.get(name), str)), "")
    return tidy(f"{called} ({where})" if called and where else called or where)


def together(sources: Iterable[tuple[str, str]]) -> str:
    """Of a catalogue from several sources, (name, licence) each; "" where none of them says anything."""
    told = dict[str, str]()
    for name, licence in sources:
        told[name] = told.get(name) or licence
    found = set(told.values())
    if len(found) == 1:
        return found.pop()
    return "; ".join(f"{name}: {licence or NOT_TOLD}" for name, licence in told.items())
