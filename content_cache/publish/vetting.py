"""P Which organisations the hub has vetted, laid over the catalogue: of opportunities boxes show only theirs (docs/adr/0171).

What a source says of its own vetting counts for nothing. The invented sample keeps its own: only a demo shows it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from appliance.errors import BadInput
from content_cache import opportunities
from content_cache.hsds import Record, record
from content_cache.layers import VETTED
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Organisation:
    """One of a catalogue: how many services it has, how many of them are ``asking`` for its vetting, and its day ("" for none)."""

    id: str
    name: str
    services: int
    asking: int
    day: str


def content(catalogue: Catalogue, organisation: str, day: str) -> dict[str, str]:
    """A vetting as the desk keeps it. Raises BadInput for an organisation that is not in the catalogue."""
    found = next((one for one in catalogue.records if (one.entity, one.id) == ("organization", organisation)), None)
    if found is None or not _DAY.match(day):
        raise BadInput("there is no such organisation in the catalogue", mend="look at the page again")
    return {"organisation": organisation, "name": str(found.values["name"]), "day": day}


def applied(catalogue: Catalogue, days: Mapping[str, str]) -> Catalogue:
    """The catalogue with these vettings (organisation -> day) and no others; one of an organisation that is gone does nothing."""
    kept = [one for one in catalogue.records if catalogue.header.sample or not _is_vetting(one)]
    there = {one.id for one in kept if one.entity == "organization"}
    return replace(catalogue, records=(*kept, *(_record(one, day) for one, day in sorted(days.items()) if one in there)))


def organisations(catalogue: Catalogue) -> list[Organisation]:
    """Those that wait for a vetting first, then those with opportunities, then by name."""
    days = {str(one.values["link_id"]): str(one.values.get("value", "")) for one in catalogue.records if _is_vetting(one)}
    marks = {one.values.get("link_id") for one in catalogue.records if one.values.get("link_type") in opportunities.ASKS_TRUST}
    services = [one for one in catalogue.records if one.entity == "service"]
    having = Counter(str(one.values.get("organization_id", "")) for one in services)
    asking = Counter(str(one.values.get("organization_id", "")) for one in services if one.id in marks)
    found = [
        Organisation(one.id, str(one.values["name"]), having[one.id], asking[one.id], days.get(one.id, ""))
        for one in catalogue.records
        if one.entity == "organization"
    ]
    return sorted(found, key=lambda one: (not (one.asking and not one.day), not one.asking, one.name.casefold(), one.id))


def _is_vetting(one: Record) -> bool:
    return one.entity == "attribute" and one.values.get("link_type") == VETTED


def _record(organisation: str, day: str) -> Record:
    return record(
        "attribute", id=stable_id("attribute", organisation, VETTED), link_id=organisation, link_entity="organization",
        link_type=VETTED, label="Vetted on", value=day,
    )  # fmt: skip
