"""W The portal's application: site file and gate in, Flask application out."""

from __future__ import annotations

import os
from pathlib import Path

import flask

from appliance import config as site_file
from appliance.config import SiteConfig
from appliance.gate.client import ask
from appliance.layout import Layout
from appliance.log import start_logging
from appliance.web.dress import dress
from captive_portal import views
from captive_portal.machine_views import Gate

PROJECT = Path(__file__).resolve().parent.parent
LARGEST_FORM = 16 * 1024
"""Bytes; the longest field of a form is a code."""


def create_app(config: SiteConfig | None = None, layout: Layout | None = None, gate: Gate | None = None) -> flask.Flask:
    """The portal. Without arguments, what the environment names: that is how gunicorn starts it.

    ``gate`` answers a request of the gate's socket. Raises ConfigError for a wrong site file.
    """
    if config is None:
        start_logging()
    place = layout or Layout.from_environment(os.environ, PROJECT)
    site = config or site_file.parse(place.config_file.read_text(), str(place.config_file))
    app = flask.Flask(__package__ or "captive_portal", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    dress(app, site, place, domain="portal")
    views.register(app, site, gate or (lambda request: ask(place, request)))
    if config is None:
        # It renders through this module's own application, so it is not known before one is made.
        from captive_portal import refresher

        refresher.start(app, site, place)
    return app
