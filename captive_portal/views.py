"""W The portal's pages. Who asks is the address nginx saw; the gate alone knows which phone that is."""

from __future__ import annotations

from typing import Any

import flask
from flask_babel import force_locale  # type: ignore[import-untyped]
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from appliance.config import SiteConfig
from appliance.emergency import KINDS
from appliance.errors import BadInput, Unreachable
from appliance.layout import Layout
from appliance.values import parse_ip
from appliance.web import languages
from appliance.web.dress import reader_language
from captive_portal import code_views, machine_views, notice_views, uplink_words
from captive_portal.aloud import Recording, find
from captive_portal.device import Device, from_answer
from captive_portal.forged import forged
from captive_portal.machine_views import Gate
from captive_portal.words import refused, register_words

Page = Response | str | tuple[str, int]


def register(app: flask.Flask, config: SiteConfig, gate: Gate) -> None:
    """Add every page of the portal to ``app``."""
    app.extensions["gate"] = gate
    register_words(app)
    notice_views.register(app, config)
    uplink_words.register(app)
    for address, view in (
        ("/", choice),
        ("/offline", to_language),
        ("/emergency", to_language),
        ("/terms", to_language),
        ("/<lang>/", welcome),
        ("/<lang>/connect", connect_again),
        ("/<lang>/connected", connected),
        ("/<lang>/you", you),
        ("/<lang>/erased", erased),
        ("/<lang>/share", share),
        ("/<lang>/offline", offline),
        ("/<lang>/emergency", emergency),
        ("/<lang>/terms", terms),
        ("/<lang>/resting", resting),
    ):
        app.add_url_rule(address, view_func=view, endpoint=address.strip("/") or "choice", methods=["GET"])
    app.add_url_rule("/<lang>/connect", view_func=connect, methods=["POST"])
    app.add_url_rule("/<lang>/you/erase", view_func=erase, methods=["POST"])
    machine_views.register(app, config, gate, this_device)
    app.jinja_env.globals["codes"] = config.access.identity == "code"
    if config.access.identity == "code":
        code_views.register(app, code_views.Caller(ask_about_caller, this_device, refuse_forged))


def choice() -> Page:
    """To the reader's own language, or the choice of one."""
    known = flask.current_app.extensions["campbox"]["offered"]
    language = languages.choose(flask.request.headers.get("Accept-Language"), known)
    if language is not None:
        return flask.redirect(f"/{language.tag}/")
    headings, alarms = [], []
    for one in known:
        with force_locale(one.locale):
            headings.append((one, _("Choose your language")))
            alarms.append((one, _("Emergency")))
    return flask.render_template("choice.html", headings=headings, alarms=alarms)


def to_language() -> Response:
    """An address without a language, to the same in the reader's."""
    return flask.redirect(f"/{reader_language().tag}{flask.request.path}")


def welcome(lang: str) -> Page:
    """The first page: the same for everybody, so that the front can serve it by itself."""
    return flask.render_template("welcome.html", asks_again=asks_again(), recording=recording("welcome"), garden=garden())


def garden() -> tuple[str, ...]:
    """Names that open without a tap."""
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return config.access.garden


def connect_again(lang: str) -> Page:
    """Somebody loads the address of the button: back to the button."""
    return flask.redirect(f"/{lang}/")


def connect(lang: str) -> Page:
    """The one tap. A failure is a page that says what happened and what to do."""
    refuse_forged()
    try:
        answer = ask_about_caller("admit")
    except Unreachable:
        answer = {"ok": False, "why": "resting"}
    if answer.get("ok") is True:
        # A page load of its own: Apple's sheet shows "Done" only after one, followed by a probe that succeeds.
        return flask.redirect(f"/{lang}/connected", 303)
    return refused(answer)


def connected(lang: str) -> Page:
    """After the tap."""
    device = this_device()
    if device is not None and not device.online:
        return flask.redirect(f"/{lang}/")
    return flask.render_template("connected.html", device=device)


def you(lang: str) -> Page:
    """What the box knows about this phone, why, and until when."""
    return flask.render_template("you.html", device=this_device(), asks_again=asks_again())


def erase(lang: str) -> Page:
    """Forget this phone."""
    refuse_forged()
    try:
        done = ask_about_caller("erase").get("ok") is True
    except Unreachable:
        done = False
    if not done:
        return refused({"why": "resting"})
    return flask.redirect(f"/{lang}/erased", 303)


def erased(lang: str) -> Page:
    """After forgetting."""
    return flask.render_template("erased.html")


def share(lang: str) -> Page:
    """My share of the uplink now, and why it is that much."""
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return flask.render_template("share.html", device=this_device(), uplink=config.uplinks[0])


def offline(lang: str) -> Page:
    """The internet is down, this still works. The same for everybody."""
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return flask.render_template("offline.html", portal_name=config.access.portal_name)


def emergency(lang: str) -> Page:
    """Where to find help. The same for everybody."""
    return flask.render_template("emergency.html", recording=recording("emergency"), KINDS=KINDS)


def terms(lang: str) -> Page:
    """The rules and the privacy summary, on one screen. The same for everybody; whoever refuses loses nothing that is here."""
    return flask.render_template("terms.html")


def resting(lang: str) -> Page:
    """What the front shows while a part of the box restarts."""
    return flask.render_template("resting.html"), 503


def recording(page: str) -> Recording | None:
    """The page read aloud in the reader's language."""
    layout: Layout = flask.current_app.extensions["campbox"]["layout"]
    return find(layout.code, reader_language(), page)


def asks_again() -> bool:
    """Whether everybody taps anew after a power cut. Said at any time, as nothing on disk tells who had tapped before."""
    config: SiteConfig = flask.current_app.extensions["campbox"]["config"]
    return config.access.after_reboot == "ask"


def this_device() -> Device | None:
    """The phone that asks, or None when nothing can be said about it now."""
    try:
        return from_answer(ask_about_caller("status"))
    except Unreachable:
        return None


def ask_about_caller(deed: str, **more: str) -> dict[str, Any]:
    """Ask the gate to do ``deed`` for the phone that asks, with what ``more`` it needs. Raises Unreachable."""
    try:
        address = parse_ip(flask.request.headers.get("X-Real-IP", ""))
    except BadInput:
        return {"ok": False, "why": "not-on-lan"}
    gate: Gate = flask.current_app.extensions["gate"]
    return gate({"do": deed, "ip": str(address), **more})


def refuse_forged() -> None:
    """Another site's form is not the reader's will: 403."""
    told = flask.request.headers
    if forged(told.get("Origin"), told.get("Sec-Fetch-Site"), flask.request.host):
        flask.abort(403)
