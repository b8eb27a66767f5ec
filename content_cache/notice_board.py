"""E The camp notices of this box: taken from the signed source, kept on disk, told to the portal as facts."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from appliance import facts
from appliance.errors import BadInput, Refused
from appliance.files import write_atomically
from appliance.layout import Layout
from content_cache import notices
from content_cache.notices import Board

log = logging.getLogger(__name__)
FACTS = "notices"


class Source(Protocol):
    """What is needed of a signed repository (see fetch.Source)."""

    def small(self, name: str, limit: int) -> bytes | None:
        """A small target, verified; None when there is none."""


def take(source: Source, layout: Layout) -> None:
    """Take over what the signed metadata names now, once it has been refreshed; nothing there means no notices.

    A file that cannot be read leaves the one before: a fault in a notice must not keep a box from its catalogue.
    Raises Unreachable, and NotSo when the disk is full.
    """
    try:
        content = source.small(notices.NAME, notices.LARGEST)
        board = notices.read(content) if content is not None else Board()
    except (BadInput, Refused) as error:
        log.warning("the notices are not taken: %s", error)
        return
    if content is None:
        file(layout).unlink(missing_ok=True)
    elif _kept(layout) != content:
        write_atomically(file(layout), content)
    _tell(layout, board)


def tell(layout: Layout) -> None:
    """Tell the portal what is kept, unless that has been done since the box started."""
    if not facts.read(layout, FACTS):
        _tell(layout, stored(layout))


def stored(layout: Layout) -> Board:
    """What was taken last; an empty board where there is none, or it is damaged."""
    content = _kept(layout)
    try:
        return notices.read(content) if content is not None else Board()
    except BadInput as error:
        log.warning("the kept notices cannot be read: %s", error)
        return Board()


def released(layout: Layout) -> frozenset[str]:
    """Offers of a catalogue, by hash, that a person at the hub has looked at and released."""
    return frozenset(stored(layout).released)


def file(layout: Layout) -> Path:
    """Where it is kept."""
    return layout.service_data("content") / notices.NAME


def _kept(layout: Layout) -> bytes | None:
    try:
        return file(layout).read_bytes()
    except OSError:
        return None


def _tell(layout: Layout, board: Board) -> None:
    told = {name: value for name, value in asdict(board).items() if name != "released"}
    if facts.read(layout, FACTS) != {"known": True, **_as_json(told)}:
        facts.tell(layout, FACTS, {"known": True, **told})


def _as_json(told: dict[str, object]) -> dict[str, object]:
    """As it comes back from a file: tuples are lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}
