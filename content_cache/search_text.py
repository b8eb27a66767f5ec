"""P One normaliser for index and query: what people type and what editors wrote must meet.

Arabic and Persian: vowel marks, tatweel, hamza, alef, teh marbuta, alef maqsura, Farsi yeh and kaf, digits, joiners.
Latin: diacritics.
"""

from __future__ import annotations

import unicodedata

LONGEST_QUERY = 100
MOST_WORDS = 8

_LETTERS = str.maketrans(
    {
        "ٱ": "ا", "ٲ": "ا", "ٳ": "ا", "ة": "ه", "ۃ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۀ": "ه", "ۂ": "ه",
        "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ۍ": "ي", "ک": "ك", "ڪ": "ك", "ء": None, "ـ": None,
        "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
        # Joiners and direction marks carry no letter: "می‌کند" is one word, with or without them.
        "\u200b": None, "\u200c": None, "\u200d": None, "\u200e": None, "\u200f": None, "\u061c": None,
        "\u2060": None, "\ufeff": None, "\u00ad": None, "'": None, "\u2019": None, "\u02bc": None,
    }
)  # fmt: skip
_ARTICLES = (("وال", 3), ("بال", 3), ("كال", 3), ("فال", 3), ("ال", 2), ("لل", 3))
"""Beginnings that are the article alone or joined to "and", "with", "like", "for"; and how many letters must be left."""


def normalise(text: str) -> str:
    """Lower case, marks and variants removed, everything but letters, marks and digits a space. Doing it twice changes nothing."""
    for _ in range(4):
        before, text = text, _once(text)
        if text == before:
            break
    return text


def _once(text: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = unicodedata.normalize("NFD", text.translate(_LETTERS))
    text = "".join(_kept(character) for character in text)
    return " ".join(unicodedata.normalize("NFC", text.translate(_LETTERS)).split())


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Mn" and ("\u0300" <= character <= "\u036f" or "\u0600" <= character <= "\u08ff"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return character if category[0] in "LMN" else " "


def words(text: str) -> list[str]:
    """The normalised words of a text, each without the Arabic article, as they go into the index."""
    return [_bare(word) for word in normalise(text).split()]


def _bare(word: str) -> str:
    for article, left in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= left:
            return word[len(article) :]
    return word


def indexed(*texts: str) -> str:
    """What the index stores for these texts."""
    return " ".join(word for text in texts for word in words(text))


def match(untrusted_query: str, *, any_word: bool = False) -> str:
    """An FTS5 expression: all words (or any), the last one as a beginning; "" when the query holds no word.

    Every word is quoted, so no operator of the query language can come from outside (SQLite FTS5, section 3).
    """
    found = list(dict.fromkeys(words(untrusted_query[:LONGEST_QUERY])))[:MOST_WORDS]
    quoted = [f'"{word}"' for word in found]
    if quoted:
        quoted[-1] += "*"
    return (" OR " if any_word else " ").join(quoted)
