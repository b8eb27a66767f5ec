"""W Site file and texts in, the sheet as HTML out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2
from markupsafe import Markup

from appliance.config import SiteConfig
from appliance.web import dress, translations
from appliance.web.languages import SOURCE, Language, offered
from captive_portal.poster.codes import page_uri, picture, wifi_uri
from captive_portal.poster.layout import blocks, checked_title, direction, sheets
from captive_portal.poster.words import Words, words

HERE = Path(__file__).resolve().parent
DOMAIN = "poster"
_PLACES = (
    (dress.HERE / "translations", dress.DOMAIN),
    (HERE.parent / "translations", "portal"),
    (HERE / "translations", DOMAIN),
)


def candidates(config: SiteConfig, ssid: str) -> Iterator[str]:
    """The poster of a site whose Wi-Fi is called ``ssid``, set ever smaller: the first that fits on one sheet is it.

    Raises BadInput for a site's name that no sheet has room for.
    """
    translated = [one for one in offered(config) if translations.po_file(HERE / "translations", one.locale, DOMAIN).exists()]
    spoken, silent = blocks(config, translated)
    title, name = checked_title(config.site.name), config.access.portal_name
    place = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
    )  # fmt: skip
    place.filters["direction"] = direction
    place.globals["icon"] = lambda name: Markup((dress.HERE / "icons" / f"{name}.svg").read_text("utf-8").strip())
    template = place.get_template("poster.html")
    values = dict(
        title=title,
        ssid=ssid,
        address=page_uri(name),
        emergency=page_uri(name, "emergency"),
        join_code=Markup(picture(wifi_uri(ssid))),
        page_code=Markup(picture(page_uri(name))),
        blocks=[_words(language) for language in spoken],
        silent=silent,
        source=SOURCE,
    )
    for sheet in sheets(title, len(spoken)):
        yield template.render(values, sheet=sheet)


def _words(language: Language) -> Words:
    return words(language, translations.load(_PLACES, language.locale).gettext)
