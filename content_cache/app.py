"""W The catalogue's application: site file in, Flask application out."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path
from types import TracebackType

import flask
from flask_babel import gettext as _  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException

from appliance import config as site_file
from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.web.dress import dress
from content_cache import api, banner, downloads, one_edition, pages, pages_browse, pages_offers, pages_rights, pages_show
from content_cache.catalogue_store import FILE, Store

PROJECT = Path(__file__).resolve().parent.parent
log = logging.getLogger(__name__)


class _Discreet(flask.Flask):
    """Says where a fault happened, never what was asked: an exception's own words may hold what somebody searched for."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Kind of the exception and the line it came from."""
        kind, _value, trace = exc_info
        last = traceback.extract_tb(trace)[-1] if trace else None
        log.error("%s at %s:%s", kind.__name__ if kind else "fault", last.filename if last else "?", last.lineno if last else 0)


def create_app(config: SiteConfig | None = None, layout: Layout | None = None) -> flask.Flask:
    """The catalogue. Without arguments, what the environment names: that is how gunicorn starts it.

    Raises ConfigError for a wrong site file.
    """
    if config is None:
        start_logging()
    place = layout or Layout.from_environment(os.environ, PROJECT)
    site = config or site_file.parse(place.config_file.read_text(encoding="utf-8"), str(place.config_file))
    app = _Discreet(__package__ or "content_cache", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 1024
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    dress(app, site, place, domain="catalogue")
    store = Store(place.service_data("content") / FILE)
    one_edition.register(app, store)
    pages.register(app, site, store, place)
    for more in (pages_browse, pages_offers, pages_rights, pages_show):
        more.register(app)
    api.register(app, store, pages.slow_down)
    downloads.register(app, store)
    banner.register(app, place)
    _say_what_went_wrong(app)
    return app


def _say_what_went_wrong(app: flask.Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
        if flask.request.path.startswith("/hsds") or (error.code or 500) < 400 or error.response is not None:
            return error
        if error.code == 404:
            heading, advice = _("This page is not here"), _("It may have moved. Look for it from the first page.")
        else:
            heading, advice = _("This does not work right now"), _("Wait one minute. Then try again.")
        return flask.render_template("error.html", heading=heading, advice=advice), error.code or 500
