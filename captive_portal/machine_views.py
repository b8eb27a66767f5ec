"""W What programs and technicians ask the portal: RFC 8908, and the state of the box without a word about people."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import flask
from werkzeug.wrappers import Response

from appliance import clock, facts
from appliance.config import SiteConfig
from appliance.errors import Unreachable
from appliance.layout import Layout
from appliance.moment import Moment
from captive_portal import capport
from captive_portal.device import Device
from captive_portal.uplink_words import provider_asks

Gate = Callable[[dict[str, Any]], dict[str, Any]]
"""Answers one request of the gate's socket; raises Unreachable."""


def register(app: flask.Flask, config: SiteConfig, gate: Gate, this_device: Callable[[], Device | None]) -> None:
    """Add ``/api/captive``, ``/status.json`` and ``/status``."""
    access, first = config.access, app.extensions["campbox"]["offered"][0].tag
    base = f"https://{access.api_name}" if access.api_name else f"http://{access.portal_name}"

    @app.get("/api/captive")
    def captive() -> Response:
        device = this_device()
        if device is None:
            return Response("{}", 503, mimetype=capport.MEDIA_TYPE, headers={"Retry-After": "5"})
        text = capport.document(device, portal_url=f"{base}/", venue_url=f"{base}/{first}/services")
        kind = capport.media_type(flask.request.headers.get("Accept"))
        return Response(text, mimetype=kind, headers={"Cache-Control": "private", "Vary": "Accept"})

    @app.get("/status.json")
    def status() -> Response:
        return Response(json.dumps(told(), ensure_ascii=False), mimetype="application/json")

    @app.get("/status")
    def status_page() -> str:
        return flask.render_template("status.html", told=told())

    def told() -> dict[str, Any]:
        now = clock.now()
        return {
            "site": config.site.name,
            "languages": [language.tag for language in app.extensions["campbox"]["offered"]],
            "uplink": _uplink(gate),
            **({"uplink_why": "portal"} if provider_asks(app.extensions["campbox"]["layout"]) else {}),
            "clock": now.trust,
            "uptime_seconds": int(now.uptime),
            "version": version("campbox"),
            "sample": config.catalogue.sample,
            "catalogue": _of(facts.read(app.extensions["campbox"]["layout"], "sync"), _CATALOGUE),
            "stick": _of(facts.read(app.extensions["campbox"]["layout"], "stick"), _STICK),
            "selftest": _selftest(app.extensions["campbox"]["layout"], now),
        }


_CATALOGUE = ("state", "why", "services", "snapshot_date", "source", "expired", "done", "total", "budget_left")
_STICK = ("state", "why", "done", "total")


_COUNTS = ("services", "done", "total", "budget_left")
_MOST = 2**63
"""No count of ours is larger."""


def _of(told: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any] | None:
    """These facts of a service; None before it has told any. What is not of its kind is left out: the page says the rest."""
    found = {name: _plain(name, told[name]) for name in names if name in told}
    kept = {name: value for name, value in found.items() if value is not None or (name == "budget_left" and told[name] is None)}
    return kept if kept.get("state") else None


def _plain(name: str, untrusted: Any) -> int | str | None:
    if name in _COUNTS:
        return untrusted if isinstance(untrusted, int) and abs(untrusted) <= _MOST else None
    return bool(untrusted) if name == "expired" else _text(untrusted)


def _text(untrusted: Any) -> str | None:
    """A text that a page can be written with: half a letter, as JSON may name it, becomes a question mark."""
    return untrusted.encode("utf-8", "replace").decode() if isinstance(untrusted, str) else None


def _selftest(layout: Layout, now: Moment) -> dict[str, Any] | None:
    """The lines of the last self-test of this boot, or None before the first."""
    found = facts.read(layout, "selftest")
    at, state, checks = found.get("at"), found.get("state"), found.get("checks")
    if not isinstance(checks, list) or not isinstance(at, (int, float)) or state not in ("passed", "failed", "running"):
        return None
    ago = max(0, int(now.uptime) - int(at)) if abs(at) <= _MOST else 0
    return {"state": state, "seconds_ago": ago, "checks": [line for one in checks if (line := _line(one)) is not None]}


def _line(untrusted: Any) -> dict[str, Any] | None:
    """One line of the self-test; None for what is none."""
    if not isinstance(untrusted, dict) or not (untrusted.get("ok", 0) is None or isinstance(untrusted.get("ok"), bool)):
        return None
    texts = {name: _text(untrusted.get(name)) for name in ("name", "what", "mend")}
    return None if None in texts.values() else {**texts, "ok": untrusted["ok"]}


def _uplink(gate: Gate) -> str:
    try:
        return str(gate({"do": "facts"}).get("uplink", "unknown"))
    except Unreachable:
        return "unknown"
