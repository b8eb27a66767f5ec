"""P A survey of a camp's facilities (CSV or GeoJSON, as REACH publishes them) -> HSDS, every facility accounted for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import camp_profile, needs
from content_cache.hsds import LONGEST_TEXT, Record, Translation, Value, record
from content_cache.needs import stable_id
from content_cache.publish.importers import camp_hours, facility_words, hsds_mend, tables
from content_cache.publish.importers.hsds_finish import attribute
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.importers.shapes import centre, outline

ARABIC = re.compile(r"[\u0620-\u064a]")


@dataclass
class _Made:
    """What one facility became so far."""

    place: str = ""
    service: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    texts: list[Translation] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)

    def add(self, entity: str, **values: Value | None) -> str:
        one = record(entity, **values)
        self.records[one.id] = one
        return one.id

    def say(self, entity: str, id: str, name: str, text: str, *, draft: bool = False) -> None:
        """In Arabic; ``draft``: words of the project, not of the survey."""
        self.texts.append(Translation(entity, id, name, "ar", text, "campbox" if draft else SOURCE, draft))


SOURCE = "Facility survey"


def matches(names: set[str]) -> bool:
    """Whether these are the columns of such a survey."""
    return {"OBJECTID_1", "TYPE", "NAME_EN"} <= names


def import_csv(untrusted: bytes, *, site: str, country: str, file: str = "facilities.csv") -> Imported:
    """Raises BadInput when the file is no such table. ``site`` makes the ids: camps number their facilities alike."""
    rows = tables.read(untrusted, file)
    if rows and not matches({name for row in rows for name in row}):
        raise BadInput("no columns OBJECTID_1, TYPE and NAME_EN", where=file, mend="name a facility survey")
    return _import([(row, None) for row in rows], site, country, file)


def import_geojson(untrusted: Any, *, site: str, country: str, file: str = "facilities.geojson") -> Imported:
    """The same facilities with their shapes (RFC 7946). Raises BadInput."""
    features = untrusted.get("features") if isinstance(untrusted, dict) else None
    if not isinstance(features, list):
        raise BadInput("not a FeatureCollection", where=file, mend="export it as GeoJSON")
    return _import([_feature(one) for one in features], site, country, file)


def _feature(untrusted: Any) -> tuple[dict[str, str], Any]:
    properties = untrusted.get("properties") if isinstance(untrusted, dict) else None
    if not isinstance(properties, dict):
        return {}, None
    texts = {name: str(value).strip() for name, value in properties.items() if isinstance(value, (str, int, float))}
    return {name: text for name, text in texts.items() if text}, untrusted.get("geometry")


def _import(rows: list[tuple[dict[str, str], Any]], site: str, country: str, file: str) -> Imported:
    records, texts, entries, used = dict[str, Record](), list[Translation](), list[Entry](), set[str]()
    bodies = dict[str, str]()
    for number, (written, geometry) in enumerate(rows, 1):
        row, mends = _tidied(written)
        key, body = row.get("OBJECTID_1", "")[:60], json.dumps([row, geometry], sort_keys=True)
        refusal = _refusal(row, key)
        if refusal:
            entries.append(Entry(file, number, key, "refused", None, (f"refused: {refusal}",)))
            continue
        place = stable_id("location", "facilities", site, key)
        if bodies.get(key) == body:
            entries.append(Entry(file, number, key, "merged", place, ("the same record again: nothing differs",)))
            continue
        made = _Made(mends=mends, place=place if key not in bodies else stable_id("location", "facilities", site, key, body))
        if key in bodies:
            made.notes.append("same id, other content: both are kept, please look at the source")
        bodies.setdefault(key, body)
        _facility(made, row, geometry, country)
        records |= made.records
        texts += made.texts
        used |= made.needs
        outcome = "mended" if made.mends else "kept"
        became = made.service or made.place
        entries.append(Entry(file, number, key, outcome, became, tuple(made.mends), tuple(made.notes)))  # type: ignore[arg-type]
    terms, names = needs.taxonomy(used)
    report = Report({file: len(rows)}, tuple(entries))
    return Imported((*records.values(), *terms), (*texts, *names), report, "en", ("en", "ar"), SOURCE, sample=False)


def _tidied(written: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Texts without control characters and needless spaces, empty ones left out; and what was mended."""
    tidy = {name: " ".join(hsds_mend.tidy(text).split())[:LONGEST_TEXT] for name, text in written.items()}
    mends = [f"spaces or control characters mended: {name}" for name, text in written.items() if tidy[name] != text]
    return {name: text for name, text in tidy.items() if text}, mends


def _refusal(row: Mapping[str, str], key: str) -> str:
    if not key:
        return "no OBJECTID_1"
    if not row.get("NAME_EN") and not row.get("NAME_AR"):
        return "no name"
    return f"a plot without a facility: {row['TYPE']}" if row.get("TYPE") in facility_words.EMPTY else ""


def _facility(made: _Made, row: Mapping[str, str], geometry: Any, country: str) -> None:
    kind = facility_words.KINDS.get(row.get("TYPE", ""))
    if kind is None:
        made.notes.append(f"unknown type: {row.get('TYPE', '')} (kept as written)")
    name = row.get("NAME_EN") or row["NAME_AR"]
    _place(made, row, geometry, country, name)
    if kind is not None and not kind.needs:
        made.notes.append(f"a place, not a service for people: {row['TYPE']}")
        return
    _services(made, row, name, kind or facility_words.OTHER)


def _place(made: _Made, row: Mapping[str, str], geometry: Any, country: str, name: str) -> None:
    latitude, longitude = centre(geometry) or (None, None)
    made.add("location", id=made.place, location_type="physical", name=name, latitude=latitude, longitude=longitude)
    district = row.get("DISTRICT", "")
    made.add(
        "address", id=stable_id("address", made.place), location_id=made.place, country=country, address_type="physical",
        address_1=camp_profile.address_line({"district": district}), city="", state_province="", postal_code="",
    )  # fmt: skip
    facts = [(camp_profile.PLACE, "district", district), (camp_profile.GEOMETRY, camp_profile.OUTLINE, outline(geometry))]
    facts.append(("activity", "type", row.get("TYPE", "")))
    for kind, label, value in facts:
        if value:
            one = attribute(("location", made.place), kind, label, value)
            made.records[one.id] = one
    if geometry is not None and latitude is None:
        made.notes.append("a shape that cannot be read: no coordinates")
    _arabic_name(made, row, "location", made.place)


def _arabic_name(made: _Made, row: Mapping[str, str], entity: str, id: str, behind: str = "") -> None:
    english, arabic = row.get("NAME_EN", ""), row.get("NAME_AR", "")
    contrary = bool(english) and facility_words.says_vacant(arabic) != facility_words.says_vacant(english)
    if ARABIC.search(arabic) and not contrary:
        made.say(entity, id, "name", f"{arabic}{behind}")
    if entity != "location":
        return
    if not arabic:
        made.notes.append("languages disagree on the name: no Arabic one")
    elif not ARABIC.search(arabic):
        made.notes.append(f"languages disagree on the name: the Arabic one is Latin: {arabic[:80]}")
    elif contrary:
        made.notes.append(f"languages disagree on the name: {english[:80]} is written {arabic[:80]}")
    elif not english:
        made.notes.append("languages disagree on the name: no English one")


def _services(made: _Made, row: Mapping[str, str], name: str, kind: facility_words.Kind) -> None:
    """One service, and one more for every desk that has hours of its own."""
    understood = camp_hours.understand(row.get("HOURS_EN", ""))
    made.mends += understood.mends
    if row.get("HOURS_AR", "") != row.get("HOURS_EN", ""):
        made.notes.append(f"languages disagree on hours: {row.get('HOURS_EN', '')!r} and {row.get('HOURS_AR', '')!r}")
    labels = dict.fromkeys(["", *(piece.label for piece in understood.pieces)])
    for label in labels:
        service = stable_id("service", made.place, label)
        pieces = [piece for piece in understood.pieces if piece.label == label]
        _service(made, row, name, kind, service, label)
        for number, piece in enumerate(pieces):
            made.add(
                "schedule", id=stable_id("schedule", service, number), service_id=service, freq="WEEKLY", interval=1, wkst="SU",
                byday=",".join(piece.days), opens_at=piece.opens, closes_at=piece.closes,
            )  # fmt: skip
        made.service = made.service or service
    for label in labels:
        if label:
            made.mends.append(f"a desk with hours of its own became a service: {label}")
    if understood.words:
        written = ", ".join(understood.words)
        made.add("schedule", id=stable_id("schedule", made.service, "words"), service_id=made.service, notes=written)
        made.mends.append(f"hours kept as words, not guessed: {written}")


def _service(made: _Made, row: Mapping[str, str], name: str, kind: facility_words.Kind, service: str, label: str) -> None:
    building = row.get("IS_CONSTRU") == "Y"
    known = facility_words.DESKS.get(label.upper(), facility_words.Word(label, label))
    made.add(
        "service",
        id=service,
        organization_id=_operator(made, row),
        name=f"{name} ({known.en})" if label else name,
        description=None if label else row.get("HEALTH_EN"),
        status="inactive" if building else "active",
        alert="Under construction" if building else None,
    )
    if building:
        made.say("service", service, "alert", "قيد الإنشاء", draft=True)
    made.add("service_at_location", id=stable_id("service_at_location", service, made.place), service_id=service,
             location_id=made.place)  # fmt: skip
    _arabic_name(made, row, "service", service, f" ({known.ar})" if label else "")
    _offers(made, row, service, kind, label)


def _operator(made: _Made, row: Mapping[str, str]) -> str | None:
    operator = row.get("OPERATOR", "")
    if not operator:
        made.notes.append("no operator")
        return None
    return made.add("organization", id=stable_id("organization", "name", operator.lower()), name=operator, description="")


def _offers(made: _Made, row: Mapping[str, str], service: str, kind: facility_words.Kind, label: str) -> None:
    slugs = set(kind.needs)
    if not label:
        for column, word in facility_words.OFFERS.items():
            if row.get(column) in ("Y", "N"):
                slugs |= {word.need} if row[column] == "Y" else set()
                one = attribute(("service", service), "offer" if row[column] == "Y" else "offer-inactive", "indicator", word.en)
                made.records[one.id] = one
                made.say("attribute", one.id, "value", word.ar, draft=True)
        health = row.get("HEALTH_AR", "")
        if ARABIC.search(health):
            made.say("service", service, "description", health)
        elif health:
            made.notes.append("languages disagree on what is offered: the Arabic text is English")
        if row.get("HEALTH_TYP", "").startswith("Camp Facility with Health"):
            slugs.add("health")
    for slug in sorted(slugs):
        link = needs.link(service, slug)
        made.records[link.id] = link
    made.needs |= slugs
