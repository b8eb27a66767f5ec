"""P One normaliser for index and query: what people type and what editors wrote must meet.

Arabic and Persian: vowel marks, tatweel, hamza, alef, teh marbuta, alef maqsura, Farsi and Urdu yeh and kaf, digits, joiners.
Latin: diacritics, French elisions. Cyrillic: ё is е, ґ is г, ї is і; й, є and і stay letters of their own. Ethiopic: the letters
that sound alike, its digits.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_QUERY = 100
MOST_WORDS = 8

_LETTERS = {
    "ٱ": "ا", "ٲ": "ا", "ٳ": "ا", "ة": "ه", "ۃ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۀ": "ه", "ۂ": "ه",
    "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ۍ": "ي", "ک": "ك", "ڪ": "ك", "ء": "", "ـ": "",
    "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
    "ґ": "г",
    # Joiners and direction marks carry no letter: "می‌کند" is one word, with or without them.
    "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u061c": "",
    "\u2060": "", "\ufeff": "", "\u00ad": "", "'": "", "\u2019": "", "\u02bc": "", "\u02bb": "",
}  # fmt: skip
# Letters of seven vowels each that one language or another no longer tells apart: hoy ሀ ሐ ኀ, sat ሰ ሠ, alef አ ዐ, tsade ጸ ፀ.
_ALIKE = ((0x1210, 0x1200), (0x1280, 0x1200), (0x1220, 0x1230), (0x12D0, 0x12A0), (0x1340, 0x1338))
_LETTERS |= {chr(one + n): chr(other + n) for one, other in _ALIKE for n in range(7)}
# The first and the fourth vowel sound alike behind a throat letter: አ ኣ, ሀ ሃ (and their doubles).
_LETTERS |= {chr(base + 3): chr(other) for base, other in ((0x12A0, 0x12A0), (0x12D0, 0x12A0), (0x1200, 0x1200), (0x1210, 0x1200))}
_LETTERS |= {chr(0x1283): chr(0x1200)}
_TABLE = str.maketrans(_LETTERS)
_KEPT_BREVE = re.compile("\u0438\u0306")
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu)['\u2019\u02bc](?=\w)", re.IGNORECASE)
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
    text = unicodedata.normalize("NFD", _ELISION.sub(" ", text).translate(_TABLE))
    text = _KEPT_BREVE.sub("\u0439", text).translate(_KEPT)
    return " ".join(unicodedata.normalize("NFC", text.translate(_TABLE)).split())


class _Kept(dict[int, str]):
    """What is kept of every character, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = _kept(chr(code))
        return self[code]


_KEPT = _Kept()


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Mn" and ("\u0300" <= character <= "\u036f" or "\u0600" <= character <= "\u08ff"):
        return ""
    if category[0] == "N" and (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    return character if category[0] in "LMN" else " "


def words(text: str) -> list[str]:
    """The normalised words of a text, each without the Arabic article, as they go into the index."""
    return [_bare(word) for word in normalise(text).split()]


def _bare(word: str) -> str:
    for article, left in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= left:
            return word[len(article) :]
    return word
