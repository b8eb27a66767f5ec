"""P One feature of the Services Advisor -> HSDS records and their Arabic texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from content_cache import needs
from content_cache.hsds import Record, Translation, Value, record
from content_cache.needs import stable_id
from content_cache.publish.importers import services_advisor_hours
from content_cache.publish.importers import services_advisor_words as words
from content_cache.publish.importers.services_advisor_features import WORDS, Feature, half_translated

NAME = "UNHCR Jordan Services Advisor"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")
_PEOPLE = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+){1,3}(?:(?:, | and | & )[A-Z][a-z]+(?: [A-Z][a-z]+){1,3})+\Z")
"""A comment that is nothing but names of people: who works there is not for everybody's phone."""
_HANDLED = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}


@dataclass
class Made:
    """What one feature became, with its mends and notes; shared records (organisation, place, terms) may come up again."""

    service_id: str
    records: list[Record] = field(default_factory=list)
    texts: list[Translation] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)
    mends: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, entity: str, **values: Value | None) -> Record:
        """Make and keep a record."""
        made = record(entity, **values)
        self.records.append(made)
        return made

    def say(self, entity: str, id: str, field: str, tag: str, text: str, source: str, *, machine: bool) -> None:
        """Keep a translation, if there is one."""
        if text:
            self.texts.append(Translation(entity, id, field, tag, text, source, machine))


def make(
    feature: Feature, other: Mapping[str, Feature], service_id: str, country: str, indicators: Mapping[str, Mapping[str, str]]
) -> Made:
    """``other`` is the same record in further languages; ``indicators`` tag -> English -> text, learnt from the whole file."""
    made = Made(service_id)
    organisation = stable_id("organization", "services-advisor", feature.partner)
    made.add("organization", id=organisation, name=feature.partner, description="")
    _service(made, feature, organisation)
    _papers(made, feature)
    _place(made, feature, other, country)
    _schedule(made, feature)
    _area(made, feature)
    _needs(made, feature)
    _leftovers(made, feature, indicators)
    for tag, translated in other.items():
        _names(made, feature, translated, tag)
    return made


def _service(made: Made, feature: Feature, organisation: str) -> None:
    eligibility, eligibility_ar = _terms(made, feature, (2, 3))
    way, way_ar = _terms(made, feature, (4, 10))
    if feature.referral.lower() in ("yes", "referral-required"):
        if "Referral is not required" in feature.terms.get(10, ()) or "Referrals not accepted" in feature.terms.get(10, ()):
            made.notes.append("contradiction: a referral is required, yet its method says it is not needed or not accepted")
        elif not set(feature.terms.get(4, ())) & {"Walk-in", "All the above", "Walk-in & Outreach"}:
            way, way_ar = [*way, "A referral is needed"], [*way_ar, "الإحالة مطلوبة"]
    comments = feature.comments
    if _PEOPLE.match(comments):
        made.mends.append("comment left out: it looks like names of people")
        comments = ""
    made.add(
        "service", id=made.service_id, organization_id=organisation, name=feature.name, description=comments or None,
        status="active", eligibility_description=". ".join(eligibility) or None, application_process=". ".join(way) or None,
    )  # fmt: skip
    made.say("service", made.service_id, "eligibility_description", "ar", ". ".join(eligibility_ar), words.SOURCE, machine=True)
    made.say("service", made.service_id, "application_process", "ar", ". ".join(way_ar), words.SOURCE, machine=True)


def _terms(made: Made, feature: Feature, numbers: tuple[int, ...]) -> tuple[list[str], list[str]]:
    """Plain English and Arabic of the ticked terms; no Arabic at all when one of them has none."""
    english, arabic, whole = list[str](), list[str](), True
    for number in numbers:
        what, vocabulary = WORDS[number]
        known = [vocabulary[term] for term in feature.terms.get(number, ()) if term in vocabulary]
        unknown = [term for term in feature.terms.get(number, ()) if term not in vocabulary]
        made.notes += [f"unknown {what}: {term} (kept as written)" for term in unknown]
        whole = whole and not unknown
        if known or unknown:
            english.append("; ".join([*(word.en for word in known), *unknown]))
            arabic.append("؛ ".join(word.ar for word in known))
    return english, arabic if whole else []


def _papers(made: Made, feature: Feature) -> None:
    for term in feature.terms.get(1, ()):
        word = words.PAPERS.get(term)
        if term == "No Requirement":
            _attribute(made, "papers", "none", "papers")
            continue
        if word is None:
            made.notes.append(f"unknown registration papers: {term} (kept as written)")
        text = word.en if word else term
        paper = stable_id("required_document", made.service_id, text)
        made.add("required_document", id=paper, service_id=made.service_id, document=text)
        if word:
            made.say("required_document", paper, "document", "ar", word.ar, words.SOURCE, machine=True)


def _place(made: Made, feature: Feature, other: Mapping[str, Feature], country: str) -> None:
    if not feature.place and feature.latitude is None:
        made.notes.append("no place: neither a name nor coordinates")
        return
    place = stable_id("location", "services-advisor", feature.place, feature.longitude, feature.latitude)
    made.add(
        "location", id=place, location_type="physical", name=feature.place or None, latitude=feature.latitude,
        longitude=feature.longitude,
    )  # fmt: skip
    made.add(
        "address", id=stable_id("address", place), location_id=place, address_1=feature.place, city="", state_province="",
        postal_code="", country=country, address_type="physical",
    )  # fmt: skip
    there = stable_id("service_at_location", made.service_id, place)
    made.add("service_at_location", id=there, service_id=made.service_id, location_id=place)
    if feature.latitude is None:
        made.notes.append("no coordinates, or impossible ones")
    for tag, translated in other.items():
        mended = words.PLACES.get(feature.place) if tag == "ar" else None
        if mended:
            made.say("location", place, "name", tag, mended, words.SOURCE, machine=True)
        elif translated.place and not half_translated(translated.place, feature.place):
            made.say("location", place, "name", tag, translated.place, NAME, machine=False)


def _schedule(made: Made, feature: Feature) -> None:
    terms = [feature.terms.get(number, ()) for number in (6, 7, 8, 9)]
    hours = services_advisor_hours.understand(*terms)
    made.mends += hours.mends
    made.notes += hours.doubts
    dates = {}
    for name, text in (("valid_from", feature.start), ("valid_to", feature.end)):
        if text and not _DATE.match(text):
            made.mends.append(f"date left out: {name} is {text[:40]}")
        dates[name] = text if _DATE.match(text) else None
    if dates["valid_from"] and dates["valid_to"] and dates["valid_from"] > dates["valid_to"]:
        made.notes.append("ends before it begins")
    schedule = stable_id("schedule", made.service_id)
    made.add(
        "schedule", id=schedule, service_id=made.service_id, freq="WEEKLY" if hours.weekly else None, byday=hours.byday,
        interval=1 if hours.weekly else None, wkst="SU" if hours.weekly else None, opens_at=hours.opens, closes_at=hours.closes,
        description=hours.how_often, notes="; ".join(hours.notes) or None, **dates,
    )  # fmt: skip
    arabic = next((w.ar for w in words.AVAILABILITY.values() if w.en and w.en == hours.how_often), "")
    made.say("schedule", schedule, "description", "ar", arabic, words.SOURCE, machine=True)
    if len(hours.notes_ar) == len(hours.notes):
        made.say("schedule", schedule, "notes", "ar", "؛ ".join(hours.notes_ar), words.SOURCE, machine=True)


def _area(made: Made, feature: Feature) -> None:
    for term in feature.terms.get(5, ()):
        word = words.COVERAGE.get(term)
        text = word.en if word else term
        area = stable_id("service_area", made.service_id, text)
        made.add("service_area", id=area, service_id=made.service_id, name=text)
        if word:
            made.say("service_area", area, "name", "ar", word.ar, words.SOURCE, machine=True)
        else:
            made.notes.append(f"unknown coverage: {term} (kept as written)")


def _needs(made: Made, feature: Feature) -> None:
    chosen = list(words.NEED_OF_ACTIVITY.get(feature.name, ()))
    if not chosen:
        known = words.NEED_OF_CATEGORY.get(feature.category.upper())
        if known is None:
            made.notes.append(f"unknown category: {feature.category[:60]} (put under community)")
        chosen = [known or "community"]
    active = " ".join(name.lower() for name, value in feature.indicators.items() if value not in ("", "0"))
    # A word in a long list of indicators alone says little; up to four of them say what the service is about.
    if len(feature.indicators) <= 4 or feature.name in ("Protection Services", "Refugee Right"):
        chosen += [slug for word, slug in words.NEED_OF_INDICATOR if word in active]
    made.needs = set(chosen)
    made.records += [needs.link(made.service_id, slug) for slug in sorted(made.needs)]


def _leftovers(made: Made, feature: Feature, indicators: Mapping[str, Mapping[str, str]]) -> None:
    """Everything without a field of its own in the specification stays as an attribute: nothing is dropped."""
    _attribute(made, "source", f"{NAME} {feature.id}", "source")
    _attribute(made, "category", feature.category, "activity")
    if feature.activity:
        _attribute(made, "activity", feature.activity, "activity")
    if feature.referral:
        _attribute(made, "Referral required", feature.referral, "referral")
    for number, terms in feature.terms.items():
        if number not in _HANDLED and terms:
            _attribute(made, f"property {number}", "; ".join(terms), "source-property")
    for label, text in feature.others.items():
        made.notes.append(f"unknown property: {label[:60]} (kept as an attribute)")
        _attribute(made, label, text, "source-property")
    for name, value in feature.indicators.items():
        offered = value not in ("", "0")
        made_id = _attribute(made, "indicator", name, "offer" if offered else "offer-inactive")
        for tag, known in indicators.items():
            made.say("attribute", made_id, "value", tag, known.get(name, ""), NAME, machine=False)


def _attribute(made: Made, label: str, value: str, kind: str) -> str:
    made_id = stable_id("attribute", made.service_id, kind, label, value)
    if all(one.id != made_id for one in made.records):
        made.add("attribute", id=made_id, link_id=made.service_id, link_entity="service", link_type=kind, label=label, value=value)
    return made_id


def _names(made: Made, feature: Feature, translated: Feature, tag: str) -> None:
    mended = words.ACTIVITIES.get(feature.name) if tag == "ar" else None
    if mended:
        made.say("service", made.service_id, "name", tag, mended, words.SOURCE, machine=True)
    elif half_translated(translated.name, feature.name):
        made.notes.append(f"half translated name: {translated.name}")
    else:
        made.say("service", made.service_id, "name", tag, translated.name, NAME, machine=False)
    if translated.comments and translated.comments != feature.comments:
        made.say("service", made.service_id, "description", tag, translated.comments, NAME, machine=False)
