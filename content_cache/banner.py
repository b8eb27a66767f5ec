"""W A word on every page of the catalogue once its signature has expired: it is shown, and shown as old."""

from __future__ import annotations

from typing import Any

import flask
from flask_babel import gettext as _  # type: ignore[import-untyped]

from appliance import facts
from appliance.layout import Layout


def register(app: flask.Flask, layout: Layout) -> None:
    """Have every page of ``app`` know whether what the box holds is past the date until which it was signed."""

    @app.context_processor
    def warning() -> dict[str, Any]:
        if facts.read(layout, "sync").get("expired") is not True:
            return {}
        return {"warning": f"{_('This may have changed.')} {_('Ask before you go.')}"}
