"""P What the poster says in one language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.web.languages import Language


@dataclass(frozen=True)
class Words:
    """One block of the poster. ``button`` is the very word on the portal's button; ``draft`` is empty for a reviewed language."""

    language: Language
    headline: str
    free: str
    join: str
    open: str
    tap: str
    button: str
    emergency: str
    find_help: str
    draft: str


def words(language: Language, texts: Callable[[str], str]) -> Words:
    """The block in ``language``; ``texts`` translates, also what the pages say already (through ``said``, so that no translator
    is asked for it twice)."""
    _ = said = texts
    return Words(
        language,
        headline=said("Free internet for everyone"),
        free=_("It costs nothing. No account, no name, no password."),
        join=_("Turn on Wi-Fi. Choose this network, or scan code 1."),
        open=_("Open this address, or scan code 2."),
        tap=_("Tap this button. That is all."),
        button=said("Connect"),
        emergency=said("Emergency"),
        find_help=_("This page also works when the internet is down:"),
        draft="" if language.reviewed else said("This translation is a draft. Nobody has checked it yet."),
    )
