"""P Opening hours in free text -> pieces of a week: ``9:00am-12:30pm (Sat-Thu), ER: 24/7``. What is unclear stays words.

A label before a colon ("ER", "MoH") is a desk of its own: its hours must not make the whole place look open. Anything that
speaks of a closure, a date or a season is never read as regular hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from content_cache.publish.importers import clock_words

LONGEST = 500
_SPLIT = re.compile(r"[,،;؛\n|]+(?![^()]*\))")
_LABEL = re.compile(r"(?P<label>[^\W\d][^:()]{0,39}?)\s*:\s*(?=\D|\d{1,2}\D)(?P<rest>.+)\Z")
_BRACKETS = re.compile(r"(?P<before>[^()]*)\((?P<inside>[^()]*)\)(?P<behind>[^()]*)\Z")
_ALWAYS = re.compile(r"(?:24\s*/\s*7|24\s*h(?:ours?|rs?)?(?:\s*(?:a day|daily))?|always open|على مدار الساعة)\Z", re.IGNORECASE)
_RANGE = re.compile(r"(?P<from>[^-]+)-(?P<to>[^-]+)\Z")
_NO_DESK = re.compile(r"clos|except|holiday|ramadan|winter|summer|from|since|until|مغلق|عطل|رمضان", re.IGNORECASE)
_DAYS_FIRST = re.compile(r"(?P<days>[^\d(]+?)[\s:]+(?P<times>\d.*)\Z")


@dataclass(frozen=True)
class Piece:
    """Hours of some days. ``label`` the desk they are of ("" the place itself); 00:00 to 00:00 is day and night."""

    days: tuple[str, ...]
    opens: str
    closes: str
    label: str = ""


@dataclass(frozen=True)
class Understood:
    """``pieces`` are certain; ``words`` are the parts that were not; ``mends`` says what was written wrongly but is clear."""

    pieces: tuple[Piece, ...]
    words: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()


def understand(untrusted: str) -> Understood:
    """Whatever was written; nothing is guessed and nothing is left out."""
    text = clock_words.plain(untrusted.replace("\n", " ; "))[:LONGEST]
    pieces, words, mends = list[Piece](), list[str](), list[str]()
    for part in _parts(text):
        label, read = _part(part, mends)
        if read is None:
            words.append(part)
        else:
            pieces += [Piece(days, opens, closes, label) for days, opens, closes in [read]]
    if any(not _names_a_desk(word) for word in words):
        # "24/7, closed Jan 2017": what it says of the whole place takes the certainty from the rest of it.
        return Understood((), (" ".join(untrusted.split())[:LONGEST],), tuple(mends))
    return Understood(tuple(pieces), tuple(words), tuple(mends))


def _names_a_desk(word: str) -> bool:
    labelled = _LABEL.match(word)
    return labelled is not None and not _NO_DESK.search(labelled["label"])


def _parts(text: str) -> Iterator[str]:
    """Split at commas outside brackets; a list of days before its hours ("Mon, Wed 9:00-12:00") is one part."""
    waiting = ""
    for part in (one.strip(" .") for one in _SPLIT.split(text)):
        if not part:
            continue
        waiting = f"{waiting}, {part}" if waiting else part
        if clock_words.days(part) is None:
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _part(part: str, mends: list[str]) -> tuple[str, tuple[tuple[str, ...], str, str] | None]:
    found = _read(part, mends)
    if found is not None:
        return "", found
    labelled = _LABEL.match(part)
    if labelled is None or clock_words.days(labelled["label"]) is not None or _NO_DESK.search(labelled["label"]):
        return "", None
    return labelled["label"].strip(), _read(labelled["rest"], mends)


def _read(part: str, mends: list[str]) -> tuple[tuple[str, ...], str, str] | None:
    part = part.strip()
    days: tuple[str, ...] = clock_words.ORDER
    bracketed, leading = _BRACKETS.match(part), _DAYS_FIRST.match(part)
    if bracketed:
        named = clock_words.days(bracketed["inside"])
        if named is None or bracketed["behind"].strip():
            return None
        part, days = bracketed["before"].strip(), named
    elif leading and not _ALWAYS.match(part):
        named = clock_words.days(leading["days"].strip(" :"))
        if named is None:
            return None
        part, days = leading["times"].strip(), named
    elif not _ALWAYS.match(part):
        # Hours without days: which days is not known, and "every day" would be a guess.
        return None
    if _ALWAYS.match(part):
        return days, "00:00", "00:00"
    return _times(part, days, mends)


def _times(part: str, days: tuple[str, ...], mends: list[str]) -> tuple[tuple[str, ...], str, str] | None:
    both = _RANGE.match(part)
    if both is None:
        return None
    (opens, first), (closes, second) = clock_words.time_of_day(both["from"]), clock_words.time_of_day(both["to"])
    if opens is None or closes is None:
        return None
    if first or second:
        mends.append(f"hour mended: {part} read as {opens}-{closes}")
    return days, opens, closes
