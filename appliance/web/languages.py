"""P THE language table, and the choice of a language for a reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from appliance.errors import BadInput

if TYPE_CHECKING:
    from appliance.config import SiteConfig

Direction = Literal["ltr", "rtl"]
LONGEST_HEADER = 1_000
"""Characters of an Accept-Language header that are read; browsers send fewer than 200."""

_ARABIC = "Noto Naskh Arabic"
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}|\*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?\Z")


@dataclass(frozen=True)
class Language:
    """One language of the box's pages.

    ``tag`` is BCP 47 and stands in the address; ``own_name`` is what its readers call it; ``weekend`` are ISO weekdays
    (Monday is 1; CLDR, in the country where most speak it); ``font`` is what a phone or a test machine must have for its letters;
    ``voice`` is espeak-ng's name of the voice that reads it aloud, None where there is none. ``reviewed`` says that a named
    speaker has passed the texts: until then pages say "draft", and what to do stands there in the nearest reviewed language too;
    ``near`` are the tags its readers are likeliest to read besides, the likeliest first. ``codes`` are other tags of the same
    language, ``understood`` those of readers who are served by this one where theirs is not offered (all lower case).

    Plural forms, dates and numbers are CLDR's, through Babel, which knows every row's ``locale``.
    """

    tag: str
    own_name: str
    english_name: str
    direction: Direction
    script: str
    font: str
    weekend: tuple[int, ...]
    voice: str | None
    reviewed: bool
    near: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    understood: tuple[str, ...] = ()

    @property
    def locale(self) -> str:
        """The name of its folder of translations, as gettext and Babel write it."""
        return self.tag.replace("-", "_")


LANGUAGES: tuple[Language, ...] = (
    Language("ar", "العربية", "Arabic", "rtl", "Arab", _ARABIC, (5, 6), "ar", reviewed=False, near=("fr",)),
    # prs is ISO 639-3 for Dari. Phones set to Persian (fa, fa-IR) read Dari's spelling without trouble, and the other way round.
    Language(
        "fa-AF", "دری", "Dari", "rtl", "Arab", _ARABIC, (4, 5), "fa", reviewed=False,
        near=("fa", "ps"), codes=("prs",), understood=("fa",),
    ),
    Language(
        "fa", "فارسی", "Persian", "rtl", "Arab", _ARABIC, (5,), "fa", reviewed=False,
        near=("fa-AF",), codes=("pes",), understood=("prs",),
    ),
    Language(
        "ps", "پښتو", "Pashto", "rtl", "Arab", _ARABIC, (4, 5), None, reviewed=False, near=("fa-AF", "ur"), codes=("pbt", "pbu")
    ),
    # Sorani and Kurmanji have not even the script in common: a phone that says "Kurdish of Iraq" means the first (CLDR: ku-Arab).
    Language(
        "ckb", "کوردی (سۆرانی)", "Kurdish (Sorani)", "rtl", "Arab", _ARABIC, (5, 6), None, reviewed=False,
        near=("ar", "ku"), codes=("ku-arab", "ku-iq", "ku-ir"),
    ),
    Language(
        "ku", "Kurdî (Kurmancî)", "Kurdish (Kurmanji)", "ltr", "Latn", "", (6, 7), "ku", reviewed=False,
        near=("ckb", "ar"), codes=("kmr",),
    ),
    Language("ur", "اردو", "Urdu", "rtl", "Arab", _ARABIC, (6, 7), "ur", reviewed=False),
    Language("so", "Soomaali", "Somali", "ltr", "Latn", "", (6, 7), None, reviewed=False, near=("ar",)),
    Language("ti", "ትግርኛ", "Tigrinya", "ltr", "Ethi", "Noto Sans Ethiopic", (6, 7), None, reviewed=False, near=("ar",)),
    Language("fr", "Français", "French", "ltr", "Latn", "", (6, 7), "fr-fr", reviewed=False),
    Language("en", "English", "English", "ltr", "Latn", "", (6, 7), "en-gb", reviewed=True),
    Language("uk", "Українська", "Ukrainian", "ltr", "Cyrl", "", (6, 7), "uk", reviewed=False),
)  # fmt: skip

BY_TAG: dict[str, Language] = {language.tag: language for language in LANGUAGES}
SOURCE = BY_TAG["en"]
"""The language the texts are written in."""


def offered(config: SiteConfig) -> tuple[Language, ...]:
    """The site's languages, the most spoken first. Raises BadInput for one that has no row in the table."""
    missing = [tag for tag in config.site.languages if tag not in BY_TAG]
    if missing:
        raise BadInput(f"no texts in language {missing[0]!r}", mend=f"choose among {', '.join(BY_TAG)}")
    return tuple(BY_TAG[tag] for tag in dict.fromkeys(config.site.languages))


def nearest_reviewed(language: Language) -> Language | None:
    """In which other language a reader of a draft sees once more what to do; None where the language itself is reviewed."""
    if language.reviewed:
        return None
    return next((BY_TAG[tag] for tag in language.near if BY_TAG[tag].reviewed), SOURCE)


def answers_to(languages: Sequence[Language]) -> dict[str, Language]:
    """Every tag (lower case) that leads to one of ``languages``: its own first, then another name for it, then a neighbour's."""
    found: dict[str, Language] = {}
    for tags_of in (lambda one: (one.tag.lower(),), lambda one: one.codes, lambda one: one.understood):
        for language in languages:
            for tag in tags_of(language):
                found.setdefault(tag, language)
    return found


def choose(untrusted_accept_language: str | None, languages: Sequence[Language]) -> Language | None:
    """The language a reader likes best among ``languages``, or None when the header names none of them.

    RFC 9110 section 12.5.4 (weights), RFC 4647 section 3.4 (lookup: ``ar-SY`` finds ``ar``). Malformed parts are passed over.
    ``*`` stands for the site's first language.
    """
    refused: set[str] = set()
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((untrusted_accept_language or "")[:LONGEST_HEADER].split(",")):
        if found := _RANGE.match(part):
            weight = 1.0 if found[2] is None else min(float(found[2]), 1.0)
            if weight > 0:
                wanted.append((-weight, place, found[1].lower()))
            else:
                refused.add(found[1].lower())
    for _, _, tag in sorted(wanted):
        language = _lookup(tag, [one for one in languages if one.tag.lower() not in refused])
        if language is not None:
            return language
    return None


def _lookup(tag: str, languages: Sequence[Language]) -> Language | None:
    if tag == "*":
        return languages[0] if languages else None
    known = answers_to(languages)
    while tag:
        if tag in known:
            return known[tag]
        tag = tag.rpartition("-")[0]
    return None
