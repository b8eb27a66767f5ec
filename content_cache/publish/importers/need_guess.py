"""P Which needs a service answers, where its source does not say: by the words that people search with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from content_cache import needs, search_text, synonyms

OTHERWISE = "community"
MOST = 3


def guess(names: Iterable[str], descriptions: Iterable[str] = ()) -> list[str]:
    """Slugs of needs: those that the names speak of, else the one that the descriptions speak of most; [] where none is."""
    found = _counted(names)
    if found:
        return [slug for slug, _ in found.most_common(MOST)]
    return [slug for slug, _ in _counted(descriptions).most_common(1)]


def named(text: str) -> str | None:
    """The slug of a need written as its slug or its name in any language, or by one word that means it; None where unknown."""
    if text.strip().lower() in needs.BY_SLUG:
        return text.strip().lower()
    plain = " ".join(search_text.words(text))
    if plain in synonyms.NEED_NAMES:
        return synonyms.NEED_NAMES[plain]
    meant = {meaning.need for meaning in synonyms.BY_WORD.get(plain, ()) if meaning.need}
    return meant.pop() if len(meant) == 1 else None


def _counted(texts: Iterable[str]) -> Counter[str]:
    counted = Counter[str]()
    for text in texts:
        words = search_text.words(text)
        pairs = [f"{one} {other}" for one, other in zip(words, words[1:], strict=False)]
        for word in (*words, *pairs):
            counted.update({meaning.need for meaning in synonyms.BY_WORD.get(word, ()) if meaning.need})
    return counted
