"""P One feature of the Services Advisor, read out of whatever shape it has; and what two languages of it say differently."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.errors import BadInput
from content_cache.publish.importers import services_advisor_words as words

LARGEST = 50_000_000
"""Bytes of one input file."""

_NUMBERED = re.compile(r"\s*(\d{1,2})\.\s")
_NEXT_STEP_AR = "الخطوة المباشرة التالية بعد الإحالة"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PLAIN = {
    "activity", "activityCategory", "activityName", "comments", "startDate", "endDate", "indicators", "locationName", "partnerName",
    "Referral required",
}  # fmt: skip
WORDS: Mapping[int, tuple[str, Mapping[str, words.Word]]] = {
    1: ("registration papers", words.PAPERS),
    2: ("nationality", words.NATIONALITY),
    3: ("intake criteria", words.INTAKE),
    4: ("way in", words.ACCESS),
    5: ("coverage", words.COVERAGE),
    6: ("availability", words.AVAILABILITY),
    7: ("days", {term: words.Word("", "", same) for term, (_, same) in words.DAYS.items()}),
    10: ("referral method", words.REFERRAL),
}
"""Numbered property -> (its name in reports, its closed vocabulary)."""


@dataclass(frozen=True)
class Feature:
    """One input record, tidied. ``terms`` are the numbered properties; ``others`` those nobody knows."""

    id: str
    activity: str
    category: str
    name: str
    partner: str
    place: str
    longitude: float | None
    latitude: float | None
    comments: str
    start: str
    end: str
    referral: str
    terms: Mapping[int, tuple[str, ...]]
    indicators: Mapping[str, str]
    others: Mapping[str, str]
    body: str


def load(untrusted: bytes, file: str) -> list[Any]:
    """The features of one file, a plain list or a GeoJSON FeatureCollection (RFC 7946). Raises BadInput."""
    if len(untrusted) > LARGEST:
        raise BadInput(f"larger than {LARGEST} bytes", where=file, mend="split it")
    try:
        value = json.loads(untrusted.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not JSON in UTF-8: {error}", where=file, mend="export it again") from error
    features = value.get("features") if isinstance(value, dict) else value
    if not isinstance(features, list):
        raise BadInput("neither a list of features nor a FeatureCollection", where=file, mend="export it as GeoJSON")
    return features


def tidy(value: Any) -> str:
    """A text without control characters, line ends unified, spaces at both ends removed; "" for what is no text."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return ""
    return _CONTROL.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n")).strip()


def one_line(value: Any) -> str:
    """``tidy``, and every run of white space is one space."""
    return " ".join(tidy(value).split())


def key_of(untrusted: Any) -> str:
    """What to call a record in a report even if it is refused."""
    return one_line(untrusted.get("id"))[:60] if isinstance(untrusted, dict) else ""


def read(untrusted: Any) -> Feature:
    """Raises BadInput saying what is missing."""
    if not isinstance(untrusted, dict) or not isinstance(untrusted.get("properties"), dict):
        raise BadInput("not a feature with properties")
    properties: dict[str, Any] = untrusted["properties"]
    key = one_line(untrusted.get("id"))
    name, partner = one_line(properties.get("activityName")), one_line(properties.get("partnerName"))
    for what, text in (("id", key), ("activityName", name), ("partnerName", partner)):
        if not text:
            raise BadInput(f"no {what}")
    longitude, latitude = _point(untrusted.get("geometry"))
    numbered = {number: label for label in properties if (number := number_of(label)) is not None}
    return Feature(
        id=key,
        activity=one_line(properties.get("activity")),
        category=one_line(properties.get("activityCategory")),
        name=name,
        partner=partner,
        place=one_line(properties.get("locationName")),
        longitude=longitude,
        latitude=latitude,
        comments=tidy(properties.get("comments")),
        start=one_line(properties.get("startDate")),
        end=one_line(properties.get("endDate")),
        referral=one_line(properties.get("Referral required")),
        terms={number: _chosen(properties[label]) for number, label in sorted(numbered.items())},
        indicators={one_line(k): one_line(v) for k, v in _mapping(properties.get("indicators")).items()},
        others={
            one_line(k)[:200]: "; ".join(_chosen(v)) for k, v in properties.items() if k not in _PLAIN and number_of(k) is None
        },
        body=json.dumps([properties, untrusted.get("geometry")], sort_keys=True, ensure_ascii=False),
    )


def number_of(label: str) -> int | None:
    """``7. Availability Day`` -> 7; one Arabic property lost its number."""
    if label == _NEXT_STEP_AR:
        return 11
    found = _NUMBERED.match(label)
    return int(found[1]) if found else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _chosen(value: Any) -> tuple[str, ...]:
    """The terms that are ticked: keys with a true value, the entries of a list, or one text."""
    if isinstance(value, dict):
        return tuple(one_line(term) for term, ticked in value.items() if ticked not in (False, None, 0, "", "false"))
    if isinstance(value, list):
        return tuple(one_line(term) for term in value if one_line(term))
    return (one_line(value),) if one_line(value) else ()


def _point(geometry: Any) -> tuple[float | None, float | None]:
    """RFC 7946 section 3.1.1: longitude before latitude."""
    coordinates = _mapping(geometry).get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        return None, None
    longitude, latitude = coordinates[0], coordinates[1]
    good = all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in (longitude, latitude))
    if not good or not -180 <= longitude <= 180 or not -90 <= latitude <= 90:
        return None, None
    return float(longitude), float(latitude)


def disagreements(english: Feature, other: Feature) -> list[str]:
    """Where the record in the other language does not say what the English one says: one line each, "kind: detail"."""
    found = []
    if (english.longitude, english.latitude) != (other.longitude, other.latitude):
        found.append("languages disagree on the place: other coordinates")
    for name in ("start", "end", "partner", "referral"):
        if getattr(english, name) != getattr(other, name):
            found.append(f"languages disagree on {name}: {getattr(english, name)!r} and {getattr(other, name)!r}")
    for number in sorted(set(english.terms) ^ set(other.terms)):
        found.append(f"languages disagree on property {number}: only one has it")
    for number in sorted(set(english.terms) & set(other.terms) & set(WORDS)):
        what, vocabulary = WORDS[number]
        rightful = {same for term in english.terms[number] if term in vocabulary for same in vocabulary[term].same}
        strange = [term for term in other.terms[number] if term not in rightful]
        if strange or len(other.terms[number]) != len(english.terms[number]):
            found.append(
                f"languages disagree on {what}: {', '.join(english.terms[number])} is written {', '.join(other.terms[number])}"
            )
    if len(english.indicators) != len(other.indicators):
        found.append(f"languages disagree on indicators: {len(english.indicators)} and {len(other.indicators)}")
    return found


def half_translated(text: str, english: str) -> bool:
    """Whether a translation still holds a word of three or more Latin letters from the English text."""
    latin = {word.lower() for word in re.findall(r"[A-Za-z]{3,}", text)}
    return bool(latin & {word.lower() for word in re.findall(r"[A-Za-z]{3,}", english)})
