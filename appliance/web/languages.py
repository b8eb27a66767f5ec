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

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}|\*)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?\Z")


@dataclass(frozen=True)
class Language:
    """One language of the box's pages.

    ``tag`` is BCP 47 and stands in the address; ``own_name`` is what its readers call it; ``weekend`` are ISO weekdays
    (Monday is 1; CLDR); ``reviewed`` says that a named speaker has passed the texts: until then pages say "draft".
    ``understood`` are other tags whose readers are served by this language (lower case).
    """

    tag: str
    own_name: str
    english_name: str
    direction: Direction
    script: str
    weekend: tuple[int, ...]
    reviewed: bool
    understood: tuple[str, ...] = ()

    @property
    def locale(self) -> str:
        """The name of its folder of translations, as gettext and Babel write it."""
        return self.tag.replace("-", "_")


LANGUAGES: tuple[Language, ...] = (
    Language("ar", "العربية", "Arabic", "rtl", "Arab", (5, 6), reviewed=False),
    # prs is ISO 639-3 for Dari. Phones set to Persian (fa, fa-IR) read Dari's spelling without trouble.
    Language("fa-AF", "دری", "Dari", "rtl", "Arab", (4, 5), reviewed=False, understood=("fa", "prs")),
    Language("fr", "Français", "French", "ltr", "Latn", (6, 7), reviewed=False),
    Language("en", "English", "English", "ltr", "Latn", (6, 7), reviewed=True),
)

BY_TAG: dict[str, Language] = {language.tag: language for language in LANGUAGES}
SOURCE = BY_TAG["en"]
"""The language the texts are written in."""


def offered(config: SiteConfig) -> tuple[Language, ...]:
    """The site's languages, the most spoken first. Raises BadInput for one that has no row in the table."""
    missing = [tag for tag in config.site.languages if tag not in BY_TAG]
    if missing:
        raise BadInput(f"no texts in language {missing[0]!r}", mend=f"choose among {', '.join(BY_TAG)}")
    return tuple(BY_TAG[tag] for tag in dict.fromkeys(config.site.languages))


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
    while tag:
        for language in languages:
            if language.tag.lower() == tag:
                return language
        for language in languages:
            if tag in language.understood:
                return language
        tag = tag.rpartition("-")[0]
    return None
