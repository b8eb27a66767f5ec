"""P The project's own invented camp: one JSON file in four languages -> HSDS. Fictional telephone numbers only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import needs, opportunities
from content_cache.hsds import Record, Translation, Value, record
from content_cache.needs import stable_id
from content_cache.publish.importers.report import Entry, Imported, Report

SOURCE = "Campbox sample"
LANGUAGES = ("en", "ar", "fa-AF", "fr")
_DAYS = {"mon": "MO", "tue": "TU", "wed": "WE", "thu": "TH", "fri": "FR", "sat": "SA", "sun": "SU"}
_TOP = {"format", "sample", "camp", "organisations", "services"}
_ORGANISATION = {"id", "name", "description"}
_OFFER = {"kind", "last_day", "skills", "speaks"}
_REQUIRED = {"id", "need", "organisation", "name", "description", "location", "hours", "last_checked"}
_OPTIONAL = {
    "more_needs", "eligibility", "application", "papers", "referral", "cost", "alert", "phones", "languages", "accessibility",
    "offer", "voucher",
}  # fmt: skip
_LOCATION = {"id", "name", "block", "sector", "landmark", "latitude", "longitude"}
_ID = re.compile(r"[a-z0-9-]{2,60}\Z")
_TIME = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]\Z")
_FICTIONAL = re.compile(r"\+999[0-9 ]{4,20}\Z")

Text = Mapping[str, str]


@dataclass
class _Building:
    records: dict[str, Record] = field(default_factory=dict)
    texts: list[Translation] = field(default_factory=list)
    locations: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, entity: str, **values: Value | Text | None) -> str:
        """Make a record; a mapping is a text in several languages. Returns its id."""
        plain = {name: value["en"] if isinstance(value, Mapping) else value for name, value in values.items()}
        made = record(entity, **plain)
        if made.id not in self.records:
            self.records[made.id] = made
            for name, value in values.items():
                if isinstance(value, Mapping):
                    self.texts += [
                        Translation(entity, made.id, name, tag, text, SOURCE, True) for tag, text in value.items() if tag != "en"
                    ]
        return made.id


def import_sample(content: bytes) -> Imported:
    """Read the sample file. Raises BadInput naming record and key: it is the project's own, so nothing is mended."""
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON in UTF-8: {error}", where="sample", mend="mend it") from error
    top = _object(document, "sample", _TOP, _TOP)
    if top["format"] != 1 or top["sample"] is not True:
        raise BadInput("not a sample of format 1", where="sample", mend='write "format": 1, "sample": true')
    building = _Building()
    organisations = {one: _organisation(building, value) for one, value in _unique(top["organisations"], "organisation")}
    services = _unique(top["services"], "service")
    for name, value in services:
        _remember_location(building, name, value)
    entries, used = list[Entry](), set[str]()
    for number, (name, value) in enumerate(services, 1):
        made = _service(building, name, value, organisations)
        used |= {value["need"], *value.get("more_needs", ())}
        entries.append(Entry("sample", number, name, "kept", made))
    more, names = needs.taxonomy(used)
    return Imported(
        (*building.records.values(), *more), (*building.texts, *names), Report({"sample": len(services)}, tuple(entries)),
        "en", LANGUAGES, SOURCE, sample=True, licence="MIT",
    )  # fmt: skip


def _fail(where: str, problem: str) -> BadInput:
    return BadInput(problem, where=f"sample: {where}", mend="mend that entry")


def _object(value: Any, where: str, known: set[str], required: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fail(where, "must be an object")
    for key in sorted(set(value) - known):
        raise _fail(where, f"unknown key {key!r}")
    for key in sorted(required - set(value)):
        raise _fail(where, f"{key} is missing")
    return value


def _unique(values: Any, kind: str) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(values, list):
        raise _fail(kind, "must be a list")
    found = list[tuple[str, dict[str, Any]]]()
    for value in values:
        name = value.get("id") if isinstance(value, dict) else None
        if not isinstance(name, str) or not _ID.match(name):
            raise _fail(f"{kind} {name!r}", "a bad id")
        if any(name == other for other, _ in found):
            raise _fail(f"{kind} {name}", "an id that is there twice")
        found.append((name, value))
    return found


def _text(value: Any, where: str) -> Text:
    if not isinstance(value, dict) or not isinstance(value.get("en"), str):
        raise _fail(where, 'must be a text in several languages, "en" among them')
    for tag, text in value.items():
        if tag not in LANGUAGES or not isinstance(text, str) or not text.strip():
            raise _fail(where, f"a bad text in {tag!r}")
    return value


def _maybe(value: Mapping[str, Any], key: str, where: str) -> Text | None:
    return _text(value[key], f"{where} {key}") if key in value else None


def _organisation(building: _Building, value: dict[str, Any]) -> str:
    where = f"organisation {value['id']}"
    _object(value, where, _ORGANISATION | {"vetted"}, _ORGANISATION)
    made = building.add(
        "organization", id=stable_id("organization", "sample", value["id"]), name=_text(value["name"], where),
        description=_text(value["description"], where),
    )  # fmt: skip
    if "vetted" in value:
        _attribute(building, made, "vetted", "Vetted on", value["vetted"], "organization")
    return made


def _remember_location(building: _Building, name: str, value: Mapping[str, Any]) -> None:
    location = value.get("location")
    if isinstance(location, dict):
        _object(location, f"{name} location", _LOCATION, {"id", "name"})
        if location["id"] in building.locations and building.locations[location["id"]] != location:
            raise _fail(f"{name} location", f"{location['id']!r} is there twice with different content")
        building.locations[location["id"]] = location


def _service(building: _Building, name: str, value: dict[str, Any], organisations: Mapping[str, str]) -> str:
    _object(value, name, _REQUIRED | _OPTIONAL, _REQUIRED)
    for slug in (value["need"], *value.get("more_needs", ())):
        if slug not in needs.BY_SLUG:
            raise _fail(name, f"unknown need {slug!r}")
    if value["organisation"] not in organisations:
        raise _fail(name, f"unknown organisation {value['organisation']!r}")
    service = building.add(
        "service", id=stable_id("service", "sample", name), organization_id=organisations[value["organisation"]],
        name=_text(value["name"], name), description=_text(value["description"], name), status="active",
        eligibility_description=_maybe(value, "eligibility", name), application_process=_maybe(value, "application", name),
        fees_description=_maybe(value, "cost", name), alert=_maybe(value, "alert", name), assured_date=value["last_checked"],
    )  # fmt: skip
    for slug in dict.fromkeys((value["need"], *value.get("more_needs", ()))):
        link = needs.link(service, slug)
        building.records[link.id] = link
    _attribute(building, service, "source", "source", f"{SOURCE} {name}")
    if value.get("referral"):
        _attribute(building, service, "referral", "Referral required", "Yes")
    _offer(building, service, name, value)
    _papers(building, service, name, value)
    _place(building, service, name, value)
    _hours(building, service, name, value)
    for number, phone in enumerate(value.get("phones", ())):
        _phone(building, service, f"{name} phone {number + 1}", phone)
    for tag in value.get("languages", ()):
        building.add("language", id=stable_id("language", service, tag), service_id=service, code=tag)
    return service


def _offer(building: _Building, service: str, name: str, value: Mapping[str, Any]) -> None:
    if value.get("voucher"):
        _attribute(building, service, "voucher", "Voucher", "Yes")
    if "offer" not in value:
        return
    told = _object(value["offer"], f"{name} offer", _OFFER, {"kind", "last_day"})
    if told["kind"] not in opportunities.KINDS or not set(told.get("skills", ())) <= set(opportunities.SKILLS):
        raise _fail(f"{name} offer", "an unknown kind or skill")
    _attribute(building, service, "opportunity", "Opportunity", told["kind"])
    _attribute(building, service, "last-day", "Last day", told["last_day"])
    for kind, values in (("skill", told.get("skills", ())), ("speaks", told.get("speaks", ()))):
        for one in values:
            _attribute(building, service, kind, kind, one)


def _attribute(building: _Building, one: str, kind: str, label: str, text: str, entity: str = "service") -> None:
    building.add(
        "attribute", id=stable_id("attribute", one, kind, label, text), link_id=one, link_entity=entity,
        link_type=kind, label=label, value=text,
    )  # fmt: skip


def _papers(building: _Building, service: str, name: str, value: Mapping[str, Any]) -> None:
    if value.get("papers") == []:
        _attribute(building, service, "papers", "papers", "none")
    for paper in value.get("papers", ()):
        text = _text(paper, f"{name} papers")
        building.add("required_document", id=stable_id("required_document", service, text["en"]), service_id=service, document=text)


def _place(building: _Building, service: str, name: str, value: Mapping[str, Any]) -> None:
    chosen = value["location"]["id"] if isinstance(value["location"], dict) else value["location"]
    location = building.locations.get(chosen)
    if location is None:
        raise _fail(name, f"unknown location {chosen!r}")
    place = building.add(
        "location", id=stable_id("location", "sample", chosen), location_type="physical", name=_text(location["name"], name),
        description=_maybe(location, "landmark", name), latitude=location.get("latitude"), longitude=location.get("longitude"),
    )  # fmt: skip
    parts = [f"{word} {location[key]}" for key, word in (("sector", "Sector"), ("block", "Block")) if key in location]
    building.add(
        "address", id=stable_id("address", place), location_id=place, address_1=", ".join(parts), city="", state_province="",
        postal_code="", country="", address_type="physical",
    )  # fmt: skip
    for key in ("sector", "block"):
        if key in location:
            building.add(
                "attribute", id=stable_id("attribute", place, key), link_id=place, link_entity="location", link_type="place",
                label=key, value=str(location[key]),
            )  # fmt: skip
    building.add("service_at_location", id=stable_id("service_at_location", service, place), service_id=service, location_id=place)
    for way in value.get("accessibility", ()):
        text = _text(way, f"{name} accessibility")
        building.add("accessibility", id=stable_id("accessibility", place, text["en"]), location_id=place, description=text)


def _hours(building: _Building, service: str, name: str, value: Mapping[str, Any]) -> None:
    for number, hours in enumerate(value["hours"]):
        where = f"{name} hours {number + 1}"
        _object(hours, where, {"days", "opens", "closes", "note"}, {"days", "opens", "closes"})
        if not hours["days"] or not set(hours["days"]) <= set(_DAYS):
            raise _fail(where, "days must be of mon tue wed thu fri sat sun")
        if not _TIME.match(hours["opens"]) or not _TIME.match(hours["closes"]):
            raise _fail(where, "opens and closes must be HH:MM")
        building.add(
            "schedule", id=stable_id("schedule", service, number), service_id=service, freq="WEEKLY", interval=1, wkst="SU",
            byday=",".join(code for day, code in _DAYS.items() if day in hours["days"]), opens_at=hours["opens"],
            closes_at="00:00" if hours["closes"] == "24:00" else hours["closes"], notes=_maybe(hours, "note", where),
        )  # fmt: skip


def _phone(building: _Building, service: str, where: str, phone: Any) -> None:
    _object(phone, where, {"number", "label"}, {"number"})
    if not isinstance(phone["number"], str) or not _FICTIONAL.match(phone["number"]):
        raise _fail(where, "not a fictional number: it must begin with +999")
    building.add(
        "phone", id=stable_id("phone", service, phone["number"]), service_id=service, number=phone["number"], type="voice",
        description=_maybe(phone, "label", where),
    )  # fmt: skip
