"""P Tables of HSDS 1.x and 2.x -> rows of 3.1: names of tables and columns that changed, weekdays, holidays, eligibility."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from content_cache.hsds import ENTITIES
from content_cache.publish.importers import clock_words
from content_cache.publish.importers.hsds_mend import words

Values = dict[str, Any]
_PLURALS = {
    "addresses": "address", "taxonomies": "taxonomy", "accessibilities": "accessibility", "service_capacities": "service_capacity",
    "capacities": "service_capacity", "urls": "url", "additional_urls": "url", "service_at_locations": "service_at_location",
    "services_at_location": "service_at_location", "link_taxonomies": "link_taxonomy", "eligibilities": "eligibility",
    "service_taxonomies": "service_taxonomy", "payments_accepted": "payment_accepted",
}  # fmt: skip


def table_name(file: str) -> str:
    """``Services.csv``, ``services``, ``service`` -> ``service``."""
    stem = file.rpartition("/")[2].rpartition("\\")[2].lower().removesuffix(".csv").replace("-", "_").replace(" ", "_")
    if stem in _PLURALS:
        return _PLURALS[stem]
    return stem if stem in ENTITIES or stem in OLD else stem.removesuffix("s")


def convert(table: str, row: Mapping[str, str]) -> tuple[str, Values, bool] | None:
    """(entity, values, whether it only adds to a record); None for a table that no version of HSDS has."""
    if table in OLD:
        return OLD[table](dict(row))
    if table not in ENTITIES:
        return None
    values: Values = dict(row)
    for old, new in _RENAMED.get(table, {}).items():
        if old in values and new not in values:
            values[new] = values.pop(old)
    return table, values, False


_RENAMED: Mapping[str, Mapping[str, str]] = {
    "organization": {"url": "website"},
    "service": {"eligibility": "eligibility_description", "how_to_apply": "application_process"},
    "location": {"lat": "latitude", "lng": "longitude", "lon": "longitude", "accessibility": "accessibility"},
    "taxonomy_term": {"term": "name"},
    "cost_option": {"payment": "option"},
    "accessibility": {"accessibility": "description"},
    "attribute": {"taxonomy_detail": "value"},
}


def _address(kind: str) -> Callable[[Values], tuple[str, Values, bool]]:
    def made(row: Values) -> tuple[str, Values, bool]:
        more = [row.pop(name) for name in ("address_2", "address_3", "address_4") if name in row]
        return "address", row | ({"address_2": ", ".join(more)} if more else {}) | {"address_type": kind}, False

    return made


def _regular_schedule(row: Values) -> tuple[str, Values, bool]:
    """One weekday of the week (1.x). What names no day stays as it is and becomes words."""
    written = row.pop("weekday", None)
    day = clock_words.weekday_number(written) if written is not None else None
    if day:
        row |= {"freq": "WEEKLY", "byday": day}
    elif written is not None:
        row["byday"] = written
    return "schedule", row, False


def _holiday_schedule(row: Values) -> tuple[str, Values, bool]:
    """Days that differ. ``closed``: the camp profile's closure, an attribute of the schedule."""
    renamed = {"start_date": "valid_from", "end_date": "valid_to"}
    values: Values = {renamed.get(name, name): value for name, value in row.items() if name != "closed"}
    if words(row.get("closed", "")).lower() in ("true", "t", "1", "y", "yes"):
        values = {name: value for name, value in values.items() if name not in ("opens_at", "closes_at")}
        values["hours"] = "closed"
    return "schedule", values, False


def _eligibility(row: Values) -> tuple[str, Values, bool]:
    said = row.get("eligibility") or row.get("description")
    values = {"id": row.get("service_id", ""), "eligibility_description": said}
    values |= {name: row[name] for name in ("minimum_age", "maximum_age") if name in row}
    return "service", {name: value for name, value in values.items() if value is not None}, True


def _linked(row: Values) -> tuple[str, Values, bool]:
    """A service and a term of a taxonomy; in 1.x ``taxonomy_id`` names the term."""
    term = row.get("taxonomy_term_id") or row.get("taxonomy_id")
    owner = row.get("link_id") or row.get("service_id") or ""
    entity = row.get("link_entity") or (row.get("link_type") if row.get("link_type") in ENTITIES else None) or "service"
    values = {"link_id": owner, "link_entity": entity, "link_type": "taxonomy", "value": row.get("taxonomy_detail")}
    values |= {"id": row.get("id", ""), "taxonomy_term_id": term}
    return "attribute", {name: value for name, value in values.items() if value is not None}, False


def _taxonomy(row: Values) -> tuple[str, Values, bool]:
    """1.x calls terms "taxonomy": they have parents or a vocabulary."""
    if not {"parent_id", "parent_name", "vocabulary"} & set(row):
        return "taxonomy", row, False
    values = {name: value for name, value in row.items() if name != "parent_name"}
    if "vocabulary" in values:
        values["taxonomy"] = values.pop("vocabulary")
    return "taxonomy_term", values, False


def _payment(row: Values) -> tuple[str, Values, bool]:
    return "cost_option", {("option" if name == "payment" else name): value for name, value in row.items()}, False


def _accessibility(row: Values) -> tuple[str, Values, bool]:
    return "accessibility", {("description" if name == "accessibility" else name): v for name, v in row.items()}, False


OLD: Mapping[str, Callable[[Values], tuple[str, Values, bool]]] = {
    "physical_address": _address("physical"), "physical_addresses": _address("physical"), "mail_address": _address("postal"),
    "mail_addresses": _address("postal"), "postal_address": _address("postal"), "postal_addresses": _address("postal"),
    "regular_schedule": _regular_schedule, "holiday_schedule": _holiday_schedule, "eligibility": _eligibility,
    "service_taxonomy": _linked, "service_attribute": _linked, "other_attribute": _linked, "link_taxonomy": _linked,
    "taxonomy": _taxonomy, "payment_accepted": _payment, "accessibility_for_disabilities": _accessibility,
}  # fmt: skip
"""Table of an older version -> its conversion. A weekday table has one row a day."""
