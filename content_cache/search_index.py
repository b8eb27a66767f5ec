"""E The tables that search reads, written by the store's builder: an FTS5 index, the words it knows, and their near misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import sqlite_utils

from content_cache import needs, search_plan, search_text, skeleton, spelling, synonyms

Texts = Mapping[str, Mapping[str, Mapping[str, tuple[str, bool]]]]
_TOKENS = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
"""Texts come in normalised: what is left of marks belongs to its letter."""
# The same organisations, places and conditions come again and again.
_words = lru_cache(maxsize=20_000)(search_text.words)
_sounds = lru_cache(maxsize=5_000)(skeleton.skeletons)


class SearchIndex:
    """Filled service by service. ``languages`` are those the catalogue has texts in; each has a column for names."""

    def __init__(self, database: sqlite_utils.Database, written: str, languages: Iterable[str]) -> None:
        self._database, self._written = database, written
        self._columns = {tag: f"n{number}" for number, tag in enumerate(dict.fromkeys((written, *languages)))}
        self._known = Counter[str]()
        columns = ", ".join((*self._columns.values(), "need", "place", "rest", "sound"))
        database.table("search_language").create({"tag": str, "field": str})
        database.table("search_language").insert_all({"tag": tag, "field": field} for tag, field in self._columns.items())
        database.execute(f"create virtual table found using fts5({columns}, content='', prefix='2 3', tokenize=\"{_TOKENS}\")")
        database.execute("create virtual table found_part using fts5(name, content='', tokenize='trigram')")
        database.executescript(
            "create table search_word (initial text, length int, often int, word text,"
            " primary key (initial, length, word)) without rowid;"
            "create table search_miss (missed text, word text, primary key (missed, word)) without rowid;"
        )

    def add(self, position: int, document: Mapping[str, Any], texts: Texts, slugs: Iterable[str]) -> None:
        """Index one nested service."""
        names: dict[str, list[str]] = {field: [] for field in self._columns.values()}
        for tag, text in self._every(document, texts, "name", "alternate_name"):
            names[self._columns.get(tag, "n0")] += _words(text)
        placed, sounds = self._places(document, texts)
        meant = [word for slug in slugs if slug for word in _need_words(slug)]
        rest = [word for text in self._rest(document, texts) for word in _words(text)]
        values = [" ".join(words) for words in (*names.values(), meant, placed, rest, sounds)]
        marks = ", ".join("?" * len(values))
        fields = ", ".join((*names, "need", "place", "rest", "sound"))
        self._database.execute(f"insert into found(rowid, {fields}) values (?, {marks})", (position, *values))
        self._database.execute("insert into found_part(rowid, name) values (?, ?)", (position, " ".join(values[: len(names)])))
        for words in (*names.values(), placed):
            self._known.update(set(words))

    def finish(self) -> None:
        """Write the words and their near misses; the words that search knows by itself are among them."""
        self._known.update(word for word in synonyms.BY_WORD if " " not in word)
        words = {word: often for word, often in self._known.items() if len(word) >= 3 and not word[0].isdigit()}
        self._database.conn.executemany(
            "insert into search_word values (?, ?, ?, ?)", ((w[0], len(w), often, w) for w, often in words.items())
        )
        misses = ((missed, word) for word in words if spelling.allowed(word) for missed in spelling.deletions(word))
        self._database.conn.executemany("insert or ignore into search_miss values (?, ?)", misses)
        self._database.execute("insert into found(found) values('optimize')")
        self._database.execute("insert into found_part(found_part) values('optimize')")

    def _every(self, part: Mapping[str, Any], texts: Texts, *fields: str) -> Iterator[tuple[str, str]]:
        for field in fields:
            if part.get(field):
                yield self._written, str(part[field])
            yield from ((tag, text) for tag, (text, _) in texts.get(str(part.get("id")), {}).get(field, {}).items())

    def _places(self, document: Mapping[str, Any], texts: Texts) -> tuple[list[str], list[str]]:
        """Names of organisation, locations and areas and what stands beside them: their words, and how the names sound."""
        places = [there.get("location", {}) for there in document.get("service_at_locations", ())]
        parts = [document.get("organization", {}), *document.get("service_areas", ()), *places]
        names = [text for part in parts for _, text in self._every(part, texts, "name", "alternate_name")]
        told = [str(a.get("value")) for part in parts for a in part.get("attributes", ()) if a.get("link_type") == "place"]
        beside = [text for place in places for _, text in self._every(place, texts, "description")]
        words = [word for name in (*names, *told, *beside) for word in _words(name)]
        return words, [sound for name in names for sound in _sounds(name)]

    def _rest(self, document: Mapping[str, Any], texts: Texts) -> Iterator[str]:
        wanted: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [
            (document, ("description", "eligibility_description", "application_process"))
        ]
        wanted += [(paper, ("document",)) for paper in document.get("required_documents", ())]
        wanted += [(a, ("value",)) for a in document.get("attributes", ()) if a.get("link_type") == "offer"]
        for part, fields in wanted:
            yield from (text for _, text in self._every(part, texts, *fields))


def _need_words(slug: str) -> list[str]:
    return [
        search_plan.need_token(slug),
        *(word for name in needs.BY_SLUG[slug].names.values() for word in _words(name)),
    ]
