"""W Forms that carry something personal: over HTTPS alone where the box holds a certificate, and with a word of warning where not.

A page with such a form puts it into the macro ``personal`` of macros.html; the view that takes the form begins with
``unprotected``. Such a page differs by how it was asked for: it cannot stand ready for everybody.
"""

from __future__ import annotations

from typing import Literal

import flask
from werkzeug.wrappers import Response

from appliance import facts
from appliance.config import SiteConfig
from appliance.layout import Layout

ANNOUNCE = "announce"
"""The service that looks after the certificate and tells others of it."""
Protection = Literal["sealed", "elsewhere", "open"]
"""``sealed``: nobody nearby can read it; ``elsewhere``: the same page is to be had so; ``open``: others nearby could read it."""


def protection() -> Protection:
    """How well what the reader sends now is protected. Only nginx says how it was asked (``X-Forwarded-Proto``)."""
    if flask.request.headers.get("X-Forwarded-Proto") == "https":
        return "sealed"
    return "elsewhere" if _held() else "open"


def protected_address() -> str:
    """This page's address over HTTPS; of use where ``protection`` is "elsewhere"."""
    return f"https://{_config().access.api_name}{flask.request.path}"


def unprotected() -> Response | None:
    """For a view that takes a personal form: None, or the answer that leads back to the form, protected.

    Pages do not offer the form in the open where there is a certificate; what comes so all the same is not taken, nor kept.
    """
    return flask.redirect(protected_address(), 303) if protection() == "elsewhere" else None


def register_private(app: flask.Flask) -> None:
    """Let templates ask."""
    app.jinja_env.globals.update(protection=protection, protected_address=protected_address)


def _config() -> SiteConfig:
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return config


def _held() -> bool:
    """Whether the box holds a certificate that phones trust now."""
    layout: Layout = flask.current_app.extensions["campbox"]["layout"]
    return _config().access.api_name is not None and facts.read(layout, ANNOUNCE).get("offered") is True
