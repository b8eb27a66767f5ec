"""W The hub's API: what the pages show, as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from telemetry.dashboard.views.boxes import reader
from telemetry.dashboard.views.numbers import LARGEST, whole
from telemetry.metrics import METRICS, Metric, to_json

LARGEST_PAGE = 1000

pages = Blueprint("api", __name__, url_prefix="/api/v1")


@pages.get("/boxes")
def boxes() -> Response:
    """What is known of each box; ``limit`` and ``offset`` page through them."""
    limit, offset = whole("limit", LARGEST_PAGE, 1, LARGEST_PAGE), whole("offset", 0, 0)
    found = reader().boxes(limit=limit, offset=offset)
    return jsonify(
        {"boxes": [_told(box) for box in found], "total": reader().counts(0, 0)["boxes"], "limit": limit, "offset": offset}
    )


@pages.get("/openapi.json")
def description() -> Response:
    """This API, described (OpenAPI 3.1)."""
    return jsonify(openapi())


def _told(box: dict[str, Any]) -> dict[str, Any]:
    return {**box, "latest": {name: to_json(value) for name, value in box["latest"].items()}}


def openapi() -> dict[str, Any]:
    """The description; the values come from the metric table."""
    number, text = {"type": "number"}, {"type": "string"}
    shown = {"box": text, "site": text, "software": text, "online": {"type": "boolean"}}
    times = {name: {**number, "description": "seconds since 1970"} for name in ("first_seen", "last_seen", "measured")}
    latest = {"type": "object", "properties": {metric.name: _schema(metric) for metric in METRICS}, "additionalProperties": False}
    told = {**shown, **times, "latest": latest, "selftest": _selftest()}
    box = {"type": "object", "properties": told, "required": list(told)}
    whole = {"type": "integer", "minimum": 0}
    page = {"boxes": {"type": "array", "items": box}, "total": whole, "limit": whole, "offset": whole}
    answer = {"description": "boxes", "content": {"application/json": {"schema": {"type": "object", "properties": page}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Campbox hub", "version": "1"},
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "security": [{"basic": []}],
        "paths": {
            "/api/v1/boxes": {
                "get": {
                    "summary": "What is known of each box",
                    "parameters": [_parameter("limit", 1, LARGEST_PAGE), _parameter("offset", 0, LARGEST)],
                    "responses": {"200": answer, "401": {"description": "log in first"}},
                }
            }
        },
    }


def _selftest() -> dict[str, Any]:
    verdict = {"type": ["boolean", "null"], "description": "null: nothing to check"}
    words = {name: {"type": "string"} for name in ("name", "what", "mend")}
    line = {"type": "object", "properties": {**words, "ok": verdict}, "required": [*words, "ok"]}
    found = {"at": {"type": "number"}, "checks": {"type": "array", "items": line}}
    return {"type": ["object", "null"], "properties": found, "required": list(found), "description": "the last one told"}


def _parameter(name: str, least: int, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _schema(metric: Metric) -> dict[str, Any]:
    unit = f" ({metric.unit})" if metric.unit else ""
    plain: dict[str, Any] = {"type": "string" if metric.kind == "text" else "number"}
    if metric.people:
        fewer = {"type": "object", "properties": {"fewer_than": {"type": "integer"}}, "required": ["fewer_than"]}
        plain = {"oneOf": [plain, fewer]}
    return {**plain, "description": metric.purpose + unit}
