"""P A stored service -> what a reader of one language sees of it: the nearest text there is, marked with its language."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.web.languages import BY_TAG
from content_cache import hours
from content_cache.hours import Span, Week

OLD_AFTER = datetime.timedelta(days=180)
"""An entry nobody has checked for this long "may have changed"."""
_RTL = {"ar", "fa", "prs", "ur", "ps", "ckb", "sd", "ug", "he", "yi", "dv"}
_TEL = re.compile(r"[^0-9+]")

Texts = Mapping[str, Mapping[str, Mapping[str, Sequence[Any]]]]


@dataclass(frozen=True)
class Text:
    """A text with its language. ``foreign``: not the reader's; ``machine``: translated by a machine, not read by a person."""

    text: str
    tag: str
    direction: str
    foreign: bool
    machine: bool

    @property
    def paragraphs(self) -> list[str]:
        """Its paragraphs, for a page."""
        return [line.strip() for line in self.text.split("\n") if line.strip()]


@dataclass(frozen=True)
class Place:
    """Where a service is."""

    name: Text | None
    landmark: Text | None
    block: str
    sector: str
    point: tuple[float, float] | None
    accessibility: tuple[Text, ...]


@dataclass(frozen=True)
class Rare:
    """A schedule that is no weekly rule, told by its words: every two weeks, once a month."""

    often: Text | None
    days: tuple[int, ...]
    span: Span | None


@dataclass(frozen=True)
class Note:
    """A word about some of the hours; ``days`` is empty where it holds for all of them."""

    days: tuple[int, ...]
    text: Text


@dataclass(frozen=True)
class Phone:
    """A number as written, as dialled, and what it is for."""

    number: str
    dial: str
    label: Text | None


@dataclass(frozen=True)
class Brief:
    """What a list shows."""

    id: str
    need: str
    name: Text
    organisation: Text | None
    place: Text | None
    ended: bool
    old: bool


@dataclass(frozen=True)
class Whole:
    """What the page of a service shows. ``papers`` is None where nobody said, empty where none are needed."""

    brief: Brief
    needs: tuple[str, ...]
    description: Text | None
    offers: tuple[Text, ...]
    eligibility: Text | None
    way_in: Text | None
    papers: tuple[Text, ...] | None
    cost: Text | None
    alert: Text | None
    week: Week
    rare: tuple[Rare, ...]
    notes: tuple[Note, ...]
    places: tuple[Place, ...]
    areas: tuple[Text, ...]
    phones: tuple[Phone, ...]
    languages: tuple[str, ...]
    source: str
    checked: str
    tags: tuple[str, ...]
    machine: bool


class Reader:
    """Chooses, for one reader's language, among the languages a text is there in."""

    def __init__(self, tag: str, written: str, texts: Texts) -> None:
        self.tag, self.written, self.texts = tag, written, texts
        self.seen: dict[str, bool] = {}

    def pick(self, part: Mapping[str, Any], field: str) -> Text | None:
        """The field of a record in the nearest language: the reader's, a sister of it, else as it was written."""
        own = str(part.get(field) or "")
        known = self.texts.get(str(part.get("id")), {}).get(field, {})
        if own and self.tag == self.written:
            return self._text(own, self.written, False)
        if self.tag in known:
            return self._text(str(known[self.tag][0]), self.tag, bool(known[self.tag][1]))
        sisters = [tag for tag in sorted(known) if tag.split("-")[0] == self.tag.split("-")[0]]
        if sisters:
            return self._text(str(known[sisters[0]][0]), sisters[0], bool(known[sisters[0]][1]))
        return self._text(own, self.written, False) if own else None

    def _text(self, text: str, tag: str, machine: bool) -> Text:
        language = BY_TAG.get(tag)
        direction = language.direction if language else ("rtl" if tag.split("-")[0] in _RTL else "ltr")
        self.seen[tag] = self.seen.get(tag, False) or machine
        return Text(text, tag, direction, tag.split("-")[0] != self.tag.split("-")[0], machine)

    def every(self, parts: Iterable[Mapping[str, Any]], field: str) -> tuple[Text, ...]:
        """The field of several records, empty ones left out."""
        return tuple(text for part in parts if (text := self.pick(part, field)) is not None)


def brief(
    document: Mapping[str, Any], needs: Sequence[str], reader: Reader, today: datetime.date, need: str | None = None
) -> Brief:
    """One row of a list; ``need`` is the one the list is about."""
    places = [there.get("location", {}) for there in document.get("service_at_locations", ())]
    name = reader.pick(document, "name")
    assert name is not None  # the specification requires it
    until = hours.week(document.get("schedules", ())).valid_to
    return Brief(
        id=str(document["id"]),
        need=need or next(iter(needs), ""),
        name=name,
        organisation=reader.pick(document.get("organization", {}), "name"),
        place=next(iter(reader.every(places, "name")), None),
        ended=until is not None and until < today.isoformat(),
        old=_old(str(document.get("assured_date", "")), today),
    )


def _old(checked: str, today: datetime.date) -> bool:
    try:
        return today - datetime.date.fromisoformat(checked) > OLD_AFTER
    except ValueError:
        return True


def whole(document: Mapping[str, Any], needs: Sequence[str], reader: Reader, today: datetime.date) -> Whole:
    """Everything a page shows."""
    schedules = list(document.get("schedules", ()))
    attributes = list(document.get("attributes", ()))
    known = hours.week(schedules)
    documents = reader.every(document.get("required_documents", ()), "document")
    told_none = any(a.get("link_type") == "papers" and a.get("value") == "none" for a in attributes)
    made = Whole(
        brief=brief(document, needs, reader, today),
        needs=tuple(needs),
        description=reader.pick(document, "description"),
        offers=reader.every((a for a in attributes if a.get("link_type") == "offer"), "value"),
        eligibility=reader.pick(document, "eligibility_description"),
        way_in=reader.pick(document, "application_process"),
        papers=documents if documents or told_none else None,
        cost=reader.pick(document, "fees_description"),
        alert=reader.pick(document, "alert"),
        week=known,
        rare=tuple(_rare(s, reader) for s in schedules if s.get("freq") != "WEEKLY" and _says_something(s)),
        notes=tuple(_note(s, text, known) for s in schedules if (text := reader.pick(s, "notes")) is not None),
        places=tuple(_place(there.get("location", {}), reader) for there in document.get("service_at_locations", ())),
        areas=reader.every(document.get("service_areas", ()), "name"),
        phones=tuple(_phone(phone, reader) for phone in document.get("phones", ())),
        languages=tuple(str(one["code"]) for one in document.get("languages", ()) if one.get("code")),
        source=next((str(a.get("value", "")) for a in attributes if a.get("link_type") == "source"), ""),
        checked=str(document.get("assured_date", "")),
        tags=(),
        machine=False,
    )
    foreign = tuple(tag for tag in reader.seen if tag.split("-")[0] != reader.tag.split("-")[0])
    return Whole(**{**made.__dict__, "tags": foreign, "machine": any(reader.seen.values())})


def _says_something(schedule: Mapping[str, Any]) -> bool:
    return any(schedule.get(name) for name in ("description", "byday", "opens_at"))


def _rare(schedule: Mapping[str, Any], reader: Reader) -> Rare:
    alone = hours.week([{**schedule, "freq": "WEEKLY", "interval": 1, "byday": schedule.get("byday") or "MO"}])
    span = next((spans[0] for spans in alone.days if spans), None)
    days = tuple(sorted(alone.open_days)) if schedule.get("byday") else ()
    return Rare(reader.pick(schedule, "description"), days, span)


def _note(schedule: Mapping[str, Any], text: Text, known: Week) -> Note:
    days = [n for n, spans in enumerate(known.days) if any(span.schedule_id == str(schedule.get("id")) for span in spans)]
    return Note(() if set(days) == known.open_days else tuple(days), text)


def _place(location: Mapping[str, Any], reader: Reader) -> Place:
    told = {str(a.get("label")): str(a.get("value")) for a in location.get("attributes", ()) if a.get("link_type") == "place"}
    latitude, longitude = location.get("latitude"), location.get("longitude")
    point = (float(latitude), float(longitude)) if latitude is not None and longitude is not None else None
    return Place(
        reader.pick(location, "name"),
        reader.pick(location, "description"),
        told.get("block", ""),
        told.get("sector", ""),
        point,
        reader.every(location.get("accessibility", ()), "description"),
    )


def _phone(phone: Mapping[str, Any], reader: Reader) -> Phone:
    number = str(phone["number"])
    return Phone(number, _TEL.sub("", number), reader.pick(phone, "description"))
