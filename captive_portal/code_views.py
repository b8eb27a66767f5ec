"""W A person's own code: taken once, entered on another phone (only where the site has ``identity = "code"``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask
from werkzeug.wrappers import Response

from appliance.errors import Unreachable
from appliance.web.private import unprotected
from captive_portal.device import Device
from captive_portal.words import refused

Page = Response | str | tuple[str, int]
LONGEST_CODE = 200
"""Characters; the gate takes no more."""


@dataclass(frozen=True)
class Caller:
    """The phone that asks: what the gate does for it (raises Unreachable), what it is, and whether the form is its own will."""

    ask: Callable[..., dict[str, Any]]
    device: Callable[[], Device | None]
    refuse_forged: Callable[[], None]


def register(app: flask.Flask, caller: Caller) -> None:
    """Add ``/<lang>/code``, the form that takes a code and the one that enters it."""

    @app.get("/<lang>/code")
    def code(lang: str) -> Page:
        return flask.render_template("code.html", device=caller.device())

    @app.get("/<lang>/code/take")
    def take_again(lang: str) -> Page:
        return flask.redirect(f"/{lang}/code")

    @app.post("/<lang>/code/take")
    def take(lang: str) -> Page:
        answer = _asked(caller, "take-code")
        if isinstance(answer, Response):
            return answer
        # Shown in the answer itself: an address would stay in the phone's history.
        return flask.render_template("code.html", device=caller.device(), taken=_in_groups(str(answer["code"])))

    @app.post("/<lang>/code")
    def enter(lang: str) -> Page:
        answer = _asked(caller, "enter-code", code=flask.request.form.get("code", "")[:LONGEST_CODE])
        return answer if isinstance(answer, Response) else flask.redirect(f"/{lang}/connected", 303)


def _asked(caller: Caller, deed: str, **more: str) -> dict[str, Any] | Response:
    """The gate's yes, or the page that says why not."""
    caller.refuse_forged()
    if (elsewhere := unprotected()) is not None:
        return elsewhere
    try:
        answer = caller.ask(deed, **more)
    except Unreachable:
        answer = {"ok": False, "why": "resting"}
    if answer.get("ok") is True:
        return answer
    return flask.make_response(refused(answer, back="code"))


def _in_groups(digits: str) -> str:
    """Four by four, as on the cards people buy time on the telephone with."""
    return " ".join(digits[begin : begin + 4] for begin in range(0, len(digits), 4))
