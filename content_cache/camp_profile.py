"""P The camp profile of HSDS 3.1: what a camp cannot have, and what is written in its place (docs/camp-profile.md).

The specification requires these fields. A camp has no postcode and a programme often no description: an empty text, or the
value named here, stands for "nobody said". Every other required field must be there, or the record is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

MAY_BE_EMPTY: Mapping[tuple[str, str], str] = {
    ("address", "address_1"): "",
    ("address", "city"): "",
    ("address", "state_province"): "",
    ("address", "postal_code"): "",
    ("address", "country"): "",
    ("address", "address_type"): "physical",
    ("location", "location_type"): "physical",
    ("organization", "description"): "",
    ("program", "description"): "",
    ("service", "status"): "active",
    ("taxonomy", "description"): "",
    ("taxonomy_term", "description"): "",
    ("metadata", "previous_value"): "",
    ("metadata", "replacement_value"): "",
    ("metadata", "field_name"): "",
    ("metadata", "updated_by"): "",
    ("organization_identifier", "identifier_type"): "",
}
"""(entity, required field) -> what is written where a source says nothing."""

PLACE = "place"
"""``link_type`` of an attribute of a location that says where in the camp it is."""
LABELS = ("district", "sector", "block", "street", "shelter", "distance")
"""Labels of such attributes, from the widest to the narrowest; ``address_1`` is them in words."""
OUTLINE = "outline"
"""Label of the attribute (``link_type`` "geometry") that holds a location's shape as GeoJSON (RFC 7946 section 3.1)."""
GEOMETRY = "geometry"

STATUS: Mapping[str, str] = {
    "open": "active", "live": "active", "published": "active", "running": "active", "ongoing": "active",
    "closed": "temporarily closed", "suspended": "temporarily closed", "on hold": "temporarily closed",
    "temporarily_closed": "temporarily closed", "ended": "defunct", "deleted": "defunct", "archived": "defunct",
    "planned": "inactive", "draft": "inactive", "under construction": "inactive",
}  # fmt: skip
"""Words that sources use for a service's status, and the specification's."""


def address_line(parts: Mapping[str, str]) -> str:
    """``{"sector": "3", "block": "12"}`` -> "Sector 3, Block 12": how a block is written where streets have no names."""
    return ", ".join(f"{label.capitalize()} {parts[label]}" for label in LABELS if parts.get(label))
