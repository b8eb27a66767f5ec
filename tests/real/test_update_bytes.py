"""The eleven real versions, published one after the other: what the ten updates weigh, and that each arrives as it was signed.

No line and no server: ``test_sync_trace.py`` has those. It stands here because it takes some seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from content_cache import patches, snapshot, targets
from content_cache.publish.edition import Edition, edition
from content_cache.publish.importers.services_advisor import import_files
from content_cache.snapshot import Catalogue, Header
from tests.content_cache.data import real

BUDGET = 46_000
"""Bytes of payload in all (DESIGN section 7)."""
pytestmark = [pytest.mark.net, pytest.mark.loopback]


def _version(path: Path) -> tuple[Catalogue, bytes]:
    made = import_files({"en": path.read_bytes()}, country="JO")
    top = Header("jordan", f"{path.stem[3:]}T00:00:00Z", made.language, made.languages, "Asia/Amman", made.source, made.sample)
    catalogue = Catalogue(top, made.records, made.translations)
    return catalogue, snapshot.write(catalogue)


def _offer(made: Edition) -> targets.Offer:
    found = targets.offer((file.name, len(file.content), "a" * 64, file.custom) for file in made.files)
    assert found is not None
    return found


def test_the_ten_real_updates_weigh_no_more_than_46_kB() -> None:
    before, sizes = None, list[int]()
    for path in sorted(real("jordan", "history").glob("*.json")):
        catalogue, canonical = _version(path)
        serial = before.serial + 1 if before else 1
        made = edition(catalogue, canonical, serial, {before.serial: before.lean} if before else {})
        if before is not None:
            _, patch = made.files
            assert patches.open_patch(patch.content, before.lean, _offer(made).edition).canonical == canonical
            sizes.append(len(patch.content))
        before = made
    print(f"{len(sizes)} patches: {sizes}, {sum(sizes)} bytes in all")
    assert len(sizes) == 10 and sum(sizes) <= BUDGET, sizes
