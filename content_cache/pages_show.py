"""W "Show this to someone": a service in the language of the country beside the reader's, and its address as a code to scan."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from functools import lru_cache

import flask
import segno
from babel.languages import get_official_languages
from flask_babel import force_locale  # type: ignore[import-untyped]
from markupsafe import Markup
from werkzeug.wrappers import Response

from appliance.web.languages import BY_TAG
from content_cache import entry
from content_cache import page_parts as parts
from content_cache.catalogue_store import Service
from content_cache.entry import Reader


@dataclass(frozen=True)
class Said:
    """The entry in one language as it stands on the page, with the request above it."""

    tag: str
    direction: str
    text: Markup


def register(app: flask.Flask) -> None:
    """Add this page to ``app``."""
    app.add_url_rule("/<lang>/services/<uuid:id>/show", view_func=show, methods=["GET"], strict_slashes=False)


def show(lang: str, id: uuid.UUID) -> Response:
    """The entry twice, and the code."""
    found = parts.store().service(str(id))
    if found is None:
        flask.abort(404)
    other = beside(lang, local_languages(parts.site().site.country), parts.written(), set(_tags(found)))
    said = [_said(found, tag) for tag in dict.fromkeys((other, lang)) if tag]
    address = f"http://{parts.site().access.portal_name}/{lang}/services/{id}"
    return parts.kept(flask.render_template("show.html", said=said, id=id, address=address, code=code(address)))


def local_languages(country: str) -> tuple[str, ...]:
    """What people there read, the first language first (CLDR)."""
    return tuple(tag.replace("_", "-") for tag in get_official_languages(country, de_facto=True))


def beside(reader: str, local: tuple[str, ...], written: str, there: set[str]) -> str:
    """The language to show beside the reader's: the first local one the entry is in, else the one it was written in."""
    for tag in (*local, written):
        if tag != reader and (tag in there or tag == written):
            return tag
    return ""


@lru_cache(maxsize=200)
def code(address: str) -> Markup:
    """A square code as a picture in the page itself: nothing is asked of anybody to draw it."""
    made = segno.make_qr(address, error="m", boost_error=False)
    drawn = Markup(made.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, light="#fff"))
    return drawn.replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(address), 1)


def _tags(found: Service) -> list[str]:
    return list(found.texts.get(found.id, {}).get("name", {}))


def _said(found: Service, tag: str) -> Said:
    whole = entry.whole(found.document, found.needs, Reader(tag, parts.written(), found.texts), parts.today())
    language = BY_TAG.get(tag)
    # The words around the entry are in its language too; where the project has none, in the reader's.
    with force_locale(language.locale) if language else contextlib.nullcontext():
        text = Markup(flask.render_template("please.html", whole=whole))
    return Said(tag, language.direction if language else whole.brief.name.direction, text)
