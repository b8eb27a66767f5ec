"""W The authority's part of the hub's web application: ``POST /enrol/v1`` for boxes, the list and the alarms for operators."""

from __future__ import annotations

import dataclasses
import logging
import time

from flask import Blueprint, Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from appliance import clock
from appliance.errors import CampboxError
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from provisioning.authority import certificates, desk
from provisioning.authority.limiter import Limiter
from provisioning.authority.store import Store
from provisioning.enrolment import TICKET_LIFE, day, words_of

log = logging.getLogger(__name__)


def register(app: Flask, hub_config: HubConfig, layout: Layout) -> None:
    """Add the authority to the hub. ``/enrol/v1`` carries its own proof; the rest is for whoever the hub lets in."""
    blueprint, limiter = Blueprint("authority", __name__, template_folder="templates"), Limiter()
    app.config.setdefault("CAMPBOX_NAVIGATION", []).append(("Enrolments", "/enrolments"))
    app.config.setdefault("CAMPBOX_ALARMS", []).append(lambda: [*_standing(layout), *_ending(layout)])

    @blueprint.post("/enrol/v1")
    def enrol() -> Response:
        # The front sets X-Real-IP itself. It is kept in memory only, and only to slow down one asker.
        if not limiter.allows(request.headers.get("X-Real-IP", request.remote_addr or ""), time.monotonic()):
            return _answer(desk.Answer(429, {"error": "too-often", "what": "too many attempts", "mend": "try again in a minute"}))
        request.max_content_length = desk.LARGEST_BODY
        try:
            return _answer(desk.answer(request.get_data(cache=False), hub_config, layout, time.time()))
        except RequestEntityTooLarge:
            return _answer(desk.Answer(413, {"error": "bad-request", "what": "the request is too long", "mend": "send less"}))
        except CampboxError as error:
            log.warning("cannot enrol anybody: %s", error)
            return _answer(desk.Answer(503, {"error": "not-ready", "what": error.what, "mend": error.mend}))

    @blueprint.get("/enrolments")
    def page() -> str:
        store = Store(layout)
        # Not called "alarms": that is the function by which the hub's base page asks everybody for theirs.
        rows = {"enrolments": store.enrolments(time.time()), "seen": store.alarms()}
        return render_template("enrolments.html", **rows, words_of=words_of, day=day)

    @blueprint.get("/api/v1/enrolments")
    def enrolments() -> Response:
        store = Store(layout)
        tickets = [dataclasses.asdict(one) for one in store.enrolments(time.time())]
        return jsonify(enrolments=tickets, alarms=[dataclasses.asdict(one) for one in store.alarms()])

    app.register_blueprint(blueprint)


def _standing(layout: Layout) -> list[tuple[str, str]]:
    """What every page of the hub shows until a new ticket settles it, or two weeks are over."""
    try:
        alarms = Store(layout).standing(time.time() - TICKET_LIFE)
    except CampboxError as error:
        log.warning("cannot look for alarms: %s", error)
        return []
    return [(f"{alarm.box}: {words_of(alarm.kind).what}", "/enrolments") for alarm in alarms]


def _ending(layout: Layout) -> list[tuple[str, str]]:
    """The hub's own certificates that should have been renewed long ago."""
    ending = certificates.ending(layout, clock.now())
    return [(f"The hub's own {name} ends on {day(ends)}: see the log of its service keys", "/enrolments") for name, ends in ending]


def _answer(answer: desk.Answer) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers["Cache-Control"] = "no-store"
    if answer.status == 429:
        response.headers["Retry-After"] = "60"
    return response
