"""E The catalogue laid out by place, by language spoken and by opportunity: read once a catalogue, kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from content_cache import opportunities
from content_cache.camp_profile import GEOMETRY, OUTLINE, PLACE
from content_cache.catalogue_store import Store
from content_cache.geometry import Ground, Point
from content_cache.opportunities import Offer

_LABELS = ("district", "sector", "block", OUTLINE)


@dataclass(frozen=True)
class Spot:
    """A place that has services: its record, its name in other languages, the positions of its services.

    ``shape`` is the GeoJSON of its outline, as the catalogue has it.
    """

    record: Mapping[str, Any]
    names: Mapping[str, tuple[str, bool]]
    services: tuple[int, ...]
    district: str = ""
    sector: str = ""
    block: str = ""
    shape: str = ""


@dataclass(frozen=True)
class Shelf:
    """One catalogue. Services are told by their positions, those of ``Store.chosen``, in order; ``hours`` has their timetables."""

    spots: Mapping[str, Spot] = field(default_factory=dict)
    ground: Ground = field(default_factory=lambda: Ground({}), compare=False)
    spoken: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    offers: Mapping[int, Offer] = field(default_factory=dict)
    vouchers: tuple[int, ...] = ()
    hours: Mapping[int, int] = field(default_factory=dict)


class Shelves:
    """Reads the store again when the catalogue changes."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._read: tuple[object, Shelf] = (None, Shelf())

    def shelf(self) -> Shelf:
        """Of the catalogue there is now; empty while there is none."""
        with self._lock:
            generation = self._store.generation()
            if self._read[0] != generation:
                shelf = _shelf(self._store) if generation is not None else Shelf()
                if self._store.generation() != generation:  # it turned out to be damaged: this is not all of it
                    return Shelf()
                self._read = (generation, shelf)
            return self._read[1]


def _shelf(store: Store) -> Shelf:
    known = store.positions()
    positions = {id: position for id, (position, _) in known.items()}
    spots = _spots(store, positions)
    spoken: dict[str, set[int]] = {}
    for one in store.bodies("language"):
        if one.get("code") and one.get("service_id") in positions:
            spoken.setdefault(str(one["code"]), set()).add(positions[one["service_id"]])
    offers, vouchers = dict[int, Offer](), set[int]()
    for id, document in store.documents(("opportunity", "voucher")).items():
        found = opportunities.offer(document)
        if found is not None:
            offers[positions[id]] = found
        if opportunities.is_voucher(document):
            vouchers.add(positions[id])
    points = {id: point for id, spot in spots.items() if (point := _point(spot.record)) is not None}
    return Shelf(
        spots, Ground(points), {code: tuple(sorted(found)) for code, found in spoken.items()}, offers, tuple(sorted(vouchers)),
        dict(known.values()),
    )  # fmt: skip


def _spots(store: Store, positions: Mapping[str, int]) -> dict[str, Spot]:
    """In the order in which people walk: by district, sector and block, then by name."""
    services: dict[str, set[int]] = {}
    for link in store.bodies("service_at_location"):
        if link.get("service_id") in positions:
            services.setdefault(str(link.get("location_id")), set()).add(positions[link["service_id"]])
    told: dict[tuple[str, str], str] = {}
    for one in store.bodies("attribute", '"location"'):
        if one.get("link_type") in (PLACE, GEOMETRY):
            told[str(one.get("link_id")), str(one.get("label"))] = str(one.get("value", ""))
    names = store.translated("location", "name")
    found = [
        Spot(record, names.get(id, {}), tuple(sorted(services[id])), *(told.get((id, label), "") for label in _LABELS))
        for record in store.bodies("location")
        if (id := str(record["id"])) in services and record.get("name")
    ]
    return {str(spot.record["id"]): spot for spot in sorted(found, key=_walk)}


def _walk(spot: Spot) -> tuple[str, ...]:
    # Districts and blocks are counted: 9 comes before 10; places of no district or sector come last.
    areas = (area.zfill(6) if area else "\uffff" for area in (spot.district, spot.sector))
    return (*areas, spot.block.zfill(6), str(spot.record["name"]))


def _point(record: Mapping[str, Any]) -> Point | None:
    latitude, longitude = record.get("latitude"), record.get("longitude")
    return None if latitude is None or longitude is None else (float(latitude), float(longitude))
