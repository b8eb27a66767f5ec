"""W One edition a request: what is swapped in meanwhile is seen by the next one, and a damaged one by none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
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
        unsent = list[bytes]()

        def begin(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
            if status.startswith("500") and environ["REQUEST_METHOD"] in _HARMLESS and self._store.is_to_blame():
                unsent.append(status.encode())
                return unsent.append
            return start_response(status, headers, exc_info)

        answer = self._of_one_edition(environ, begin)
        if not unsent:
            return answer
        answer.close()
        return self._of_one_edition(environ, start_response)

    def _of_one_edition(self, environ: WSGIEnvironment, start_response: StartResponse) -> ClosingIterator:
        """Lets go of the edition when the answer is closed."""
        with ExitStack() as undo:
            undo.callback(self._store.release, self._store.hold())
            answer = self._inner(environ, start_response)
            return ClosingIterator(answer, [undo.pop_all().close])
