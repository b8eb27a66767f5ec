"""W Gives a Flask application the look, the languages and the headers that both sites of a box share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import flask
from babel import Locale
from flask_babel import Babel  # type: ignore[import-untyped]
from markupsafe import Markup

from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.web import languages, translations
from appliance.web.beside import beside, beside_word
from appliance.web.errors import dress_errors
from appliance.web.headers import SECURITY_HEADERS, kept_language
from appliance.web.languages import Language
from appliance.web.private import register_private
from appliance.web.said import speakers

HERE = Path(__file__).resolve().parent
DOMAIN = "web"


def dress(app: flask.Flask, config: SiteConfig, layout: Layout, *, domain: str) -> None:
    """Make ``app`` a site of this box.

    Views take ``lang`` from their address; a language the site does not offer is not found (404). Texts come from
    ``<app.root_path>/translations/<locale>/LC_MESSAGES/<domain>.po`` and from the shared ones. Templates extend ``base.html``
    and see ``language``, ``offered``, ``site_name``, ``sample``, ``switch_links``, ``icon(name)``, ``also(macro)`` and
    ``also_word(macro)``; a form with anything personal stands in the macro ``personal`` (see appliance.web.private). What a view
    does not mark otherwise may not be kept by anyone (``Cache-Control: no-store``). ``layout`` is this place.
    """
    known = languages.offered(config)
    _speak(app, config, known, domain)
    dress_errors(app)
    register_private(app)
    shared = flask.Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    app.register_blueprint(shared)
    style_version = hashlib.sha256((HERE / "static" / "style.css").read_bytes()).hexdigest()[:8]
    app.jinja_env.globals["icon"] = app.jinja_env.filters["icon"] = _icons()
    app.jinja_env.globals["also"] = lambda said, *about: beside(reader_language(), said, *about)
    app.jinja_env.globals["also_word"] = lambda said, *about: beside_word(reader_language(), said, *about)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["campbox"] = {"config": config, "layout": layout, "offered": known}

    @app.context_processor
    def surroundings() -> dict[str, Any]:
        return {
            "language": reader_language(),
            "offered": known,
            "site_name": config.site.name,
            "sample": config.catalogue.sample,
            "style_version": style_version,
            "switch_links": _same_page(known),
        }

    @app.after_request
    def headers(response: flask.Response) -> flask.Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        if "lang" in (flask.request.view_args or {}) and response.status_code == 200:
            response.headers.setdefault("Set-Cookie", kept_language(reader_language()))
        return response


def reader_language() -> Language:
    """The language of this request: its address's (also where there is no such page), else the reader's, else the site's first."""
    if "language" not in flask.g:
        known: tuple[Language, ...] = flask.current_app.extensions["campbox"]["offered"]
        said = flask.request.path.split("/", 2)[1]
        wanted = languages.choose(flask.request.headers.get("Accept-Language"), known)
        flask.g.language = next((one for one in known if one.tag == said), wanted or known[0])
    language: Language = flask.g.language
    return language


def _speak(app: flask.Flask, config: SiteConfig, known: tuple[Language, ...], domain: str) -> None:
    @app.url_value_preprocessor
    def language_of_address(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values and "lang" in values:
            flask.g.language = next((one for one in known if one.tag == values["lang"]), None)
            if flask.g.pop("language") is None:
                flask.abort(404)
            flask.g.language = languages.BY_TAG[values["lang"]]

    @app.url_defaults
    def stay_in_language(endpoint: str, values: dict[str, Any]) -> None:
        if "lang" not in values and app.url_map.is_endpoint_expecting(endpoint, "lang"):
            values["lang"] = reader_language().tag

    locales = {one.tag: Locale.parse(one.locale) for one in {*known, *filter(None, map(languages.nearest_reviewed, known))}}
    babel = Babel(
        app,
        default_locale=known[0].locale,
        default_timezone=config.site.timezone,
        default_domain=domain,
        locale_selector=lambda: locales[reader_language().tag],
    )
    places = [(HERE / "translations", DOMAIN), (Path(app.root_path) / "translations", domain)]
    texts = {locale: translations.load(places, languages.BY_TAG[tag].locale) for tag, locale in locales.items()}
    with app.app_context():
        # Flask-Babel looks into this cache first; filled here, nothing is read from disk or compiled later.
        babel.domain_instance.cache.update({(str(locale), domain): own for locale, own in texts.items()})
    app.jinja_env.globals.update(speakers(texts))


def _same_page(known: tuple[Language, ...]) -> list[tuple[Language, str]]:
    """Every language with the address of this page in it; of the first page where this one is nothing to come back to."""
    lang = (flask.request.view_args or {}).get("lang")
    rest = "/"
    if lang is not None and flask.request.method in ("GET", "HEAD"):
        query = flask.request.query_string.decode("ascii", "ignore")
        rest = f"{flask.request.path.removeprefix(f'/{lang}')}{'?' + query if query else ''}"
    return [(other, f"/{other.tag}{rest}") for other in known]


def _icons() -> Callable[..., Markup]:
    pictures = {path.stem: path.read_text().strip() for path in (HERE / "icons").glob("*.svg")}

    @lru_cache(maxsize=2 * len(pictures))
    def icon(name: str, style: str = "") -> Markup:
        """An icon beside a word: hidden from screen readers, which read the word. Raises KeyError for an unknown name."""
        attributes = f'<svg class="icon {style}" aria-hidden="true" focusable="false" '
        return Markup(pictures[name].replace("<svg ", attributes, 1).replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))

    return icon
