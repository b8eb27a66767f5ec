"""P UNHCR Jordan Services Advisor: lists of features, one file a language with the same ids -> HSDS, every record accounted for."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import BadInput
from content_cache import needs
from content_cache.hsds import Record, Translation
from content_cache.needs import stable_id
from content_cache.publish.importers import services_advisor_features as features
from content_cache.publish.importers.report import Entry, Imported, Report
from content_cache.publish.importers.services_advisor_features import Feature
from content_cache.publish.importers.services_advisor_records import NAME, Made, make

Key = tuple[str, str]
"""The id and the activity: one id is used for two activities of one partner."""


@dataclass
class _Kept:
    number: int
    feature: Feature
    service_id: str
    others: dict[str, Feature] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)


def import_files(files: Mapping[str, bytes], *, country: str) -> Imported:
    """``files``: language tag -> content; the English one ("en") leads. Raises BadInput when a file is no list of features."""
    if "en" not in files:
        raise BadInput("the English file is missing", mend="add --file en=services.json")
    loaded = {tag: features.load(content, f"the {tag} file") for tag, content in files.items()}
    entries = list[Entry]()
    kept, became = _leading(loaded["en"], entries)
    for tag in sorted(set(files) - {"en"}):
        _translated(tag, loaded[tag], kept, became, entries)
    learnt = {tag: _learn_indicators(kept, tag) for tag in sorted(set(files) - {"en"})}
    records, texts = dict[str, Record](), dict[tuple[str, str, str, str], Translation]()
    used = set[str]()
    for one in kept:
        made = make(one.feature, one.others, one.service_id, country, learnt)
        _collect(made, records, texts)
        used |= made.needs
        mends, notes = tuple([*one.mends, *made.mends]), tuple([*one.notes, *made.notes])
        entries.append(Entry("en", one.number, one.feature.id, "mended" if mends else "kept", one.service_id, mends, notes))
    more, names = needs.taxonomy(used)
    report = Report(
        {tag: len(values) for tag, values in loaded.items()},
        tuple(sorted(entries, key=lambda e: (e.file != "en", e.file, e.number))),
    )
    return Imported((*records.values(), *more), (*texts.values(), *names), report, "en", tuple(files), NAME, sample=False)


def _leading(values: list[Any], entries: list[Entry]) -> tuple[list[_Kept], dict[Key, list[str | None]]]:
    """The English records. The table says, for each key in order, which service it became (None: refused)."""
    kept, became = list[_Kept](), defaultdict[Key, list[str | None]](list)
    bodies = dict[tuple[Key, str], str]()
    by_id = Counter(features.key_of(value) for value in values)
    for number, value in enumerate(values, 1):
        try:
            feature = features.read(value)
        except BadInput as error:
            entries.append(Entry("en", number, features.key_of(value), "refused", None, (f"refused: {error.what}",)))
            continue
        key = (feature.id, feature.activity)
        if (key, feature.body) in bodies:
            same = bodies[key, feature.body]
            became[key].append(same)
            entries.append(Entry("en", number, feature.id, "merged", same, ("the same record again: nothing differs",)))
            continue
        one = _Kept(number, feature, _service_id(feature, again=bool(became[key])))
        if became[key]:
            one.notes.append("same id and activity, other content: both are kept, please look at the source")
        elif by_id[feature.id] > 1:
            one.notes.append("one id for several activities: each is kept as a service of its own")
        _note_tidying(one, value)
        bodies[key, feature.body] = one.service_id
        became[key].append(one.service_id)
        kept.append(one)
    return kept, became


def _service_id(feature: Feature, *, again: bool) -> str:
    digest = [hashlib.sha256(feature.body.encode()).hexdigest()] if again else []
    return stable_id("service", "services-advisor", feature.id, feature.activity, *digest)


def _note_tidying(one: _Kept, value: Any) -> None:
    for label in ("activityName", "partnerName", "locationName"):
        raw = value["properties"].get(label)
        if isinstance(raw, str) and raw != features.one_line(raw):
            one.mends.append(f"spaces mended: {label}")


def _translated(
    tag: str, values: list[Any], kept: list[_Kept], became: Mapping[Key, list[str | None]], entries: list[Entry]
) -> None:
    """Join each record of another language to the English one with the same id and activity, in order."""
    by_service = {one.service_id: one for one in kept}
    seen = Counter[Key]()
    for number, value in enumerate(values, 1):
        try:
            feature = features.read(value)
        except BadInput as error:
            entries.append(Entry(tag, number, features.key_of(value), "refused", None, (f"refused: {error.what}",)))
            continue
        key = (feature.id, feature.activity)
        partners = became.get(key, [])
        place, seen[key] = seen[key], seen[key] + 1
        service = partners[place] if place < len(partners) else None
        if service is None:
            entries.append(
                Entry(tag, number, feature.id, "refused", None, ("refused: no English record with its id and activity",))
            )
            continue
        english = by_service[service]
        differing = tuple(features.disagreements(english.feature, feature))
        english.others.setdefault(tag, feature)
        entries.append(Entry(tag, number, feature.id, "merged", service, ("joined to the English record",), differing))


def _learn_indicators(kept: list[_Kept], tag: str) -> dict[str, str]:
    """English indicator -> its text in another language, from records with exactly one on both sides that always agree."""
    seen = defaultdict[str, set[str]](set)
    for one in kept:
        other = one.others.get(tag)
        if other and len(one.feature.indicators) == len(other.indicators) == 1:
            seen[next(iter(one.feature.indicators))].add(next(iter(other.indicators)))
    learnt = {english: texts.pop() for english, texts in seen.items() if len(texts) == 1}
    repeated = Counter(learnt.values())
    return {e: t for e, t in learnt.items() if repeated[t] == 1 and not features.half_translated(t, e)}


def _collect(made: Made, records: dict[str, Record], texts: dict[tuple[str, str, str, str], Translation]) -> None:
    for one in made.records:
        records.setdefault(one.id, one)
    for text in made.texts:
        texts.setdefault((text.entity, text.id, text.field, text.tag), text)
