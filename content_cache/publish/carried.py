"""P Which boxes carry which version of the catalogue, and which hold a newer one back until a person has looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Version:
    """One version and the boxes that carry it; ``number`` 0: none yet, or not known."""

    number: int
    boxes: tuple[str, ...]
    services: int


@dataclass(frozen=True)
class Held:
    """An offer, by hash, that boxes hold back; ``why`` in the words of one of them."""

    hash: str
    why: str
    boxes: tuple[str, ...]


def versions(boxes: Iterable[Mapping[str, Any]]) -> list[Version]:
    """The newest first."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for box in boxes:
        found.setdefault(_whole(box["latest"].get("catalogue_version")), []).append(box)
    return [
        Version(number, tuple(str(box["box"]) for box in of), _whole(of[0]["latest"].get("catalogue_services")))
        for number, of in sorted(found.items(), reverse=True)
    ]


def held(boxes: Iterable[Mapping[str, Any]]) -> list[Held]:
    """Every offer that some box holds back now."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for box in boxes:
        hash = box["latest"].get("catalogue_held")
        if isinstance(hash, str) and hash and box["latest"].get("catalogue_state") == "held":
            found.setdefault(hash, []).append(box)
    return [
        Held(hash, str(of[0]["latest"].get("catalogue_why", "")), tuple(str(box["box"]) for box in of))
        for hash, of in sorted(found.items())
    ]


def _whole(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
