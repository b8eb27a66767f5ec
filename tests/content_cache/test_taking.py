"""Whether an offer is taken: never an older one, and never another one under the serial that is here."""

from __future__ import annotations

import json

import pytest

from appliance import facts
from content_cache.catalogue_store import FILE, Store
from content_cache.layers import Layer
from tests.content_cache import synced
from tests.content_cache.data import many
from tests.content_cache.synced import Box

box, _sources = synced.box, synced.no_network


def test_the_same_serial_with_another_snapshot_is_not_taken(box: Box) -> None:
    """Else a hub, or who holds its keys, could show each box another catalogue under one number."""
    first = box.hub.editions[0]
    edition = box.hub.publish(many(12), serial=1)
    before = len(box.hub.fetched)
    told = box.sync()
    assert told["state"] == "refused" and box.services == told["services"] == 10
    assert len(box.hub.fetched) == before, "refused before it is fetched"
    about = Store(box.folder / FILE).about()
    assert about is not None and about.sha256 == first[0].snapshot != edition.snapshot


@pytest.mark.parametrize(("serial", "state", "services"), [(1, "refused", 12), (2, "refused", 12), (3, "updated", 11)])
def test_only_a_higher_serial_brings_another_catalogue(box: Box, serial: int, state: str, services: int) -> None:
    box.hub.publish(many(12))
    assert box.sync()["state"] == "updated"
    box.hub.publish(many(11), serial=serial)
    box.hub.patches.clear()
    assert box.sync()["state"] == state and box.services == services


def test_the_very_snapshot_that_is_here_is_current(box: Box) -> None:
    before = len(box.hub.fetched)
    assert box.sync()["state"] == "current" and len(box.hub.fetched) == before


def test_under_the_same_serial_and_snapshot_an_organisations_new_words_are_taken(box: Box) -> None:
    (clinic,) = (one for one in many(1).records if one.entity == "service")
    line = json.dumps({"e": "service", **clinic.values, "name": "Clinic by the well"}).encode() + b"\n"
    box.hub.laid = [Layer(str(clinic.values["organization_id"]), line)]
    assert (box.sync()["state"], box.services) == ("updated", 10)
    found = Store(box.folder / FILE).search("well", 0, 1)[1]
    assert [one.document["name"] for one in found] == ["Clinic by the well"]


def test_the_same_serial_and_snapshot_are_taken_again_without_a_line_where_the_store_was_lost(box: Box) -> None:
    before = len(box.hub.fetched)
    (box.folder / FILE).unlink()
    box.sync()
    assert box.services == 10 and len(box.hub.fetched) == before and facts.read(box.layout, "sync")["version"] == 1
