"""W What a reader of a draft must not misread, said once more in the nearest reviewed language."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import force_locale  # type: ignore[import-untyped]
from markupsafe import Markup

from appliance.web.languages import Language, nearest_reviewed


def beside(language: Language, said: Callable[..., str], *about: object) -> Markup:
    """``said``, a template's macro (called with ``about``), in the reviewed language nearest to ``language``; nothing where that
    is reviewed itself.

    Templates know it as ``also``: ``{{ also(how) }}``.
    """
    return _framed('<div class="also" lang="{}" dir="{}">{}</div>', language, said, about)


def beside_word(language: Language, said: Callable[..., str], *about: object) -> Markup:
    """The same for a word or two inside a button or a line. Templates know it as ``also_word``."""
    return _framed('<small class="also-word" lang="{}" dir="{}">{}</small>', language, said, about)


def _framed(frame: str, language: Language, said: Callable[..., str], about: tuple[object, ...]) -> Markup:
    other = nearest_reviewed(language)
    if other is None:
        return Markup()
    with force_locale(other.locale):
        words = said(*about)
    return Markup(frame).format(other.tag, other.direction, words)
