"""P Which file a box fetches to come by a catalogue, and how much room it needs: a patch where it has the base, else the whole."""

from __future__ import annotations

from dataclasses import dataclass

from content_cache.targets import Edition, File, Offer

MARGIN = 20_000_000
"""Bytes that stay free on the disk: a full one bricks a box."""
STORE_FACTOR = 8
"""The store with its search index is at most so many times the size of a snapshot."""


@dataclass(frozen=True)
class Choice:
    """What to fetch; ``base`` is the serial of the snapshot it is laid over, 0 for a whole one."""

    file: File
    base: int = 0


def choices(offer: Offer, base: int) -> tuple[Choice, ...]:
    """What leads to the offer, the cheapest first; ``base`` is the serial of the snapshot that is here, 0 for none."""
    whole = Choice(offer.edition.file)
    patch = offer.patches.get(base) if base else None
    if patch is None or patch.file.length >= whole.file.length:
        return (whole,)
    return (Choice(patch.file, base), whole)


def room(edition: Edition) -> int:
    """Bytes of disk to set apart beside the file, before its first byte is fetched, for what is made of it."""
    return edition.size * (STORE_FACTOR + 1)


def affordable(file: File, have: int, left: int | None) -> bool:
    """Whether the month's volume is enough for the rest of the file: a part that could not be finished is not begun."""
    return left is None or file.length - have <= left
