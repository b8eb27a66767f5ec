"""W A trace of real versions published one after the other, as by a hub: what boxes fetch, step by step, beside what else could be.

``python -m content_cache.publish.trace FOLDER`` reads Services Advisor files (``NN-date.json``) in the order of their names and
prints one JSON object for each.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from appliance.errors import MissingComponent
from appliance.layout import Layout
from appliance.run import find_program, run
from content_cache.publish import publisher
from content_cache.publish.publisher import Place

LEVEL = 19
WINDOW = 27
"""The base is a dictionary, and the whole of it must be in the window: 2**27 bytes hold any snapshot."""


@dataclass(frozen=True)
class Step:
    """One version: bytes of its snapshot, of the whole packed, of the patch from the version before, and seconds to publish it.

    Whole and patch as published (None: the hub publishes no patch), as Zstandard makes them of the snapshots, and the patch as
    ``bsdiff`` makes it (None: bsdiff is not here).
    """

    version: str
    snapshot: int
    published_whole: int
    published: int | None
    whole: int
    patch: int | None
    bsdiff: int | None
    seconds: float


def walk(files: Sequence[Path], folder: Path) -> list[Step]:
    """Publish ``files`` one after the other at a hub of its own in ``folder``."""
    layout, steps, before = Layout.under(folder, folder), list[Step](), b""
    for file in files:
        began = time.perf_counter()
        publisher.publish_services_advisor(layout, {"en": file.read_bytes()}, site="trace", timezone="Asia/Amman", country="JO")
        seconds = time.perf_counter() - began
        now = publisher.read_current(layout)
        steps.append(
            Step(
                file.stem,
                snapshot=len(now),
                whole=len(packed(now)),
                published_whole=published(layout, "catalogue") or 0,
                published=published(layout, "patch") if before else None,
                patch=len(packed(now, before)) if before else None,
                bsdiff=_bsdiff(folder, before, now) if before else None,
                seconds=seconds,
            )
        )
        before = now
    return steps


def packed(content: bytes, base: bytes = b"") -> bytes:
    """``content`` as one Zstandard frame, over ``base`` if there is one."""
    settings = zstandard.ZstdCompressionParameters.from_level(
        LEVEL, window_log=WINDOW, enable_ldm=bool(base), write_checksum=True, write_content_size=True
    )
    over = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
    return zstandard.ZstdCompressor(compression_params=settings, dict_data=over).compress(content)


def published(layout: Layout, kind: str) -> int | None:
    """Bytes of the signed catalogue, or of the signed patch that leads to it from the version before."""
    metadata = Place.of(layout).repository / "metadata"
    newest = max(metadata.glob("*.targets.json"), key=lambda path: int(path.name.partition(".")[0]))
    for target in json.loads(newest.read_bytes())["signed"]["targets"].values():
        custom = target.get("custom") or {}
        if custom.get("kind") == kind and (kind == "catalogue" or custom["to"] - custom["from"] == 1):
            return int(target["length"])
    return None


def _bsdiff(folder: Path, before: bytes, now: bytes) -> int | None:
    try:
        program = find_program("bsdiff")
    except MissingComponent:
        return None
    old, new, patch = (folder / name for name in ("old", "new", "patch"))
    old.write_bytes(before)
    new.write_bytes(now)
    run([program, str(old), str(new), str(patch)], timeout=300)
    return patch.stat().st_size


def main() -> None:
    """Walk and tell."""
    with tempfile.TemporaryDirectory() as folder:
        steps = walk(sorted(Path(sys.argv[1]).glob("*.json")), Path(folder))
    json.dump([dataclasses.asdict(step) for step in steps], sys.stdout)


if __name__ == "__main__":
    main()
