"""P A stored service -> what a reader of one language sees of it: the nearest text there is, marked with its language."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from appliance.web.languages import BY_TAG
from content_cache import hours, schedules, weeks
from content_cache.hours import State
from content_cache.recurrence import DAYS
from content_cache.weeks import Span, Week

OLD_AFTER = datetime.timedelta(days=180)
"""An entry nobody has checked for this long "may have changed"."""
_RTL = {"ar", "fa", "prs", "ur", "ps", "ckb", "sd", "ug", "he", "yi", "dv"}
_REFERRED = {"yes", "referral-required"}
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
    """Where a service is. ``more`` are street, shelter and distance, as people there write them."""

    name: Text | None
    landmark: Text | None
    block: str
    sector: str
    point: tuple[float, float] | None
    accessibility: tuple[Text, ...]
    id: str = ""
    district: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hours:
    """When it is open: at ``place``, or at all its places where that is None. ``state`` is None when the box knows no time."""

    place: Text | None
    state: State | None
    week: Week


@dataclass(frozen=True)
class Rare:
    """A schedule from which no day can be told, told by its words: every two weeks, once a month."""

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
    state: State | None = None


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
    hours: tuple[Hours, ...]
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
    referral: bool = False


class Reader:
    """Chooses, for one reader's language, among the languages a text is there in."""

    def __init__(self, tag: str, written: str, texts: Texts) -> None:
        self.tag, self.written, self.texts = tag, written, texts
        self.seen: dict[str, bool] = {}

    def pick(self, part: Mapping[str, Any], field: str) -> Text | None:
        """The field of a record in the nearest language: the reader's, a sister of it, one its readers read, else as written."""
        own = str(part.get(field) or "")
        known = self.texts.get(str(part.get("id")), {}).get(field, {})
        if own and self.tag == self.written:
            return self._text(own, self.written, False)
        if self.tag in known:
            return self._text(str(known[self.tag][0]), self.tag, bool(known[self.tag][1]))
        sisters = [tag for tag in sorted(known) if tag.split("-")[0] == self.tag.split("-")[0]]
        near = BY_TAG[self.tag].near if self.tag in BY_TAG else ()
        for tag in (*sisters, *near):
            if tag == self.written and own:
                break
            if tag in known:
                return self._text(str(known[tag][0]), tag, bool(known[tag][1]))
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
    document: Mapping[str, Any],
    needs: Sequence[str],
    reader: Reader,
    today: datetime.date,
    need: str = "",
    state: State | None = None,
) -> Brief:
    """One row of a list; ``need`` is the one the list is about, ``state`` whether it is open."""
    places = [there.get("location", {}) for there in document.get("service_at_locations", ())]
    name = reader.pick(document, "name")
    assert name is not None  # the specification requires it
    ends = [str(schedule.get("valid_to") or "") for schedule in document.get("schedules", ())]
    until = max(ends) if ends and all(ends) else None
    return Brief(
        id=str(document["id"]),
        need=need or next(iter(needs), ""),
        name=name,
        organisation=reader.pick(document.get("organization", {}), "name"),
        place=next(iter(reader.every(places, "name")), None),
        ended=until is not None and until < today.isoformat(),
        old=_old(str(document.get("assured_date", "")), today),
        state=state,
    )


def _old(checked: str, today: datetime.date) -> bool:
    try:
        return today - datetime.date.fromisoformat(checked) > OLD_AFTER
    except ValueError:
        return True


def whole(
    document: Mapping[str, Any], needs: Sequence[str], reader: Reader, today: datetime.date, here: datetime.datetime | None = None
) -> Whole:
    """Everything a page shows. ``here`` is the moment in the site's time, None for a box that does not know it."""
    every = list({str(s.get("id")): s for group in hours.groups(document) for s in group}.values())
    attributes = list(document.get("attributes", ()))
    times = _hours(document, reader, here)
    known = times[0].week
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
        week=weeks.usual_week(hours.plans(every)),
        hours=times,
        rare=tuple(_rare(s, reader) for s in every if _says_something(s)),
        notes=tuple(_note(s, text, known) for s in every if (text := reader.pick(s, "notes")) is not None),
        places=tuple(_place(there.get("location", {}), reader) for there in document.get("service_at_locations", ())),
        areas=reader.every(document.get("service_areas", ()), "name"),
        phones=tuple(_phone(phone, reader) for phone in document.get("phones", ())),
        languages=tuple(str(one["code"]) for one in document.get("languages", ()) if one.get("code")),
        source=next((str(a.get("value", "")) for a in attributes if a.get("link_type") == "source"), ""),
        checked=str(document.get("assured_date", "")),
        tags=(),
        machine=False,
        referral=any(a.get("link_type") == "referral" and str(a.get("value")).lower() in _REFERRED for a in attributes),
    )
    foreign = tuple(tag for tag in reader.seen if tag.split("-")[0] != reader.tag.split("-")[0])
    return Whole(**{**made.__dict__, "tags": foreign, "machine": any(reader.seen.values())})


def _hours(document: Mapping[str, Any], reader: Reader, here: datetime.datetime | None) -> tuple[Hours, ...]:
    """Once where all places have the same hours, else place by place."""
    found = list[Hours]()
    shut = document.get("status", "active") != "active"
    groups = hours.groups(document)
    alike = all(group == groups[0] for group in groups)
    places = [there.get("location", {}) for there in document.get("service_at_locations", ())] or [{}]
    for place, group in list(zip(places, groups, strict=True))[: 1 if alike else None]:
        known = hours.plans(group)
        state = None if here is None else hours.Closed(None) if shut else hours.state_at(known, here)
        dated = here is not None and state != hours.Unknown("ended")
        week = weeks.coming_week(known, here) if dated and here is not None else weeks.usual_week(known)
        found.append(Hours(None if alike else reader.pick(place, "name"), state, week))
    return tuple(found)


def _says_something(schedule: Mapping[str, Any]) -> bool:
    if schedules.read(schedule).kind != "words":
        return bool(schedule.get("description"))
    return any(schedule.get(name) for name in ("description", "byday", "opens_at"))


def _rare(schedule: Mapping[str, Any], reader: Reader) -> Rare:
    days = sorted(
        {DAYS.index(part.strip()[-2:]) for part in str(schedule.get("byday") or "").split(",") if part.strip()[-2:] in DAYS}
    )
    hours_alone = {name: schedule[name] for name in ("opens_at", "closes_at") if schedule.get(name)}
    spans = weeks.usual_week(hours.plans([{"freq": "WEEKLY", "byday": "MO", **hours_alone}])).days[0]
    return Rare(reader.pick(schedule, "description"), tuple(days), next(iter(spans), None))


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
        str(location.get("id", "")),
        told.get("district", ""),
        tuple(told[label] for label in ("street", "shelter", "distance") if told.get(label)),
    )


def _phone(phone: Mapping[str, Any], reader: Reader) -> Phone:
    number = str(phone["number"])
    return Phone(number, _TEL.sub("", number), reader.pick(phone, "description"))
