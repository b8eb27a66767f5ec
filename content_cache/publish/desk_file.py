"""E The desk's file at the hub, the catalogue as it was imported, and signing what the desk decides."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

import zstandard

from appliance import clock
from appliance.files import read_json, write_atomically, write_json
from appliance.layout import Layout
from content_cache import notices, snapshot
from content_cache.publish import corrections, desk, vetting
from content_cache.publish.corrections import Correction
from content_cache.publish.desk import Desk
from content_cache.publish.signing import lock
from content_cache.snapshot import Catalogue


def folder(layout: Layout) -> Path:
    """Beside the signed repository."""
    return layout.service_data("hub") / "publish"


def load(layout: Layout) -> Desk:
    """The desk as it stands. Raises NotSo or BadInput when its file is damaged."""
    kept = read_json(folder(layout) / "desk.json")
    return Desk() if kept is None else desk.from_json(kept)


def alone(layout: Layout) -> AbstractContextManager[None]:
    """Nobody else changes what the desk says meanwhile, nor publishes what follows from it. Raises NotSo after some patience.

    Whoever asks the desk and then publishes holds it for both: else what a person has taken back in between is out again.
    """
    return lock(folder(layout) / "desk.lock")


def change(layout: Layout, deed: Callable[[Desk], Desk], sign: Callable[[Desk, Desk], None]) -> Desk:
    """Do ``deed``, have ``sign`` (before, after) publish what follows from it, and only then keep it: what stands there is signed.

    Raises what they raise; then nothing has changed.
    """
    with alone(layout):
        before = load(layout)
        after = deed(before)
        if after != before:
            sign(before, after)
            write_json(folder(layout) / "desk.json", desk.to_json(after), 0o640)
    return after


def stamp() -> str:
    """Now, in UTC, as notices and the desk write it."""
    return datetime.datetime.fromtimestamp(clock.now().wall, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def board_file(layout: Layout, after: Desk) -> bytes:
    """What boxes shall be told now."""
    return notices.write(desk.board(after, stamp()))


def live(after: Desk) -> list[Correction]:
    """The corrections that stand, oldest first."""
    return [corrections.read(item.content) for item in reversed(after.of("correction", "live"))]


def corrected(layout: Layout, imported: Catalogue) -> Catalogue:
    """A catalogue that has just been imported, kept as it is, and given back with all that the desk says over it."""
    keep_import(layout, imported)
    return laid_over(imported, load(layout))


def vetted(after: Desk) -> dict[str, str]:
    """Organisation -> the day on which it was vetted."""
    return {item.content["organisation"]: item.content["day"] for item in reversed(after.of("vetting", "live"))}


def laid_over(imported: Catalogue, after: Desk) -> Catalogue:
    """A catalogue with every correction and vetting that stands."""
    return vetting.applied(corrections.applied(imported, live(after)), vetted(after))


def keep_import(layout: Layout, imported: Catalogue) -> None:
    """Corrections are laid over this one each time: taken back, they leave no trace."""
    packed = zstandard.ZstdCompressor(level=3).compress(snapshot.write(imported))
    write_atomically(folder(layout) / "imported.zst", packed, 0o640)


def imported(layout: Layout) -> Catalogue | None:
    """The catalogue as it was imported last; None where a hub has none yet."""
    path = folder(layout) / "imported.zst"
    return snapshot.read(snapshot.unpack(path.read_bytes())) if path.exists() else None


def as_content(one: Correction) -> dict[str, object]:
    """A correction as the desk keeps it."""
    told = asdict(one)
    return {**told, "hours": None if one.hours is None else [asdict(line) for line in one.hours]}


def published_board(layout: Layout) -> bytes | None:
    """What boxes are told of notices at present; None while there never was one."""
    path = folder(layout) / notices.NAME
    return path.read_bytes() if path.exists() else None


def keep_board(layout: Layout, content: bytes) -> None:
    """Remember what has been published."""
    write_atomically(folder(layout) / notices.NAME, content, 0o640)
