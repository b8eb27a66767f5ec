"""P The consonants of a name, alike in every script: "Zarqa", "Zarka", "Az-Zarqā'" and "الزرقاء" have the same ones.

Only for names of places and organisations, and only where a query found nothing else: it is coarse on purpose.
"""

from __future__ import annotations

import re
import unicodedata

from content_cache import search_text

SHORTEST = 3
"""Consonants below which too many names meet; two are told apart by nothing else."""
_LATIN_PAIRS = (
    ("th", "t"),
    ("kh", "k"),
    ("gh", "g"),
    ("sh", "s"),
    ("ch", "s"),
    ("dh", "d"),
    ("zh", "z"),
    ("ph", "f"),
    ("dj", "g"),
    ("дж", "g"),
)
_LATIN = {"q": "k", "c": "k", "x": "ks", "j": "g", "p": "b", "v": "f", "w": "", "y": "", "h": ""} | dict.fromkeys("aeiou3", "")
_ARABIC = dict(
    zip(
        "بپتثجچحخدذرزژسشصضطظعغفقكگلمنهوياءآ",
        ["b", "b", "t", "t", "g", "s", "", "k", "d", "d", "r", "z", "z", "s", "s", "s", "d", "t", "z", "", "g", "f", "k", "k", "g",
         "l", "m", "n", "", "", "", "", "", ""],
        strict=True,
    )
)  # fmt: skip
_CYRILLIC = dict(zip("бвгджзклмнпрстфхцчшщ", "bfgdgzklmnbrstfktsss", strict=True)) | dict.fromkeys("аеєиіоуыэюяйьъ", "")
_LETTERS = str.maketrans(_LATIN | _ARABIC | _CYRILLIC)
_LATIN_ARTICLES = frozenset(["al", "el", "ar", "as", "at", "ath", "az", "ad", "adh", "an", "ash"])


def skeleton(word: str) -> str:
    """Of one normalised word; "" where too little is left."""
    if word in _LATIN_ARTICLES:
        return ""
    plain = "".join(_ethiopic(letter) for letter in word)
    for pair, sound in _LATIN_PAIRS:
        plain = plain.replace(pair, sound)
    sounds = re.sub(r"(.)\1+", r"\1", re.sub(r"[^a-z]", "", plain.translate(_LETTERS)))
    return sounds if len(sounds) >= SHORTEST else ""


def skeletons(text: str) -> list[str]:
    """Of every word of a name."""
    return [found for word in search_text.words(text) if (found := skeleton(word))]


def _ethiopic(letter: str) -> str:
    """ "ETHIOPIC SYLLABLE ZAA" is a z."""
    if not "\u1200" <= letter <= "\u135a":
        return letter
    name = unicodedata.name(letter, "").rpartition(" ")[2].lower()
    return re.sub(r"[aeiou]", "", name)
