"""P Several sources as one catalogue, in layers: global < country < camp < local. Field by field, with a word on each conflict.

A higher layer's value stays and the lower one's is named; within a layer the first source's. Nothing is left out in silence:
every difference is a conflict of the report, and in the catalogue a ``metadata`` record says which source changed the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from appliance.errors import BadInput
from content_cache.hsds import Record, Translation, Value, check, record
from content_cache.needs import stable_id
from content_cache.publish.importers import licences
from content_cache.publish.importers.hsds_rows import Gathered, settle
from content_cache.publish.importers.report import Conflict, Entry, Imported, Report

LAYERS = ("global", "country", "camp", "local")
OVERRIDE = "override"
Key = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """One import in its layer; ``name`` is what reports call it, and no other source has it."""

    layer: str
    name: str
    imported: Imported


@dataclass
class _Merge:
    records: dict[Key, Record] = field(default_factory=dict)
    texts: dict[tuple[str, str, str, str], Translation] = field(default_factory=dict)
    text_from: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    origin: dict[Key, dict[str, str]] = field(default_factory=dict)
    base: dict[Key, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    joined: dict[tuple[str, Key], str] = field(default_factory=dict)

    def from_whom(self, key: Key, name: str) -> str:
        return self.origin.get(key, {}).get(name) or self.base[key]


def merge(sources: Sequence[Source], *, today: str, earlier: Mapping[str, str] | None = None) -> Imported:
    """One catalogue. ``today`` (YYYY-MM-DD) dates new overrides; ``earlier``: id of a metadata record -> its date when published.

    Raises BadInput for no source, two of one name, or sources written in different languages.
    """
    _check(sources)
    made = _Merge()
    for source in sorted(sources, key=lambda one: LAYERS.index(one.layer)):
        _replace_children(made, source)
        for one in source.imported.records:
            _record(made, source, one)
        own = {(one.entity, one.id): one for one in source.imported.records}
        for text in source.imported.translations:
            _text(made, source, own, text)
    whole = _whole(made, sources)
    _say_overrides(made, whole, today, earlier or {})
    texts = [text for text in made.texts.values() if (text.entity, text.id) in whole.records]
    languages = tuple(dict.fromkeys(tag for source in sources for tag in source.imported.languages))
    names = "; ".join(dict.fromkeys(source.imported.source for source in sources))
    report = Report(_read(sources), tuple(whole.entries), tuple(made.conflicts))
    return Imported(
        tuple(whole.records.values()), tuple(texts), report, sources[0].imported.language, languages, names,
        any(source.imported.sample for source in sources), provenance=_provenance(made, whole),
        licence=licences.together((source.imported.source, source.imported.licence) for source in sources),
    )  # fmt: skip


def _check(sources: Sequence[Source]) -> None:
    names = [source.name for source in sources]
    if not sources or len(set(names)) < len(names):
        raise BadInput("no source, or two with one name", mend="name each source once")
    written = {source.imported.language for source in sources}
    if len(written) > 1:
        raise BadInput(f"sources written in different languages: {', '.join(sorted(written))}", mend="import them one by one")


def file_name(source: Source, file: str, sources: Sequence[Source]) -> str:
    """What a merged report calls a file: its own name while there is one source, and no name twice in a row."""
    return file if len(sources) == 1 else source.name if source.name.endswith(f": {file}") else f"{source.name}: {file}"


def _read(sources: Sequence[Source]) -> dict[str, int]:
    return {file_name(s, file, sources): count for s in sources for file, count in s.imported.report.read.items()}


def _replace_children(made: _Merge, source: Source) -> None:
    """The lower layers' hours of a service go when this source brings its own."""
    if not source.imported.replaces:
        return
    for key, one in list(made.records.items()):
        for child, name, parent in source.imported.replaces:
            if one.entity == child and one.values.get(name) == parent:
                said = ", ".join(f"{n} {v}" for n, v in one.values.items() if not n.endswith("id") and v != "")
                conflict = Conflict(child, one.id, "", "its own", source.name, said[:500], made.base[key])
                made.conflicts.append(conflict)
                for of in [text for text in made.texts if text[:2] == key]:
                    _drop(made, made.texts.pop(of), source.name, made.text_from[of])
                del made.records[key]
                break


def _record(made: _Merge, source: Source, one: Record) -> None:
    key = (one.entity, one.id)
    old = made.records.get(key)
    if old is None:
        made.records[key], made.base[key] = one, source.name
        return
    first = made.base[key]
    values: dict[str, Value] = dict(old.values)
    for name, value in one.values.items():
        if old.values.get(name) in (None, ""):
            values[name] = value
            if value != "":
                made.origin.setdefault(key, {})[name] = source.name
        elif value not in ("", old.values[name]):
            values[name] = _decide(made, source, key, name, old.values[name], value)
    made.records[key] = Record(one.entity, values)
    made.joined[source.name, key] = first


def _decide(made: _Merge, source: Source, key: Key, name: str, old: Value, new: Value) -> Value:
    other = made.from_whom(key, name)
    if _layer(other) == source.layer:
        made.conflicts.append(Conflict(*key, name, str(old), other, str(new), source.name))
        return old
    made.conflicts.append(Conflict(*key, name, str(new), source.name, str(old), other))
    made.origin.setdefault(key, {})[name] = source.name
    for of in [text for text in made.texts if text[:3] == (*key, name)]:
        # A translation of the old text would say in Arabic what no longer holds in English.
        _drop(made, made.texts.pop(of), source.name, other)
    return new


def _drop(made: _Merge, gone: Translation, kept_from: str, left_from: str) -> None:
    """Say that a translation is left out, because of what ``kept_from`` says."""
    made.conflicts.append(Conflict(gone.entity, gone.id, f"{gone.field} [{gone.tag}]", "", kept_from, gone.text, left_from))


def _layer(name: str) -> str:
    return name.partition(":")[0]


def _text(made: _Merge, source: Source, own: Mapping[Key, Record], text: Translation) -> None:
    key = (text.entity, text.id, text.field, text.tag)
    old = made.texts.get(key)
    if key[:2] not in made.records or not _is_of(made, own, text):
        if old is None or old.text != text.text:
            _drop(made, text, _in_whose_favour(made, text), source.name)
        return
    if old is None:
        made.texts[key], made.text_from[key] = text, source.name
    elif old.text != text.text:
        other = made.text_from[key]
        higher = _layer(other) != source.layer and not (text.machine and not old.machine)
        kept, left = (text, old) if higher else (old, text)
        whose = (source.name, other) if higher else (other, source.name)
        made.texts[key], made.text_from[key] = kept, whose[0]
        said = f"{text.field} [{text.tag}]"
        made.conflicts.append(Conflict(text.entity, text.id, said, kept.text, whose[0], left.text, whose[1]))


def _in_whose_favour(made: _Merge, text: Translation) -> str:
    """Whose text stands where this translation cannot; nobody's where there is nothing that it could translate."""
    key = (text.entity, text.id)
    return made.from_whom(key, text.field) if key in made.base else ""


def _is_of(made: _Merge, own: Mapping[Key, Record], text: Translation) -> bool:
    """Whether the text it translates is the one that stays."""
    key = (text.entity, text.id)
    written = own[key].values.get(text.field) if key in own else None
    return written is None or written == made.records[key].values.get(text.field)


def _whole(made: _Merge, sources: Sequence[Source]) -> Gathered:
    """The records that are whole; a change of something that is nowhere is refused, by name."""
    whole = Gathered()
    for source in sources:
        for entry in source.imported.report.entries:
            _say(made, whole, source, entry, file_name(source, entry.file, sources))
    for key, one in made.records.items():
        try:
            check(one)
            whole.records[key] = one
        except BadInput as error:
            whole.change(key, outcome="refused", why=f"refused: it changes a {one.entity} that is in no source ({error.what})")
    settle(whole)
    return whole


def _say(made: _Merge, whole: Gathered, source: Source, entry: Entry, file: str) -> None:
    key = next((k for k in _keys(entry) if k in made.base), None)
    joined = made.joined.get((source.name, key)) if key else None
    said = replace(entry, file=file)
    if joined and entry.outcome in ("kept", "mended"):
        said = replace(said, outcome="merged", why=(*entry.why, f"joined to the record of {joined}"))
    whole.say(said, key)


def _keys(entry: Entry) -> Iterable[Key]:
    """A report names the id a row went into; the entity stands before its key, or it is a service, or a place."""
    first = entry.key.partition(" ")[0]
    return [(entity, entry.became) for entity in (first, "service", "location") if entry.became]


def _say_overrides(made: _Merge, whole: Gathered, today: str, earlier: Mapping[str, str]) -> None:
    """HSDS ``metadata``: who changed what, and when. A date once published stays, so that nothing changes from day to day."""
    for one in made.conflicts:
        key = (one.entity, one.id)
        if not one.field or "[" in one.field or key not in whole.records or made.from_whom(key, one.field) != one.kept_from:
            continue
        if whole.records[key].values.get(one.field) is None or _layer(one.kept_from) == _layer(one.left_from):
            continue
        id = stable_id("metadata", *key, one.field, one.left, one.kept, one.kept_from)
        whole.records["metadata", id] = record(
            "metadata", id=id, resource_id=one.id, resource_type=one.entity, last_action_date=earlier.get(id, today),
            last_action_type=OVERRIDE, field_name=one.field, previous_value=one.left[:2_000], replacement_value=one.kept[:2_000],
            updated_by=one.kept_from,
        )  # fmt: skip


def _provenance(made: _Merge, whole: Gathered) -> dict[str, dict[str, str]]:
    return {
        f"{entity} {id}": {"": made.base[entity, id], **made.origin.get((entity, id), {})}
        for entity, id in whole.records
        if (entity, id) in made.base
    }
