"""The catalogue laid out: blocks in walking order, points, and nothing of the unvetted."""

from __future__ import annotations

from pathlib import Path

from content_cache.catalogue_builder import build
from content_cache.catalogue_store import Store
from content_cache.hsds import Record, record
from content_cache.needs import stable_id
from content_cache.publish.importers.sample import import_sample
from content_cache.publish.publisher import SAMPLE
from content_cache.shelves import Shelf, Shelves
from content_cache.snapshot import Catalogue
from tests.content_cache.data import catalogue, header, service


def at(key: str, label: str, value: str) -> Record:
    """A word about where a place is."""
    return record(
        "attribute", id=stable_id("attribute", key, label), link_id=stable_id("location", key), link_entity="location",
        link_type="place", label=label, value=value,
    )  # fmt: skip


def test_places_stand_in_the_order_in_which_people_walk(tmp_path: Path) -> None:
    made = []
    for key, sector, block in (("late", "A", "10"), ("early", "A", "9"), ("other", "B", "1"), ("lost", "", "")):
        records, texts = service(key, key)
        records += [at(key, label, value) for label, value in (("sector", sector), ("block", block)) if value]
        made.append((records, texts))
    build(tmp_path / "c.sqlite", catalogue(*made), 1, "aa")
    spots = Shelves(Store(tmp_path / "c.sqlite")).shelf().spots
    assert [spot.record["name"] for spot in spots.values()] == [f"Place of {key}" for key in ("early", "late", "other", "lost")]


def test_the_sample_has_offers_vouchers_points_and_languages(tmp_path: Path) -> None:
    imported = import_sample(SAMPLE.read_bytes())
    build(tmp_path / "c.sqlite", Catalogue(header(sample=True), imported.records, imported.translations), 1, "aa")
    shelf = Shelves(Store(tmp_path / "c.sqlite")).shelf()
    assert {offer.kind for offer in shelf.offers.values()} == {"job", "training", "volunteering", "housing", "event"}
    assert len(shelf.vouchers) == 1 and set(shelf.spoken) == {"ar", "en", "fr", "fa-AF"}
    assert shelf.ground.points and set(shelf.ground.points) <= set(shelf.spots)
    assert {position for spot in shelf.spots.values() for position in spot.services} <= set(shelf.hours)


def test_without_a_catalogue_the_shelf_is_empty(tmp_path: Path) -> None:
    assert Shelves(Store(tmp_path / "none.sqlite")).shelf() == Shelf()
