"""P What became of every input record: kept, merged, mended or refused, and why; the sums must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from content_cache.hsds import Record, Translation

Outcome = Literal["kept", "merged", "mended", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("kept", "merged", "mended", "refused")


@dataclass(frozen=True)
class Entry:
    """One input record. ``number`` counts from 1 in its file; ``became`` is the id of the service it went into.

    ``why`` names each mend, merge or refusal; ``notes`` what a person should look at, though nothing was changed.
    """

    file: str
    number: int
    key: str
    outcome: Outcome
    became: str | None
    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """Two sources of a merge that say different things of one field: which value stays, and which one is left out."""

    entity: str
    id: str
    field: str
    kept: str
    kept_from: str
    left: str
    left_from: str


@dataclass(frozen=True)
class Report:
    """All entries of one import; ``read`` is how many records each file held."""

    read: Mapping[str, int]
    entries: Sequence[Entry] = field(default_factory=tuple)
    conflicts: Sequence[Conflict] = field(default_factory=tuple)

    def sums(self) -> dict[str, dict[str, int]]:
        """file -> outcome -> count."""
        counted = {file: Counter(entry.outcome for entry in self.entries if entry.file == file) for file in self.read}
        return {file: {outcome: counts[outcome] for outcome in OUTCOMES} for file, counts in counted.items()}

    def agrees(self) -> bool:
        """Whether every record read is accounted for exactly once."""
        places = {(entry.file, entry.number) for entry in self.entries}
        return len(places) == len(self.entries) and places == {
            (f, n) for f, count in self.read.items() for n in range(1, count + 1)
        }

    def reasons(self) -> list[tuple[str, int]]:
        """Every kind of reason and note with how often it occurs, the most frequent first."""
        counted = Counter(_kind(text) for entry in self.entries for text in (*entry.why, *entry.notes))
        return counted.most_common()

    def as_json(self) -> dict[str, Any]:
        """For a file or ``--json``."""
        return {
            "read": dict(self.read),
            "sums": self.sums(),
            "agrees": self.agrees(),
            "reasons": [{"reason": text, "count": count} for text, count in self.reasons()],
            "conflicts": [asdict(conflict) for conflict in self.conflicts],
            "entries": [asdict(entry) for entry in self.entries],
        }


def _kind(text: str) -> str:
    """What comes before the first colon is the kind of reason."""
    return text.partition(":")[0]


@dataclass(frozen=True)
class Imported:
    """What an importer returns. ``language`` is what the records are written in, ``languages`` all there are texts in."""

    records: tuple[Record, ...]
    translations: tuple[Translation, ...]
    report: Report
    language: str
    languages: tuple[str, ...]
    source: str
    sample: bool
    replaces: frozenset[tuple[str, str, str]] = frozenset()
    """(child entity, reference, parent id): where this source's children take the place of all those of a lower layer."""
    provenance: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """"entity id" -> field ("" for all others) -> the source it comes from; only after sources were merged in layers."""
    licence: str = ""
    """Under which the source gives it, in its own words; empty where it says none."""
