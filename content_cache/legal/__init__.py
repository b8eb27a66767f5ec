"""P The law of host countries, and what of it a site may show: only what a named reviewer has passed, outside the demo."""

from __future__ import annotations

from content_cache.legal.conventions import CONVENTIONS
from content_cache.legal.countries import LAWS
from content_cache.legal.terms import Law, Review

__all__ = ["CONVENTIONS", "LAWS", "Law", "Review", "servable"]


def servable(country: str, *, demo: bool) -> Law | None:
    """What a site may show of a country's law: what a named reviewer has passed; in the demo also a draft."""
    law = LAWS.get(country)
    return law if law is not None and (demo or law.review is not None) else None
