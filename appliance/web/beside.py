"""W What a reader of a draft must not misread, said once more in the nearest reviewed language."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import force_locale  # type: ignore[import-untyped]
from markupsafe import Markup

from appliance.web.languages import Language, nearest_reviewed


def beside(language: Language, said: Callable[[], str]) -> Markup:
    """``said``, a template's macro, in the reviewed language nearest to ``language``; nothing where that is reviewed itself.

    Templates know it as ``also``: ``{{ also(how) }}``.
    """
    other = nearest_reviewed(language)
    if other is None:
        return Markup()
    with force_locale(other.locale):
        words = said()
    return Markup('<div class="also" lang="{}" dir="{}">{}</div>').format(other.tag, other.direction, words)
