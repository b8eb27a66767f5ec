"""What one run of sync fetches and keeps: patches, bases, parts; and what it makes of those that are lost or damaged."""

from __future__ import annotations

import pytest

from appliance.errors import Unreachable
from content_cache import base_file, patches, snapshot
from content_cache.catalogue_store import FILE
from content_cache.lean import lean
from tests.content_cache import synced
from tests.content_cache.data import many
from tests.content_cache.synced import Box

box, _sources = synced.box, synced.no_network


def test_a_patch_is_fetched_where_there_is_a_base(box: Box) -> None:
    box.hub.publish(many(12))
    box.sync()
    assert box.hub.fetched == ["full", "patch"]


@pytest.mark.parametrize("content", [None, b"junk", patches.pack(lean(snapshot.write(many(9))))])
def test_a_patch_that_does_not_lead_there_gives_way_to_the_whole_in_the_same_run(box: Box, content: bytes | None) -> None:
    box.hub.publish(many(12))
    box.hub.spoil("patch.zst", content)
    told = box.sync()
    assert told["state"] == "updated" and box.hub.fetched[-1] == "full" and box.services == 12


def test_a_base_that_was_lost_or_damaged_costs_a_whole_file(box: Box) -> None:
    (base,) = box.folder.glob("base.*")
    base.write_bytes(base.read_bytes()[:-3])
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated" and box.hub.fetched == ["full", "full"]


def test_a_base_in_the_form_of_another_campbox_stops_nothing(box: Box) -> None:
    next(box.folder.glob("base.*")).unlink()
    base_file.keep(box.folder, 1, b"a form that nobody knows")
    assert box.sync()["state"] == "current"
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated" and box.services == 12


def test_only_the_current_base_and_no_part_is_kept(box: Box) -> None:
    box.hub.publish(many(12))
    box.sync()
    assert [path.name.split(".")[1] for path in box.folder.glob("base.*")] == ["2"] and not list((box.folder / "parts").iterdir())


@pytest.mark.parametrize("lost", [None, b"", b"not a database"])
def test_a_lost_store_is_built_anew_from_the_base_without_a_line(box: Box, lost: bytes | None) -> None:
    store = box.folder / FILE
    store.unlink() if lost is None else store.write_bytes(lost)
    box.hub.problem = Unreachable("the hub does not answer")
    told = box.sync()
    assert (told["state"], told["version"], told["services"]) == ("offline", 1, 10) and box.hub.fetched == ["full"]


def test_after_everything_was_lost_it_is_fetched_again(box: Box) -> None:
    (box.folder / FILE).unlink()
    next(box.folder.glob("base.*")).unlink()
    assert box.sync()["state"] == "updated" and box.services == 10


def test_a_broken_transfer_goes_on_at_the_byte_in_the_next_run(box: Box) -> None:
    box.hub.publish(many(300))
    carrier, file = box.hub.carrier, box.hub.patches[1].file
    carrier.sent, carrier.cuts = 0, [file.length // 2, 0, 0, 0]
    told = box.sync()
    assert (told["state"], told["total"]) == ("offline", 0) and box.services == 10
    assert box.sync()["state"] == "updated" and carrier.sent == file.length and box.services == 300
