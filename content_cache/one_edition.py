"""W One edition a request: what is swapped in meanwhile is seen by the next one, and a damaged one by none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.wsgi import ClosingIterator

from content_cache.catalogue_store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HARMLESS = ("GET", "HEAD")
"""Methods that may be tried twice (RFC 9110, 9.2.1)."""


def register(app: flask.Flask, store: Store) -> None:
    """Hold one edition of ``store`` from before a request until the last byte of its answer."""
    # Around the WSGI call and not in before_request: an answer that is streamed asks the store after the request's own end.
    app.wsgi_app = _OneEdition(app.wsgi_app, store)  # type: ignore[method-assign]


class _OneEdition:
    """WSGI (PEP 3333) middleware. Answer and ``close`` are called in the thread that was asked, as gunicorn does."""

    def __init__(self, inner: WSGIApplication, store: Store) -> None:
        self._inner, self._store = inner, store

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As the application says. One that failed over a damaged catalogue is asked again, now that it is none or built anew."""
        answer, said = self._answered(environ)
        if said[0].startswith("500") and environ["REQUEST_METHOD"] in _HARMLESS and self._store.is_to_blame():
            answer.close()
            answer, said = self._answered(environ)
        start_response(*said)
        return answer

    def _answered(self, environ: WSGIEnvironment) -> tuple[ClosingIterator, tuple[Any, ...]]:
        """An answer that lets go of its edition when it is closed, and what it gave to ``start_response``."""
        said = list[tuple[Any, ...]]()

        def begin(*given: Any) -> Callable[[bytes], object]:
            said.append(given)
            return _no_writing

        held = self._store.hold()
        try:
            answer = self._inner(environ, begin)
        except BaseException:
            self._store.release(held)
            raise
        # Flask says how it answers before it gives the answer, and this stands around nothing else.
        return ClosingIterator(answer, [lambda: self._store.release(held)]), said[-1]


def _no_writing(data: bytes) -> object:
    raise NotImplementedError("write() is for applications older than PEP 3333")
