"""W Who may see the hub: a session from the login page, or the same name and password by HTTP Basic (RFC 7617).

Everything needs it but what boxes and probes must reach. A request that changes something must come from our own pages.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import Authorization
from werkzeug.wrappers import Response as AnyResponse

from appliance.layout import Layout
from appliance.limiter import LONGEST_NAME
from telemetry.dashboard import admin, people
from telemetry.dashboard.gatekeeper import Answer, Gatekeeper, Session
from telemetry.dashboard.guesses import Guess

OPEN_PATHS = ("/login", "/healthz", "/ca.pem", "/hsds")
OPEN_PREFIXES = ("/static/", "/enrol/", "/hsds/")
"""What needs no login: pages to log in, what carries its own proof, and the catalogue, which is for everybody."""
KNOWN_BROWSER, KNOWN_SECONDS = "campbox_hub_known", 180 * 86_400
"""The cookie of a browser that was inside before, and how long it counts. It opens nothing; it only has tries of its own."""
LATER = {"too many": (429, 5), "busy": (503, 1)}
"""HTTP status and Retry-After (RFC 9110 section 10.2.3, seconds) of a try that was not made."""
_MACHINE_PREFIXES = ("/api/", "/metrics", "/events")


class _Sessions(SecureCookieSessionInterface):
    """The cookie is marked Secure exactly when the browser came by TLS (the front tells)."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return _by_tls()


def protect(app: Flask, layout: Layout) -> None:
    """Put the guard before every page of ``app``, and add the pages to log in and out."""
    keeper = Gatekeeper(layout)
    app.extensions["gatekeeper"] = keeper
    app.secret_key = admin.load(layout).session_key
    app.session_interface = _Sessions()
    app.config.update(SESSION_COOKIE_NAME="campbox_hub", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")

    @app.before_request
    def guard() -> AnyResponse | None:
        if request.path.startswith("/enrol/"):
            return None
        if request.method not in ("GET", "HEAD", "OPTIONS") and not _from_here():
            abort(403)
        if request.path in OPEN_PATHS or request.path.startswith(OPEN_PREFIXES):
            return None
        answer = _inside(keeper)
        if answer == "right":
            return None
        if answer != "wrong":
            return _later(answer)
        if _is_machine():
            return Response("log in first\n", 401, {"WWW-Authenticate": 'Basic realm="Campbox hub"'}, mimetype="text/plain")
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))

    app.register_blueprint(_pages(keeper, layout))


def still_inside() -> Callable[[], bool]:
    """Asks again later whether whoever made this request is still let in: an answer that takes long must not outlive a logout."""
    keeper = cast(Gatekeeper, current_app.extensions["gatekeeper"])
    return keeper.still(None if _password() is not None else Session.read(session), g.user)


def _inside(keeper: Gatekeeper) -> Answer:
    """Whether this request comes from somebody who is let in; ``flask.g.user`` is their name."""
    if (told := _password()) is not None:
        g.user = (told.username or "")[:LONGEST_NAME]
        return keeper.check(_guess(g.user), (told.password or "")[: admin.LONGEST])
    held = Session.read(session)
    g.user = held.user if held is not None else admin.USER
    return "right" if keeper.holds(held) else "wrong"


def _password() -> Authorization | None:
    """The name and password that came by HTTP Basic; None where there are none that can be read."""
    try:
        told = request.authorization
    except ValueError:  # Base64 with letters that are no ASCII: werkzeug does not expect it
        return None
    return told if told is not None and told.type == "basic" else None


def _guess(user: str) -> Guess:
    # The front sets X-Real-IP itself. It is kept in memory only, and only to slow down one asker.
    return Guess(request.headers.get("X-Real-IP", request.remote_addr or ""), user, _known_browser(user))


def _known_browser(user: str) -> str:
    """The number of a browser in which this user has logged in before; empty for others."""
    try:
        told = _signer().loads(request.cookies.get(KNOWN_BROWSER, ""), max_age=KNOWN_SECONDS)
    except BadSignature:
        return ""
    return str(told["browser"]) if isinstance(told, dict) and told.get("user") == user and told.get("browser") else ""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast(bytes, current_app.secret_key), salt="known-browser")


def _pages(keeper: Gatekeeper, layout: Layout) -> Blueprint:
    pages = Blueprint("auth", __name__)

    @pages.get("/login")
    def login() -> str:
        return render_template("login.html")

    @pages.post("/login")
    def check() -> AnyResponse | tuple[str, int] | tuple[str, int, dict[str, str]]:
        user = request.form.get("user", "")[:LONGEST_NAME]
        answer = keeper.check(_guess(user), request.form.get("password", "")[: admin.LONGEST])
        if answer in LATER:
            status, seconds = LATER[answer]
            return render_template("login.html", later=seconds), status, {"Retry-After": str(seconds)}
        if answer == "wrong" or people.find(layout, user) is None:
            return render_template("login.html", wrong=True), 401
        session.clear()
        session.update(keeper.open(user).kept())
        led = redirect(local_path(request.args.get("next", "/")))
        known = _signer().dumps({"user": user, "browser": _known_browser(user) or secrets.token_urlsafe(12)})
        led.set_cookie(
            KNOWN_BROWSER, str(known), KNOWN_SECONDS, path="/login", secure=_by_tls(), httponly=True, samesite="Lax"
        )  # fmt: skip
        return led

    @pages.post("/logout")
    def logout() -> AnyResponse | str:
        held = Session.read(session)
        session.clear()
        if held is not None and not keeper.ended.end(held.id, held.until, time.time()):
            return render_template("login.html", unwritten=True)
        return redirect(url_for("auth.login"))

    return pages


def _later(answer: Answer) -> Response:
    status, seconds = LATER[answer]
    words = {"too many": "too many passwords were tried", "busy": "other passwords are being tried"}[answer]
    return Response(f"{words}; try again in {seconds} s\n", status, {"Retry-After": str(seconds)}, mimetype="text/plain")


def local_path(untrusted: str) -> str:
    """A path of this site, or ``/`` for anything that could lead elsewhere."""
    try:
        parts = urlsplit(untrusted)
    except ValueError:
        return "/"
    # A line break, too, would end the header; a browser takes "\\" for "/".
    plain = untrusted.startswith("/") and untrusted.isprintable() and "\\" not in untrusted
    return untrusted if plain and not parts.scheme and not parts.netloc else "/"


def _by_tls() -> bool:
    return request.headers.get("X-Forwarded-Proto") == "https"


def _is_machine() -> bool:
    """Whether whoever asks cannot use a login page."""
    if request.path.startswith(_MACHINE_PREFIXES) or "Authorization" in request.headers:
        return True
    return "text/html" not in request.headers.get("Accept", "")


def _from_here() -> bool:
    """Whether a request that changes something comes from our own pages, or from no browser at all."""
    origin = request.headers.get("Origin")
    if origin is not None:
        try:
            return urlsplit(origin).netloc == request.host
        except ValueError:  # brackets or letters that no host has
            return False
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
