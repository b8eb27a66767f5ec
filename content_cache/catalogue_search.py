"""E Searching the store: bounded in time and in work; nothing of what is asked is kept but a digest that no one can read back."""

from __future__ import annotations

import hashlib
import itertools
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from content_cache import search_plan, search_text, spelling
from content_cache.search_plan import Slot

DEADLINE = 0.3
"""Seconds a query may take; what was found until then is shown."""
MOST_GUESSES, MOST_CANDIDATES, KEPT = 6, 1_500, 512
_STEPS = 2_000
"""Steps of SQLite's machine between two looks at the clock: well below a millisecond."""


@dataclass(frozen=True)
class Asked:
    """What is asked, by a reader of the language ``tag``: the ``wanted`` best, and how many there are up to ``most``."""

    untrusted_query: str
    tag: str = ""
    wanted: int = 20
    most: int = 200


@dataclass(frozen=True)
class Answer:
    """How many services there are, and where the best ones stand, the best first. ``cut``: time ran out."""

    total: int
    positions: tuple[int, ...]
    cut: bool = False


class Search:
    """Shared by all threads of a process; every call brings its thread's connection."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        self.deadline, self._lock = deadline, threading.Lock()
        self._secret = os.urandom(16)
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()

    def find(self, connection: sqlite3.Connection, generation: object, asked: Asked) -> Answer:
        """The best answers."""
        words = " ".join(search_text.words(asked.untrusted_query[: search_text.LONGEST_QUERY]))
        told = repr((generation, asked.tag, asked.wanted, asked.most, words)).encode()
        key = hashlib.blake2b(told, key=self._secret, digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = _Run(connection, asked, time.monotonic() + self.deadline).answer(words)
        if not answer.cut:
            with self._lock:
                self._kept[key] = answer
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return answer


class _Run:
    """One query."""

    def __init__(self, connection: sqlite3.Connection, asked: Asked, until: float) -> None:
        self._connection, self._asked, self._until = connection, asked, until
        self._fields = dict(connection.execute("select tag, field from search_language"))
        weights = [8.0 if one == asked.tag else 6.0 for one in self._fields]
        self._weights = ", ".join(map(str, (*weights, 5.0, 3.0, 1.0, 1.0)))
        self._found: dict[int, None] = {}

    def answer(self, words: str) -> Answer:
        query = search_plan.slots(words)
        total, cut = 0, False
        self._connection.set_progress_handler(lambda: time.monotonic() > self._until, _STEPS)
        try:
            if query:
                total = self._all(query)
        except sqlite3.OperationalError:
            if time.monotonic() <= self._until:
                raise
            cut = True
        finally:
            self._connection.set_progress_handler(None, 0)
        found = tuple(self._found)[: self._asked.wanted]
        return Answer(max(total, len(found)), found, cut)

    def _all(self, query: Sequence[Slot]) -> int:
        widest = search_plan.everywhere(query)
        total = self._count(widest)
        if not total:
            return self._otherwise(query)
        # Two alike after each other would find the same.
        for tier, _ in itertools.groupby(search_plan.tiers(query, self._fields.values())):
            if len(self._found) >= min(total, self._asked.wanted):
                break
            self._take(tier)
        return total

    def _otherwise(self, query: Sequence[Slot]) -> int:
        """Nothing holds all words as they are typed: misspelt, sounding alike, any of them, part of a word."""
        strange = [slot for slot in query if not self._count(slot.anyhow())]
        guessed = search_plan.guess(query, {slot.word: tuple(self._guesses(slot.word)) for slot in strange})
        misspelt = search_plan.misspelt(guessed)
        if total := self._count(misspelt):
            self._take(search_plan.misspelt_names(guessed, self._fields.values()))
            self._take(misspelt)
            return total
        if total := self._count(search_plan.any_word(guessed)):
            self._take(search_plan.any_word(guessed))
            return total
        self._take_parts(query)
        return len(self._found)

    def _count(self, expression: str) -> int:
        sql = "select count(*) from (select 1 from found where found match ? limit ?)"
        ((count,),) = self._connection.execute(sql, (expression, self._asked.most))
        return int(count)

    def _take(self, expression: str) -> None:
        # Those found before may be among them again.
        enough = self._asked.wanted + len(self._found)
        rows = self._connection.execute(
            f"select rowid from found where found match ? order by bm25(found, {self._weights}), rowid limit ?",
            (expression, enough),
        )
        for (position,) in rows:
            self._found.setdefault(position)

    def _take_parts(self, query: Sequence[Slot]) -> None:
        parts = [f'"{slot.word}"' for slot in query if len(slot.word) >= 4]
        if parts:
            rows = self._connection.execute(
                "select rowid from found_part where found_part match ? limit ?", (" AND ".join(parts), self._asked.most)
            )
            self._found |= dict.fromkeys(position for (position,) in rows)

    def _guesses(self, word: str) -> list[str]:
        """Known words that a misspelt one may be: those with the fewest mistakes, of them those that begin most alike."""
        most = spelling.allowed(word)
        if not most:
            return []
        near = {(spelling.distance(word, other, most), -spelling.alike(word, other), other) for other in self._near(word, most)}
        kept = sorted(one for one in near if one[0] <= most)
        if kept and kept[0][0] > 1 and self._sounds(word):
            return []
        return [other for far, begun, other in kept[:MOST_GUESSES] if (far, begun) == kept[0][:2]]

    def _sounds(self, word: str) -> bool:
        """Whether a name sounds so: that is nearer than two mistakes."""
        sound = search_plan.sounding(word)
        return bool(sound and self._count(sound))

    def _near(self, word: str, most: int) -> Iterator[str]:
        missed = sorted(spelling.deletions(word))
        marks = ", ".join("?" * len(missed))
        found = self._connection.execute(f"select distinct word from search_miss where missed in ({marks})", missed).fetchall()
        yield from (other for (other,) in found)
        if most > 1 and not any(spelling.distance(word, other, 1) <= 1 for (other,) in found):
            # Two mistakes: only among words that begin alike, and not among more than can be compared in time.
            alike = self._connection.execute(
                "select word from search_word where initial = ? and length between ? and ? order by often desc limit ?",
                (word[0], len(word) - most, len(word) + most, MOST_CANDIDATES),
            )
            yield from (other for (other,) in alike)
