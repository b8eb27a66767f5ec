"""P The table that an NGO fills in -> HSDS, every row accounted for; a row with a known service's id changes only its cells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import camp_profile, needs
from content_cache.hsds import Record, Translation
from content_cache.needs import stable_id
from content_cache.publish.importers import camp_hours, need_guess, template_offers
from content_cache.publish.importers import template_columns as columns
from content_cache.publish.importers.hsds_finish import attribute
from content_cache.publish.importers.hsds_mend import Mended, mend
from content_cache.publish.importers.report import Entry, Imported, Outcome, Report
from content_cache.publish.importers.tables import Row

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_NONE = frozenset(["none", "no", "nothing", "-", "لا شيء"])
SOURCE = "table"


@dataclass
class _Made:
    """One row: its cells by column and language, and what it became so far. ``partial``: it changes a service that is there."""

    cells: Mapping[str, str]
    tagged: Mapping[tuple[str, str], str]
    partial: bool
    service: str
    records: dict[str, Record] = field(default_factory=dict)
    texts: list[Translation] = field(default_factory=list)
    replaces: set[tuple[str, str, str]] = field(default_factory=set)
    mends: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, entity: str, **values: Any) -> str:
        """A record, its values mended as any other source's are. Raises BadInput where it cannot be one."""
        return self._add(mend(entity, _told(values), SOURCE))

    def change(self, entity: str, **values: Any) -> str:
        """The same of a record that is elsewhere: only these values of it."""
        return self._add(mend(entity, _told(values), SOURCE, partial=True))

    def _add(self, made: Mended) -> str:
        self.mends += made.mends
        self.notes += made.notes
        one = Record(made.entity, made.values)
        self.records[one.id] = one
        return one.id

    def say(self, entity: str, id: str, name: str, column: str) -> None:
        """The cells of that column in other languages."""
        for (of, tag), text in self.tagged.items():
            if of == column:
                self.texts.append(Translation(entity, id, name, tag, text, self.cells.get("organisation", SOURCE), False))

    def several(self, column: str) -> list[str]:
        return [part.strip() for part in re.split(r"[;\n]", self.cells.get(column, "")) if part.strip()]


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def import_rows(rows: Sequence[Row], *, file: str, country: str, language: str = "en") -> Imported:
    """Rows by heading. Raises BadInput when the headings are not the template's."""
    if rows and not columns.matches({name for row in rows for name in row}):
        raise BadInput('no column "key" with others of the template', where=file, mend="fill in: campbox catalogue template FILE")
    entries, records, texts = list[Entry](), dict[str, Record](), list[Translation]()
    replaces, bodies = set[tuple[str, str, str]](), dict[str, str]()
    for number, row in enumerate(rows, 1):
        made = _row(row, bodies)
        outcome, why = made if isinstance(made, tuple) else _fill(made, country)
        if isinstance(made, tuple) or outcome == "refused":
            became = why.pop() if outcome == "merged" else None
            entries.append(Entry(file, number, row.get("key", "")[:60], outcome, became, tuple(why)))
            continue
        records |= made.records
        texts += made.texts
        replaces |= made.replaces
        entries.append(Entry(file, number, row.get("key", "")[:60], outcome, made.service, tuple(why), tuple(made.notes)))
    slugs = {str(one.values["value"]) for one in records.values() if one.values.get("label") == "need"}
    terms, names = needs.taxonomy(slugs) if slugs else ([], [])
    languages = (language, *sorted({text.tag for text in texts} - {language}))
    report = Report({file: len(rows)}, tuple(entries))
    return Imported(
        (*records.values(), *terms),
        (*texts, *names),
        report,
        language,
        languages,
        SOURCE,
        sample=False,
        replaces=frozenset(replaces),
    )


def _row(row: Row, bodies: dict[str, str]) -> _Made | tuple[Outcome, list[str]]:
    """What a row is of; or what became of it where there is nothing to read (a merge ends with the id it went into)."""
    split = {columns.split(heading): text for heading, text in row.items()}
    cells = {name: text for (name, tag), text in split.items() if not tag}
    tagged = {(name, _tag(tag)): text for (name, tag), text in split.items() if tag}
    key = cells.get("key", "")
    if key.lower().startswith(columns.EXAMPLE):
        return "refused", ["refused: the example row of the empty file"]
    if not key:
        return "refused", ["refused: no key"]
    partial = bool(_UUID.match(key))
    service = key.lower() if partial else stable_id("service", SOURCE, cells.get("organisation", "").lower(), key)
    body = json.dumps(row, sort_keys=True)
    if bodies.get(service) == body:
        return "merged", ["the same record again: nothing differs", service]
    notes = list[str]()
    if service in bodies:
        if partial:
            return "refused", ["refused: another row changes the same service; put both into one row"]
        service = stable_id("service", SOURCE, "again", service, body)
        notes.append("same key, other content: both are kept, please look at the source")
    bodies[service] = body
    return _Made(cells, tagged, partial, service, notes=notes)


def _tag(tag: str) -> str:
    language, *rest = tag.split("-")
    return "-".join([language.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def _fill(made: _Made, country: str) -> tuple[Outcome, list[str]]:
    try:
        _service(made)
        _needs(made)
        _children(made)
        _hours(made)
        _place(made, country)
        _offer(made)
        _rest(made)
    except BadInput as error:
        return "refused", [f"refused: {error.what}"]
    return ("mended" if made.mends else "kept"), made.mends


def _service(made: _Made) -> None:
    if not made.partial and not made.cells.get("organisation"):
        raise BadInput("no organisation")
    organisation = made.cells.get("organisation")
    if organisation:
        organisation = made.add(
            "organization", id=stable_id("organization", "name", organisation.lower()), name=organisation, description=""
        )
    filled = {column.field: made.cells.get(column.name) for column in columns.COLUMNS if column.field}
    status = filled.pop("status") or (None if made.partial else "active")
    put = made.change if made.partial else made.add
    put("service", id=made.service, organization_id=organisation, status=status, **filled)
    for column in columns.COLUMNS:
        if column.field and column.translated:
            made.say("service", made.service, column.field, column.name)


def _needs(made: _Made) -> None:
    named = {word: need_guess.named(word) for word in made.several("needs")}
    made.notes += [f"unknown need: {word}" for word, slug in named.items() if slug is None]
    slugs = list(dict.fromkeys(slug for slug in named.values() if slug))
    if not slugs and not made.partial:
        slugs = need_guess.guess([made.cells.get("name", "")], [made.cells.get("description", "")]) or [need_guess.OTHERWISE]
        made.notes.append(f"need not told: put under {', '.join(slugs)}")
    for slug in slugs:
        link = needs.link(made.service, slug)
        made.records[link.id] = link


def _children(made: _Made) -> None:
    """Lists in one cell: a service that is changed has these and no others."""
    papers = [] if made.cells.get("papers", "").lower() in _NONE else made.several("papers")
    if made.cells.get("papers", "").lower() in _NONE and "papers" in made.cells:
        _attribute(made, "papers", "papers", "none")
    for entity, name, values in (
        ("required_document", "document", papers), ("phone", "number", made.several("phones")),
        ("language", "code", made.several("languages")),
    ):  # fmt: skip
        if values and made.partial:
            made.replaces.add((entity, "service_id", made.service))
        for value in values:
            more = {"type": "voice"} if entity == "phone" else {}
            made.add(entity, id=stable_id(entity, made.service, value), service_id=made.service, **{name: value}, **more)


def _hours(made: _Made) -> None:
    written, note = made.cells.get("hours", ""), made.cells.get("hours note")
    if not written and not note:
        return
    if made.partial:
        made.replaces.add(("schedule", "service_id", made.service))
    understood = camp_hours.understand(written)
    made.mends += understood.mends
    pieces = [] if any(piece.label for piece in understood.pieces) else understood.pieces
    if written and (understood.words or not pieces):
        made.mends.append(f"hours kept as words, not guessed: {written[:200]}")
        note, pieces = "; ".join([written, *([note] if note else [])]), []
    dates = {"valid_from": made.cells.get("valid from"), "valid_to": made.cells.get("valid to")}
    for number, piece in enumerate(pieces or [None]):
        week = {"freq": "WEEKLY", "interval": 1, "wkst": "SU", "byday": ",".join(piece.days)} if piece else {}
        times = {"opens_at": piece.opens, "closes_at": piece.closes} if piece else {}
        schedule = stable_id("schedule", made.service, number)
        made.add("schedule", id=schedule, service_id=made.service, notes=note, **week, **times, **dates)
        made.say("schedule", schedule, "notes", "hours note")


def _place(made: _Made, country: str) -> None:
    cells = made.cells
    parts = {label: cells[label] for label in camp_profile.LABELS if label in cells}
    name = cells.get("place") or cells.get("landmark") or camp_profile.address_line(parts)
    if not name:
        if not made.partial:
            made.notes.append("no place")
        return
    point = [cells.get(axis, "").replace(",", ".") or None for axis in ("latitude", "longitude")]
    place = stable_id("location", SOURCE, cells.get("organisation", "").lower(), name, *parts.values(), *point)
    made.add(
        "location", id=place, location_type="physical", name=name, description=cells.get("landmark"), latitude=point[0],
        longitude=point[1],
    )  # fmt: skip
    made.say("location", place, "name", "place")
    made.say("location", place, "description", "landmark")
    address = {"address_1": camp_profile.address_line(parts), "country": country, "address_type": "physical"}
    made.add("address", id=stable_id("address", place), location_id=place, **address)
    for label, value in parts.items():
        one = attribute(("location", place), camp_profile.PLACE, label, value)
        made.records[one.id] = one
    if made.partial:
        made.replaces.add(("service_at_location", "service_id", made.service))
    made.add(
        "service_at_location", id=stable_id("service_at_location", made.service, place), service_id=made.service, location_id=place
    )
    for way in made.several("accessibility"):
        made.add("accessibility", id=stable_id("accessibility", place, way), location_id=place, description=way)


def _offer(made: _Made) -> None:
    lists = {column: made.several(column) for column in (template_offers.SKILLS_ASKED, template_offers.SPEAKS)}
    told = template_offers.read(made.cells, lists, partial=made.partial)
    made.notes += told.notes
    for kind, label, value in told.attributes:
        _attribute(made, kind, label, value)


def _rest(made: _Made) -> None:
    """Columns of the NGO's own stay as attributes: nothing is dropped."""
    _attribute(made, "source", "source", f"{made.cells.get('organisation', SOURCE)} {made.cells['key']}")
    for name, text in made.cells.items():
        if name not in columns.BY_NAME:
            made.notes.append(f"unknown column: {name[:60]} (kept as an attribute)")
            _attribute(made, "source-property", name[:200], text)
    made.notes += [f"left out, a column without languages: {of} [{tag}]" for of, tag in made.tagged if not _translatable(of)]


def _translatable(name: str) -> bool:
    return name in columns.BY_NAME and columns.BY_NAME[name].translated


def _attribute(made: _Made, kind: str, label: str, value: str) -> None:
    one = attribute(("service", made.service), kind, label, value[:2_000])
    made.records[one.id] = one
