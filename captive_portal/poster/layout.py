"""P The sheet: which languages get a block of words, how many columns they stand in, and how large the letters are."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from appliance.config import SiteConfig
from appliance.errors import BadInput
from appliance.web.languages import SOURCE, Direction, Language, offered

LONGEST_TITLE = 80
"""Characters of a site's name that fit on the sheet in the smallest letters."""


LETTERS = (18.0, 14.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0)
"""Sizes of the words in points, the one from which a person reads at arm's length to the smallest that print still shows."""


@dataclass(frozen=True)
class Sheet:
    """How one sheet is set: ``columns`` of blocks beside each other, ``letters`` and ``title`` in points. Of a few languages
    each shows its button in panel 3 as well; of many (``dense``) no block says again what stands under the codes."""

    columns: int
    letters: float
    title: float
    buttons: bool
    dense: bool


def network(config: SiteConfig, asked_ssid: str | None) -> str:
    """The name of the Wi-Fi. Raises BadInput when nobody says it, or two say different names."""
    own = config.radio.ssid if config.radio else None
    if own is None and asked_ssid is None:
        raise BadInput("the Wi-Fi comes from an access point, whose name is not in the site file", mend="say it: --ssid NAME")
    if own is not None and asked_ssid not in (None, own):
        raise BadInput(f"the box's own Wi-Fi is called {own!r}, not {asked_ssid!r}", mend="leave --ssid out")
    return own if own is not None else str(asked_ssid)


def blocks(config: SiteConfig, translated: Collection[Language]) -> tuple[tuple[Language, ...], tuple[Language, ...]]:
    """Languages with a block of words, and those that the pages speak but the poster does not.

    The source language stands on it wherever another is a draft or missing: a reviewed text beside every draft.
    """
    asked = offered(config)
    spoken = [language for language in asked if language in translated or language is SOURCE]
    if SOURCE not in spoken and (len(spoken) < len(asked) or not all(language.reviewed for language in spoken)):
        spoken.append(SOURCE)
    return tuple(spoken), tuple(language for language in asked if language not in spoken)


def sheets(title: str, count: int) -> tuple[Sheet, ...]:
    """The sheets to try for ``count`` blocks, the largest letters first; a long name is set smaller than a short one."""
    columns = 1 if count == 1 else 2 if count <= 6 else 3
    size = 30.0 if len(title) <= 28 else 22.0 if len(title) <= 45 else 15.0
    return tuple(Sheet(columns, letters, size, buttons=count <= 4, dense=count > 6) for letters in LETTERS)


def checked_title(name: str) -> str:
    """The site's name. Raises BadInput for one that does not fit."""
    if len(name) > LONGEST_TITLE:
        raise BadInput(f"the site's name has more than {LONGEST_TITLE} characters", mend="shorten name in [site]")
    return name


def direction(text: str) -> Direction:
    """Of a name in any language: that of its first letter that has one (Unicode TR 9, rules P2 and P3; HTML's ``dir="auto"``,
    which not everything that sets pages knows)."""
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return "ltr" if strong == "L" else "rtl"
