"""W The law of the host country: only what a named reviewer has passed, outside the demo."""

from __future__ import annotations

import flask
from werkzeug.wrappers import Response

from content_cache import legal
from content_cache import page_parts as parts


def register(app: flask.Flask) -> None:
    """Add this page to ``app``."""
    app.add_url_rule("/<lang>/services/rights", view_func=rights, methods=["GET"], strict_slashes=False)


def rights(lang: str) -> Response:
    """Which treaties and which law apply here, where each stands, who passed this text and when."""
    config = parts.site()
    law = legal.servable(config.site.country, demo=config.catalogue.sample)
    return parts.kept(flask.render_template("rights.html", law=law, conventions=legal.CONVENTIONS))
