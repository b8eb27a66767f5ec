"""W The hub's web application: pages, API, Prometheus; other packages add theirs by the entry-point group ``campbox.hub``."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from importlib.metadata import entry_points
from pathlib import Path

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from appliance.errors import CampboxError
from appliance.hub_config import HubConfig, parse_hub
from appliance.layout import Layout
from appliance.log import start_logging
from telemetry.dashboard import listening, present
from telemetry.dashboard.auth import protect
from telemetry.dashboard.views import api, boxes, prometheus

log = logging.getLogger(__name__)
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
NAVIGATION = "CAMPBOX_NAVIGATION"
"""Configuration key: a list of (title, path) that blueprints may add to."""
ALARMS = "CAMPBOX_ALARMS"
"""Configuration key: a list of functions that blueprints may add to; each gives (text, path) of what every page must show."""

BOXES = "CAMPBOX_BOXES"
"""Configuration key: a function that tells blueprints what is known of each box (see views.boxes.known)."""


def create_app(layout: Layout | None = None, hub_config: HubConfig | None = None) -> Flask:
    """The whole hub. Without arguments, from the environment and the hub's configuration file."""
    app = bare_app(layout, hub_config)
    app.config[NAVIGATION] = [("Boxes", "/"), ("Incidents", "/incidents")]
    app.config[ALARMS] = []
    app.config[BOXES] = boxes.known
    app.jinja_env.globals["alarms"] = lambda: [alarm for tell in app.config[ALARMS] for alarm in tell()]
    for blueprint in (boxes.pages, api.pages, prometheus.pages):
        app.register_blueprint(blueprint)
    for entry in sorted(entry_points(group="campbox.hub"), key=lambda entry: entry.name):
        entry.load()(app, app.config["CAMPBOX_HUB"], app.config["CAMPBOX_LAYOUT"])
    app.register_error_handler(HTTPException, _explain)

    app.jinja_env.globals.update(hearing=listening.now_heard, overdue=listening.overdue)

    @app.get("/healthz")
    def healthz() -> Response:
        """503 with the reason while the hub hears nobody, or cannot read what it has: to be asked by whatever watches it."""
        try:
            boxes.reader().version()
        except sqlite3.Error as error:
            # An error that is not SQLite's own has no name (see report_store.connect).
            words = getattr(error, "sqlite_errorname", None) or str(error)
            return Response(f"the store cannot be read: {words}\n", 503, mimetype="text/plain")
        heard = listening.now_heard()
        return Response("ok\n" if heard.hears else f"deaf: {heard.reason}\n", 200 if heard.hears else 503, mimetype="text/plain")

    return app


def bare_app(layout: Layout | None, hub_config: HubConfig | None) -> Flask:
    """What both web processes of a hub share: places, login, headers. No pages yet."""
    start_logging()
    layout = layout or Layout.from_environment(os.environ, Path(__file__).resolve().parents[2])
    hub_config = hub_config or parse_hub(layout.hub_config_file.read_text("utf-8"))
    app = Flask("telemetry.dashboard")
    app.config.update(CAMPBOX_LAYOUT=layout, CAMPBOX_HUB=hub_config, SEND_FILE_MAX_AGE_DEFAULT=3600, MAX_CONTENT_LENGTH=1_000_000)
    app.jinja_env.globals.update(
        ago=lambda then: present.ago(then, time.time()),
        instant=present.instant, share=present.share, shown=present.shown,
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, layout)
    app.register_error_handler(CampboxError, _not_now)
    app.register_error_handler(sqlite3.Error, _not_now)

    @app.after_request
    def dress(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        db = g.pop("db", None)
        if db is not None:
            db.close()

    return app


def _not_now(error: Exception) -> Response:
    """A file or the store cannot be read, which the next try may find mended. In plain words: a page would read it, too."""
    log.error("%s cannot be answered: %s", request.endpoint, error)
    words = f"{error.what}; {error.mend}" if isinstance(error, CampboxError) else f"the store cannot be used: {error}"
    return Response(f"{words}\n", 503, mimetype="text/plain")


def _explain(error: HTTPException) -> Response | tuple[str, int]:
    code = error.code or 500
    if "text/html" not in request.headers.get("Accept", "") or request.path.startswith(("/api/", "/enrol/")):
        return Response(f"{error.name}\n", code, mimetype="text/plain")
    return render_template("error.html", code=code, name=error.name), code
