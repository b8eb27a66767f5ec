"""What the bench says of updates is what a hub publishes and what the two snapshots are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from appliance.errors import MissingComponent
from content_cache.publish import publisher, trace
from content_cache.publish.publisher import Place
from tests.content_cache.data import feature


def versions(folder: Path) -> list[Path]:
    files = []
    for number, count in enumerate((30, 31), 1):
        file = folder / f"{number:02}-2014.json"
        file.write_text(json.dumps([feature(n, partnerName=f"Partner {n}") for n in range(count)]))
        files.append(file)
    return files


def test_each_version_is_published_and_the_patch_is_smaller_than_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_here(name: str) -> str:
        raise MissingComponent(f"{name} is not here, whatever this machine has", mend="nothing")

    monkeypatch.setattr(trace, "find_program", not_here)
    hub = tmp_path / "hub"
    hub.mkdir()
    first, second = trace.walk(versions(tmp_path), hub)
    assert (first.version, first.patch, first.published, first.bsdiff) == ("01-2014", None, None, None)
    assert second.patch is not None and 0 < second.patch < second.whole < second.snapshot
    assert second.published is not None and 0 < second.published < second.published_whole < second.snapshot
    assert second.seconds > 0


def test_a_patch_brings_the_new_snapshot_back() -> None:
    old, new = b"abcdefgh" * 500, b"abcdefgh" * 400 + b"new" + b"abcdefgh" * 100
    patch = trace.packed(new, old)
    over = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    assert zstandard.ZstdDecompressor(dict_data=over, max_window_size=2**trace.WINDOW).decompress(patch) == new
    assert len(patch) < 60


def test_a_published_patch_is_the_one_from_the_version_before(tmp_path: Path) -> None:
    from appliance.layout import Layout

    layout = Layout.under(tmp_path, tmp_path)
    assert publisher.current(layout) is None
    metadata = Place.of(layout).repository / "metadata"
    metadata.mkdir(parents=True)
    patches = {f"{one}-3": {"length": 10 * one, "custom": {"kind": "patch", "from": one, "to": 3}} for one in (1, 2)} | {
        "catalogue": {"length": 7, "custom": {"kind": "catalogue", "serial": 3}},
        "notices": {"length": 7},
    }
    (metadata / "9.targets.json").write_text(json.dumps({"signed": {"targets": {}}}))
    (metadata / "10.targets.json").write_text(json.dumps({"signed": {"targets": patches}}))
    assert (trace.published(layout, "patch"), trace.published(layout, "catalogue")) == (20, 7)
