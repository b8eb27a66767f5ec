"""P A query -> FTS5 expressions, the best kind of match first: exact, beginnings, words that mean the same, anywhere, misspelt.

Every word is quoted, so no operator of the query language can come from outside (SQLite FTS5, section 3).
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from content_cache import search_text, skeleton, synonyms
from content_cache.synonyms import Meaning

MOST_MEANINGS = 3
_SORTED = sorted(synonyms.BY_WORD)


@dataclass(frozen=True)
class Slot:
    """One word of the query, or several that mean something together; ``last`` may still be being typed.

    ``guesses`` are known words it may be a misspelling of.
    """

    word: str
    last: bool = False
    guesses: tuple[str, ...] = ()

    def exact(self) -> str:
        """The word itself, or its plain plural or singular."""
        return _either(_quoted(word) for word in (self.word, *_numbers(self.word)))

    def sure(self) -> str:
        """A word that search knows is whole, and means what its synonyms mean; of any other, words that begin so."""
        if self.word not in synonyms.BY_WORD:
            return self.begun()
        return _either([self.exact(), *(_quoted(word) for m in synonyms.BY_WORD[self.word] for word in sorted(m.words))])

    def begun(self) -> str:
        """The word, or words that begin so."""
        return f"{_quoted(self.word)}*" if len(self.word) > 2 - self.last else _quoted(self.word)

    def meant(self) -> str:
        """Also words that mean the same, and the word without its ending."""
        same = (word for meaning in self.meanings() for word in sorted(meaning.words))
        return _either([self.begun(), *(_quoted(word) for word in _stems(self.word)), *(_quoted(word) for word in same)])

    def anyhow(self) -> str:
        """Also every service of the needs it speaks of."""
        apart = [f"({' AND '.join(_quoted(word) for word in self.word.split())})"] if " " in self.word else []
        return _either([self.meant(), *apart, *(_quoted(need_token(m.need)) for m in self.meanings() if m.need)])

    def of_its_need(self) -> str:
        """Named anywhere by a service of a need that the word speaks of; any word that speaks of none."""
        tokens = _either(_quoted(need_token(m.need)) for m in self.meanings() if m.need)
        return f"({tokens}) AND ({self.meant()})" if tokens else self.meant()

    def guessed(self) -> str:
        """Also what it may be a misspelling of, and names that sound alike."""
        return _either([self.anyhow(), *(Slot(guess).anyhow() for guess in self.guesses), sounding(self.word)])

    def meanings(self) -> tuple[Meaning, ...]:
        """What it means: as it stands, without its ending, or as the beginning of a word."""
        for word in (self.word, *_stems(self.word)):
            if word in synonyms.BY_WORD:
                return synonyms.BY_WORD[word]
        if not self.last or len(self.word) < 4:
            return ()
        at = bisect.bisect_left(_SORTED, self.word)
        begun = (word for word in _SORTED[at : at + MOST_MEANINGS] if word.startswith(self.word))
        return tuple(dict.fromkeys(meaning for word in begun for meaning in synonyms.BY_WORD[word]))[:MOST_MEANINGS]


def slots(untrusted_query: str) -> tuple[Slot, ...]:
    """The query's words, those without a meaning of their own left out, known phrases in one piece."""
    said = search_text.words(untrusted_query[: search_text.LONGEST_QUERY])
    kept = [word for word in said if word not in synonyms.STOP] or said
    made, at = list[str](), 0
    while at < len(kept):
        size = next((n for n in (4, 3, 2) if " ".join(kept[at : at + n]) in synonyms.PHRASES and at + n <= len(kept)), 1)
        made.append(" ".join(kept[at : at + size]))
        at += size
    unique = list(dict.fromkeys(made))[: search_text.MOST_WORDS]
    return tuple(Slot(word, last=n == len(unique) - 1) for n, word in enumerate(unique))


def tiers(query: Sequence[Slot], name_columns: Iterable[str]) -> Iterator[str]:
    """Expressions whose answers follow each other; each holds all words, and all that the one before it holds.

    The first ones mostly find enough: the others are made when they are asked for.
    """
    names = " ".join(name_columns)
    about = f"{names} need place"
    yield _all(f"{{{names}}} : ({slot.exact()})" for slot in query)
    yield _all(f"{{{names}}} : ({slot.sure()})" for slot in query)
    yield _all(f"{{{names}}} : ({slot.meant()})" for slot in query)
    yield _all(f"{{{about}}} : ({slot.begun()})" for slot in query)
    # By what it means, but not by the place: who types "bread" does not look for the library opposite the bakery.
    yield _all(f"{{{names} need}} : ({slot.meant()})" for slot in query)
    yield _all(f"({slot.of_its_need()})" for slot in query)
    yield f"- {{place}} : ({everywhere(query)})"
    yield everywhere(query)


def everywhere(query: Sequence[Slot]) -> str:
    """All words, in any field, in any meaning."""
    return _all(f"({slot.anyhow()})" for slot in query)


def misspelt(query: Sequence[Slot]) -> str:
    """All words, as they may have been meant."""
    return _all(f"({slot.guessed()})" for slot in query)


def misspelt_names(query: Sequence[Slot], name_columns: Iterable[str]) -> str:
    """All words, as they may have been meant, in names."""
    names = " ".join(name_columns)
    either = (_either([slot.meant(), *(Slot(one).meant() for one in slot.guesses)]) for slot in query)
    return _all(f"{{{names}}} : ({words})" for words in either)


def any_word(query: Sequence[Slot]) -> str:
    """At least one word, as it may have been meant."""
    return " OR ".join(f"({slot.guessed()})" for slot in query)


def guess(query: Sequence[Slot], guesses: Mapping[str, tuple[str, ...]]) -> tuple[Slot, ...]:
    """The same words with what they may be misspellings of."""
    return tuple(replace(slot, guesses=guesses.get(slot.word, ())) for slot in query)


def needs_meant(untrusted_query: str) -> tuple[str, ...]:
    """The needs a query speaks of: by their name, else by what its words mean."""
    named = synonyms.NEED_NAMES.get(" ".join(search_text.words(untrusted_query[: search_text.LONGEST_QUERY])))
    if named:
        return (named,)
    meant = [meaning.need for slot in slots(untrusted_query) for meaning in slot.meanings() if meaning.need]
    return tuple(dict.fromkeys(meant))[:2]


def sounding(word: str) -> str:
    """Names of places and organisations that sound so; "" for a word with too few consonants."""
    alike = skeleton.skeleton(word)
    return f"{{sound}} : {_quoted(alike)}" if alike else ""


def need_token(slug: str) -> str:
    """The word that stands in the index of every service of a need."""
    return f"0{slug.replace('-', '')}"


_POSSESSIVES = ("تي", "تك", "ته", "تها", "تنا", "تكم", "تهم")
"""Mine, yours, hers: before them a final teh marbuta has become a teh."""


def _stems(word: str) -> list[str]:
    """The word without what may be its ending: plurals, cases, the Arabic plural and possessive."""
    if " " in word:
        return []
    whose = [f"{word[: -len(one)]}ه" for one in _POSSESSIVES if word.endswith(one) and len(word) - len(one) >= 3]
    return [*whose, *(word[:-n] for n in (1, 2, 3) if len(word) - n >= 4)]


def _numbers(word: str) -> list[str]:
    if not word.isascii() or not word.isalpha() or len(word) < 3:
        return []
    return [f"{word}s", *([word[:-1]] if word.endswith("s") and len(word) > 4 else [])]


def _quoted(word: str) -> str:
    return f'"{word}"'


def _either(parts: Iterable[str]) -> str:
    return " OR ".join(dict.fromkeys(part for part in parts if part))


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts)
