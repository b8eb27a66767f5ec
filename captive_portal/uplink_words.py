"""W Why the internet is not there, for the templates: ``provider_asks()``, as the gate last told everybody on the box."""

from __future__ import annotations

import flask

from appliance import facts
from appliance.layout import Layout


def provider_asks(layout: Layout) -> bool:
    """Whether somebody on the way answers in the internet's place: the provider wants a login or money."""
    told = facts.read(layout, "gate")
    return told.get("uplink") == "down" and told.get("why") == "portal"


def register(app: flask.Flask) -> None:
    """Give it to every template; the file is read where a page shows it."""
    layout: Layout = app.extensions["campbox"]["layout"]
    app.jinja_env.globals.update(provider_asks=lambda: provider_asks(layout))
