"""W Error pages in the reader's language, and logs that name nobody."""

from __future__ import annotations

import logging

import flask
from flask_babel import gettext as _  # type: ignore[import-untyped]
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.wrappers import Response


def dress_errors(app: flask.Flask) -> None:
    """Pages instead of tracebacks. An application may register handlers of its own for a status or a blueprint."""
    app.register_error_handler(HTTPException, _page)
    app.logger.addFilter(_nameless)


def _page(error: HTTPException) -> Response | tuple[str, int]:
    if error.code is None or error.code < 400:
        return error.get_response()  # a redirect
    heading, advice = _words(error)
    return flask.render_template("error.html", heading=heading, advice=advice), error.code


def _words(error: HTTPException) -> tuple[str, str]:
    if isinstance(error, InternalServerError):
        return _("This page is broken"), _("Go back and try again. The other pages still work.")
    if error.code == 404:
        return _("This page is not here"), _("The address is wrong, or the page is gone.")
    return _("That did not work"), _("Go back and try again.")


def _nameless(record: logging.LogRecord) -> bool:
    """Flask's own line on a failed page carries its address; the traceback alone is enough to mend it."""
    if record.exc_info:
        record.msg, record.args = "a page failed", ()
    return True
