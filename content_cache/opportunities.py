"""P Work, courses, volunteering, homes and events: HSDS services that end on a day, from organisations somebody has vetted.

Camp profile (docs/adr/0156): attributes of a service. ``link_type`` "opportunity" has the kind, "last-day" the last day on which
it can be had, "skill" a skill it asks for, "speaks" a language it asks for (BCP 47), "voucher" that it is a scheme of vouchers.
An attribute of its organisation, ``link_type`` "vetted", has the day on which it was vetted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from content_cache.hsds import Record

KINDS: Mapping[str, str] = {
    "job": "livelihood",
    "training": "training",
    "volunteering": "community-building",
    "housing": "house",
    "event": "calendar",
}
"""Kind -> icon."""
SKILLS = (
    "teaching", "childcare", "health-care", "translating", "computers", "driving", "building", "sewing", "cooking", "farming",
    "cleaning", "selling",
)  # fmt: skip
ASKS_TRUST = ("opportunity", "voucher")
"""``link_type`` of the attributes of a service that boxes show of vetted organisations only."""
_BELONGS = ("service_id", "service_at_location_id", "phone_id", "contact_id", "link_id", "resource_id")
MOST_TICKED = 12
"""Skills and languages of one reader that are read from an address."""


@dataclass(frozen=True)
class Offer:
    """One opportunity. ``last_day`` is ISO, empty where it has no end; ``vetted`` the day its organisation was vetted."""

    kind: str
    last_day: str
    skills: frozenset[str]
    languages: frozenset[str]
    vetted: str

    def over(self, today: datetime.date) -> bool:
        """Whether its last day has passed."""
        return bool(self.last_day) and self.last_day < today.isoformat()


@dataclass(frozen=True)
class Fit:
    """How an offer meets what a reader ticked: what it asks for besides. Of several languages one is enough."""

    skills: frozenset[str]
    languages: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.skills and not self.languages


def offer(document: Mapping[str, Any]) -> Offer | None:
    """What a nested service offers; None where it is no opportunity, or of a kind nobody knows."""
    told = list(_told(document))
    kind = next((value for name, value in told if name == "opportunity"), "")
    if kind not in KINDS:
        return None
    return Offer(
        kind,
        max((_day(value) for name, value in told if name == "last-day"), default=""),
        frozenset(value for name, value in told if name == "skill" and value in SKILLS),
        frozenset(value for name, value in told if name == "speaks"),
        _vetted(document),
    )


def is_voucher(document: Mapping[str, Any]) -> bool:
    """Whether a nested service is a scheme of vouchers."""
    return any(name == "voucher" for name, _ in _told(document))


def vetted_only(records: Iterable[Record]) -> list[Record]:
    """Without opportunities and vouchers of organisations that nobody has vetted, and without what belongs to those services."""
    kept = list(records)
    attributes = [one.values for one in kept if one.entity == "attribute"]
    vetted = {one["link_id"] for one in attributes if one.get("link_type") == "vetted" and _day(str(one.get("value", "")))}
    asking = {one["link_id"] for one in attributes if one.get("link_type") in ASKS_TRUST and "link_id" in one}
    hidden = {
        one.id for one in kept if one.entity == "service" and one.id in asking and one.values.get("organization_id") not in vetted
    }
    found = set(hidden)
    while found:
        found = {one.id for one in kept if one.id not in hidden and any(one.values.get(name) in hidden for name in _BELONGS)}
        hidden |= found
    return [one for one in kept if one.id not in hidden] if hidden else kept


def fit(one: Offer, skills: Set[str], languages: Set[str]) -> Fit:
    """What an offer asks for that was not ticked."""
    spoken = not one.languages or bool(one.languages & languages)
    return Fit(one.skills - skills, frozenset() if spoken else one.languages)


def ticked(untrusted: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The choices of an address that the table knows."""
    kept = set(known)
    return frozenset(value for value in list(untrusted)[: 2 * MOST_TICKED] if value in kept)


def _told(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for attribute in part.get("attributes", ()):
        yield str(attribute.get("link_type", "")), str(attribute.get("value", ""))


def _vetted(document: Mapping[str, Any]) -> str:
    organisation = document.get("organization", {})
    return max((_day(value) for name, value in _told(organisation) if name == "vetted"), default="")


def _day(untrusted: str) -> str:
    """An ISO date, or nothing: a vetting that says no day is none."""
    try:
        return datetime.date.fromisoformat(untrusted).isoformat()
    except ValueError:
        return ""
