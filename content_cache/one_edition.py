"""W One edition a request: what is swapped in meanwhile is seen by the next one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import flask
from werkzeug.wsgi import ClosingIterator

from content_cache.catalogue_store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def register(app: flask.Flask, store: Store) -> None:
    """Hold one edition of ``store`` from before a request until the last byte of its answer."""
    # Around the WSGI call and not in before_request: an answer that is streamed asks the store after the request's own end.
    app.wsgi_app = _OneEdition(app.wsgi_app, store)  # type: ignore[method-assign]


class _OneEdition:
    """WSGI (PEP 3333) middleware. Answer and ``close`` are called in the thread that was asked, as gunicorn does."""

    def __init__(self, inner: WSGIApplication, store: Store) -> None:
        self._inner, self._store = inner, store

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        held = self._store.hold()
        try:
            answer = self._inner(environ, start_response)
        except BaseException:
            self._store.release(held)
            raise
        return ClosingIterator(answer, [lambda: self._store.release(held)])
