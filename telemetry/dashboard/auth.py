"""W Who may see the hub: a session from the login page, or the same name and password by HTTP Basic (RFC 7617).

Everything needs it but what boxes and probes must reach. A request that changes something must come from our own pages.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from appliance.layout import Layout
from telemetry.dashboard import admin, people

OPEN_PATHS = ("/login", "/healthz", "/ca.pem", "/hsds")
OPEN_PREFIXES = ("/static/", "/enrol/", "/hsds/")
"""What needs no login: pages to log in, what carries its own proof, and the catalogue, which is for everybody."""
SESSION_SECONDS = 12 * 3600
_MACHINE_PREFIXES = ("/api/", "/metrics", "/events")


class _Sessions(SecureCookieSessionInterface):
    """The cookie is marked Secure exactly when the browser came by TLS (the front tells)."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.headers.get("X-Forwarded-Proto") == "https"


class Gatekeeper:
    """Checks passwords, one at a time: each costs 16 MB and 50 ms on purpose. A right Basic password is remembered in memory."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._lock, self._key, self._known = layout, threading.Lock(), secrets.token_bytes(32), b""

    def check(self, untrusted_user: str, untrusted_password: str) -> bool:
        """Whether name and password are right; takes as long for somebody who is not there."""
        found = people.find(self._layout, untrusted_user)
        account = found or admin.load(self._layout)
        seen = f"{account.fingerprint}\0{untrusted_user}\0{untrusted_password}".encode("utf-8", "surrogatepass")
        mark = hmac.digest(self._key, seen, "sha256")
        if hmac.compare_digest(mark, self._known):
            return True
        with self._lock:
            right = account.accepts(untrusted_user, untrusted_password)
        if right:
            self._known = mark
        return right

    def is_inside(self) -> bool:
        """Whether this request comes from somebody who has logged in; ``flask.g.user`` is their name."""
        if request.authorization is not None and request.authorization.type == "basic":
            g.user = request.authorization.username or ""
            return self.check(g.user, request.authorization.password or "")
        held, until = session.get("account", ""), session.get("until", 0)
        g.user = str(session.get("user", admin.USER))
        account = people.find(self._layout, g.user)
        return account is not None and isinstance(until, (int, float)) and time.time() < until and held == account.fingerprint


def protect(app: Flask, layout: Layout) -> None:
    """Put the guard before every page of ``app``, and add the pages to log in and out."""
    keeper = Gatekeeper(layout)
    app.secret_key = admin.load(layout).session_key
    app.session_interface = _Sessions()
    app.config.update(SESSION_COOKIE_NAME="campbox_hub", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")

    @app.before_request
    def guard() -> AnyResponse | None:
        if request.path.startswith("/enrol/"):
            return None
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _from_here():
            abort(403)
        if request.path in OPEN_PATHS or request.path.startswith(OPEN_PREFIXES) or keeper.is_inside():
            return None
        if _is_machine():
            return Response("log in first\n", 401, {"WWW-Authenticate": 'Basic realm="Campbox hub"'}, mimetype="text/plain")
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))

    app.register_blueprint(_pages(keeper, layout))


def _pages(keeper: Gatekeeper, layout: Layout) -> Blueprint:
    pages = Blueprint("auth", __name__)

    @pages.get("/login")
    def login() -> str:
        return render_template("login.html", wrong=False)

    @pages.post("/login")
    def check() -> AnyResponse | tuple[str, int]:
        user = request.form.get("user", "")[:100]
        account = people.find(layout, user)
        if not keeper.check(user, request.form.get("password", "")[:200]) or account is None:
            return render_template("login.html", wrong=True), 401
        session.clear()
        session["user"], session["account"], session["until"] = user, account.fingerprint, time.time() + SESSION_SECONDS
        return redirect(local_path(request.args.get("next", "/")))

    @pages.post("/logout")
    def logout() -> AnyResponse:
        session.clear()
        return redirect(url_for("auth.login"))

    return pages


def local_path(untrusted: str) -> str:
    """A path of this site, or ``/`` for anything that could lead elsewhere."""
    parts = urlsplit(untrusted.replace("\\", "/"))
    return untrusted if not parts.scheme and not parts.netloc and untrusted.startswith("/") and "\\" not in untrusted else "/"


def _is_machine() -> bool:
    """Whether whoever asks cannot use a login page."""
    if request.path.startswith(_MACHINE_PREFIXES) or "Authorization" in request.headers:
        return True
    return "text/html" not in request.headers.get("Accept", "")


def _from_here() -> bool:
    """Whether a request that changes something comes from our own pages, or from no browser at all."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.host
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
