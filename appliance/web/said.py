"""W What templates say: gettext in the language of this moment, without looking for it anew at every word.

jinja2.ext.i18n and Flask-Babel find the way from ``_("Welcome")`` to its translation through three calls that each ask for the
template's context (made anew wherever a block sets a variable), and four look-ups of the request. A page says thirty words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from babel import Locale
from babel.support import NullTranslations, Translations
from flask_babel import get_locale, get_translations  # type: ignore[import-untyped]
from markupsafe import Markup


def speakers(texts: Mapping[Locale, Translations]) -> dict[str, Callable[..., Markup]]:
    """``_``, ``gettext`` and ``ngettext`` for templates, as Jinja's "newstyle" has them: safe, and what they are given is escaped.

    The language is Flask-Babel's, so ``force_locale`` holds for them, too.
    """

    def now() -> NullTranslations:
        return texts.get(get_locale()) or get_translations()

    def gettext(message: str, /, **values: Any) -> Markup:
        return _filled(now().ugettext(message), values)

    def ngettext(one: str, several: str, num: int, /, **values: Any) -> Markup:
        return _filled(now().ungettext(one, several, num), {"num": num, **values})

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext}


def _filled(text: str, values: Mapping[str, Any]) -> Markup:
    """A format string in any case: a per cent sign is written twice."""
    return Markup(text) % values if "%" in text else Markup(text)
