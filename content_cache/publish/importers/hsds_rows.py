"""P Rows of an HSDS source, in any order -> whole records: duplicates, broken references and orphans named one by one.

Two rows with one id and the same content are one record. With other content: what others point to (an organisation, a place)
stays one record and the differing values are named; anything else is kept twice, the second under an id of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from appliance.errors import BadInput
from content_cache.camp_profile import MAY_BE_EMPTY
from content_cache.hsds import ENTITIES, Record, Value, record, references
from content_cache.needs import stable_id
from content_cache.publish.importers.hsds_mend import WITHOUT_ATTRIBUTES, Mended, mend
from content_cache.publish.importers.report import Entry, Outcome

SHARED = frozenset(["organization", "program", "location", "taxonomy", "taxonomy_term", "unit"])
NEEDS_ALL: Mapping[str, tuple[str, ...]] = {
    "service_at_location": ("service_id", "location_id"), "attribute": ("link_id",), "metadata": ("resource_id",),
}  # fmt: skip
NEEDS_ONE: Mapping[str, tuple[str, ...]] = {
    name: tuple(f.name for f in entity.fields if f.name.endswith("_id") and f.name != "unit_id")
    for name, entity in ENTITIES.items()
    if name in {child for parent in ENTITIES.values() for _, child, _ in parent.many} - {*NEEDS_ALL, "location", "program"}
}
"""Entity -> the fields of which at least one must lead somewhere: a telephone number that belongs to nobody helps nobody."""
EXTRA = "source-property"
Key = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One untrusted row; ``partial`` rows only add to a record that is there (an eligibility table)."""

    entity: str
    values: Mapping[str, Any]
    file: str
    number: int
    partial: bool = False


@dataclass
class Gathered:
    """The records by entity and id, and one entry a row."""

    records: dict[Key, Record] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    places: dict[Key, list[int]] = field(default_factory=dict)

    def say(self, entry: Entry, key: Key | None) -> None:
        """What became of one row; ``key`` the record it went into."""
        if key is not None:
            self.places.setdefault(key, []).append(len(self.entries))
        self.entries.append(entry)

    def change(self, key: Key, *, outcome: str | None = None, why: str = "", note: str = "") -> None:
        """Say more about every row that went into a record."""
        for place in self.places.get(key, ()):
            entry, gone = self.entries[place], outcome == "refused"
            now: Outcome = "refused" if gone else "mended" if (entry.outcome, outcome) == ("kept", "mended") else entry.outcome
            self.entries[place] = replace(
                entry, outcome=now, became=None if gone else entry.became, why=(*entry.why, why) if why else entry.why,
                notes=(*entry.notes, note) if note else entry.notes,
            )  # fmt: skip


def gather(rows: Iterable[Row], namespace: str) -> Gathered:
    """``namespace`` names the source: its row numbers become ids within it."""
    made = Gathered()
    for row in sorted(rows, key=lambda row: row.partial):
        _add(made, row, namespace)
    settle(made)
    return made


def _add(made: Gathered, row: Row, namespace: str) -> None:
    called = f"{row.entity} {str(row.values.get('id', ''))[:60]}"
    try:
        mended = mend(row.entity, row.values, namespace, partial=row.partial)
    except BadInput as error:
        made.say(Entry(row.file, row.number, called, "refused", None, (f"refused: {error.what}",)), None)
        return
    key, why, notes = (row.entity, str(mended.values["id"])), list(mended.mends), list(mended.notes)
    old = made.records.get(key)
    outcome: Outcome = "mended" if why else "kept"
    if old is None and row.partial:
        made.say(Entry(row.file, row.number, called, "refused", None, ("refused: it belongs to nothing that is here",)), None)
        return
    if old is not None:
        outcome, key = _again(made, old, mended, why, notes, partial=row.partial)
    else:
        made.records[key] = Record(row.entity, mended.values)
    for label, value in mended.extras.items():
        _extra(made, key, label, value)
    made.say(Entry(row.file, row.number, called, outcome, key[1], tuple(why), tuple(notes)), key)


def _again(made: Gathered, old: Record, new: Mended, why: list[str], notes: list[str], *, partial: bool) -> tuple[Outcome, Key]:
    """A row whose id is there already. Returns its outcome and the record it went into."""
    key = (old.entity, old.id)
    differing = [name for name, value in new.values.items() if name in old.values and not _alike(old, name, value)]
    if not differing or partial or old.entity in SHARED:
        made.records[key] = Record(old.entity, {**new.values, **old.values, **_filled(old, new)})
        why += [f"same id, other content: {name} {new.values[name]!r} left out, {old.values[name]!r} stays" for name in differing]
        why.append("joined to the record with the same id" if differing or partial else "the same record again: nothing differs")
        return "merged", key
    digest = hashlib.sha256(json.dumps(new.values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    own = (old.entity, stable_id(old.entity, "hsds", "again", old.id, digest))
    if own in made.records:
        why.append("the same record again: nothing differs")
        return "merged", own
    made.records[own] = Record(old.entity, {**new.values, "id": own[1]})
    notes.append(f"same id, other content: both are kept, they differ in {', '.join(differing)}")
    return "mended" if why else "kept", own


def _alike(old: Record, name: str, value: Value) -> bool:
    """Equal, or one of them only the camp profile's "nobody said"."""
    nobody = MAY_BE_EMPTY.get((old.entity, name))
    return value == old.values[name] or (nobody == "" and "" in (value, old.values[name]))


def _filled(old: Record, new: Mended) -> dict[str, Value]:
    return {name: value for name, value in new.values.items() if value != "" and old.values.get(name) == ""}


def _extra(made: Gathered, key: Key, label: str, value: str) -> None:
    if key[0] in WITHOUT_ATTRIBUTES or not value:
        return
    one = record(
        "attribute", id=stable_id("attribute", key[1], EXTRA, label, value), link_id=key[1], link_entity=key[0], link_type=EXTRA,
        label=label, value=value,
    )  # fmt: skip
    made.records.setdefault(("attribute", one.id), one)


def settle(made: Gathered) -> None:
    """Leave out references to nothing, and refuse what then belongs to nothing, until all agree."""
    _find_owners(made)
    while True:
        broken = [(key, one, names) for key, one in made.records.items() if (names := _dangling(made, one)) or _orphan(one)]
        for key, one, names in broken:
            _mend_references(made, key, one, names)
        if not broken:
            return


def _find_owners(made: Gathered) -> None:
    """An attribute that names its record but not of which entity."""
    places: dict[str, list[str]] = {}
    for entity, id in made.records:
        places.setdefault(id, []).append(entity)
    for key, one in list(made.records.items()):
        names = {"attribute": ("link_id", "link_entity"), "metadata": ("resource_id", "resource_type")}.get(one.entity)
        if names is None or one.values.get(names[1]) in ENTITIES:
            continue
        found = places.get(str(one.values.get(names[0])), [])
        if len(found) == 1:
            made.records[key] = Record(one.entity, {**one.values, names[1]: found[0]})
            made.change(key, outcome="mended", why=f"{names[1]} mended: it is of a {found[0]}")


def _dangling(made: Gathered, one: Record) -> list[str]:
    return [name for name, target in references(one) if (target, str(one.values[name])) not in made.records]


def _orphan(one: Record) -> bool:
    if one.entity in NEEDS_ALL:
        names = {name for name, _ in references(one)}
        return not names >= set(NEEDS_ALL[one.entity])
    return one.entity in NEEDS_ONE and not any(name in one.values for name in NEEDS_ONE[one.entity])


def _mend_references(made: Gathered, key: Key, one: Record, names: list[str]) -> None:
    left = Record(one.entity, {name: value for name, value in one.values.items() if name not in names})
    said = ", ".join(f"{name} {one.values[name]}" for name in names)
    if _orphan(left):
        del made.records[key]
        made.change(key, outcome="refused", why=f"refused: it belongs to nothing that is here{f': {said}' if said else ''}")
        return
    made.records[key] = left
    made.change(key, outcome="mended", why=f"reference to nothing left out: {said}")
