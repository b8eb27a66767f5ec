"""P The last steps of every HSDS import: closures become attributes, each service gets its needs, the sums are made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from content_cache import needs
from content_cache.hsds import Record, Translation, record
from content_cache.needs import stable_id
from content_cache.publish.importers import need_guess
from content_cache.publish.importers.hsds_rows import Gathered
from content_cache.publish.importers.report import Imported, Report

HOURS = "hours"


def finish(
    made: Gathered, report: Report, *, source: str, language: str, texts: Iterable[Translation] = (), sample: bool = False
) -> Imported:
    """``report`` names the files and how many rows each held; the entries come from ``made``."""
    _closures(made)
    used = _needs(made)
    terms, names = needs.taxonomy(used)
    for term in terms:
        made.records[term.entity, term.id] = term
    kept = [text for text in texts if (text.entity, text.id) in made.records]
    whole = {(text.entity, text.id, text.field, text.tag): text for text in [*names, *kept]}
    languages = (language, *sorted({text.tag for text in kept} - {language}))
    entries = tuple(sorted(made.entries, key=lambda entry: (entry.file, entry.number)))
    return Imported(
        tuple(made.records.values()), tuple(whole.values()), Report(report.read, entries), language, languages, source, sample
    )


def _closures(made: Gathered) -> None:
    """A holiday table's "closed" is the attribute that the camp profile has for it (docs/adr/0090)."""
    for key, one in list(made.records.items()):
        values = one.values
        if one.entity == "attribute" and values.get("label") == HOURS and values.get("link_entity") == "schedule":
            made.records[key] = Record("attribute", {**values, "link_type": HOURS})


def _needs(made: Gathered) -> set[str]:
    """The needs that are used. A service whose source names none gets those its words speak of."""
    linked, terms = defaultdict[str, set[str]](set), defaultdict[str, list[str]](list)
    for (entity, _), one in list(made.records.items()):
        if entity != "attribute" or one.values.get("link_entity") != "service":
            continue
        service, slug = str(one.values["link_id"]), str(one.values.get("value", ""))
        term = made.records.get(("taxonomy_term", str(one.values.get("taxonomy_term_id", ""))))
        known = needs.BY_SLUG.get(slug)
        if known and one.values.get("taxonomy_term_id") == known.term_id:
            linked[service].add(slug)
        elif term is not None:
            terms[service].append(str(term.values["name"]))
    for key, one in list(made.records.items()):
        if one.entity == "service" and not linked[one.id]:
            linked[one.id] |= _guessed(made, key, one.values, terms[one.id])
    return {slug for slugs in linked.values() for slug in slugs}


def _guessed(made: Gathered, key: tuple[str, str], values: Mapping[str, object], terms: list[str]) -> set[str]:
    names = [str(values[name]) for name in ("name", "alternate_name") if name in values]
    found = need_guess.guess([*names, *terms], [str(values.get("description", ""))])
    made.change(key, note=f"need not told: put under {', '.join(found) if found else need_guess.OTHERWISE}")
    for slug in found or [need_guess.OTHERWISE]:
        link = needs.link(key[1], slug)
        made.records["attribute", link.id] = link
    return set(found or [need_guess.OTHERWISE])


def attribute(owner: tuple[str, str], kind: str, label: str, value: str) -> Record:
    """A fact beyond the specification, as an attribute of a record (entity, id)."""
    return record(
        "attribute", id=stable_id("attribute", owner[1], kind, label, value), link_id=owner[1], link_entity=owner[0],
        link_type=kind, label=label, value=value,
    )  # fmt: skip
