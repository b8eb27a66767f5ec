"""P Small catalogues for tests, and where the real inputs stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from content_cache import needs
from content_cache.hsds import Record, Translation, record
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue, Header

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PROJECT = Path(__file__).resolve().parents[2]


def real(*parts: str) -> Path:
    """A real input; skips the test, saying so, where the data is absent."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real data: {'/'.join(parts)} is not beside the project")
    return path


def feature(id: Any = 1, activity: Any = 5575, **properties: Any) -> dict[str, Any]:
    """A Services Advisor feature; properties win over the usual ones."""
    usual = {
        "activity": activity, "activityName": "Education opportunities", "activityCategory": "EDUCATION", "partnerName": "IOCC",
        "locationName": "As Salt City", "startDate": "2014-01-01", "endDate": "2014-12-31", "indicators": {},
        "Referral required": "Yes",
    }  # fmt: skip
    return {
        "geometry": {"type": "Point", "coordinates": [35.7, 32.0]},
        "id": id,
        "type": "Feature",
        "properties": usual | properties,
    }


def as_file(*features: Any) -> bytes:
    """Features as a file."""
    return json.dumps(list(features), ensure_ascii=False).encode()


def header(*, sample: bool = False) -> Header:
    """Of a catalogue in English, Arabic and French."""
    return Header("camp-1", "2026-11-20T08:00:00Z", "en", ("en", "ar", "fr"), "Asia/Amman", "A test", sample)


def service(
    key: str, name: str, *, need: str = "health", arabic: str | None = None, description: str = "", checked: str = "2026-11-01"
) -> tuple[list[Record], list[Translation]]:
    """One service with organisation, place, hours and phone."""
    id, organisation, place = stable_id("service", key), stable_id("organization", "o"), stable_id("location", key)
    records = [
        record("organization", id=organisation, name="Test Aid", description=""),
        record(
            "service", id=id, organization_id=organisation, name=name, status="active", description=description or None,
            assured_date=checked,
        ),
        record("location", id=place, location_type="physical", name=f"Place of {name}", latitude=32.0, longitude=35.9),
        record("service_at_location", id=stable_id("sal", key), service_id=id, location_id=place),
        record(
            "schedule", id=stable_id("schedule", key), service_id=id, freq="WEEKLY", byday="SU,MO", opens_at="08:00",
            closes_at="16:00",
        ),
        record("phone", id=stable_id("phone", key), service_id=id, number="+999 555 0100"),
        needs.link(id, need),
    ]  # fmt: skip
    texts = [Translation("service", id, "name", "ar", arabic, "test", False)] if arabic else []
    return records, texts


def catalogue(*services: tuple[list[Record], list[Translation]], sample: bool = False) -> Catalogue:
    """A whole one; what several services share is there once."""
    records: dict[str, Record] = {}
    texts = list[Translation]()
    for made, translated in services:
        records |= {one.id: one for one in made}
        texts += translated
    used = {str(one.values["value"]) for one in records.values() if one.entity == "attribute" and one.values.get("label") == "need"}
    terms, names = needs.taxonomy(used)
    return Catalogue(header(sample=sample), (*records.values(), *terms), (*texts, *names))


def many(count: int, *, sample: bool = False) -> Catalogue:
    """``count`` services of the need "health"."""
    return catalogue(*(service(f"s{n}", f"Clinic {n:03}") for n in range(count)), sample=sample)
