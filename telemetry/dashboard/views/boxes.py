"""W Overview, one box, incidents."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, abort, current_app, g, render_template

from telemetry.dashboard import present
from telemetry.dashboard.incidents import GONE_AFTER, SILENT_AFTER, incidents, is_silent, slowed
from telemetry.dashboard.listening import heard_since
from telemetry.dashboard.report_reader import Point, ReportReader
from telemetry.dashboard.report_store import connect, store_file
from telemetry.dashboard.views.numbers import whole
from telemetry.metrics import METRICS, Fewer, Metric, to_json

PAGE = 100
"""Boxes on one page of the overview."""
HISTORY = 86_400.0
SLOWED_SHOWN = 3_600.0
"""Seconds for which a box that sent more than its share is named."""
_DRAWN = ("traffic_down", "traffic_up", "people_online", "cpu_use", "memory_use", "temperature", "queue_backlog")

pages = Blueprint("boxes", __name__)


def reader() -> ReportReader:
    """The store, for the length of this request."""
    if "db" not in g:
        g.db = connect(store_file(current_app.config["CAMPBOX_LAYOUT"]))
    return ReportReader(g.db)


@pages.get("/")
def overview() -> str:
    """All boxes, those out of touch first."""
    number, now = whole("page", 1, 1), time.time()
    since = heard_since(now)
    # While the hub itself heard nobody, no box is called silent.
    before = [now - after if since < now - after else 0.0 for after in (SILENT_AFTER, GONE_AFTER)]
    counts = reader().counts(*before)
    found = [_summary(box, now) for box in reader().boxes(limit=PAGE, offset=PAGE * (number - 1))]
    return render_template("overview.html", boxes=found, counts=counts, number=number, more=counts["boxes"] > PAGE * number)


@pages.get("/boxes/<name>")
def one(name: str) -> str:
    """One box: live chart, the last day, every value."""
    now = time.time()
    box = reader().box(name)
    if box is None:
        abort(404)
    day = reader().series(name, now - HISTORY)
    lines = {metric.name: _line(metric, day, now) for metric in METRICS if metric.name in _DRAWN}
    wrong = incidents([box], now, heard_since(now))
    return render_template("box.html", box=_summary(box, now), metrics=METRICS, lines=lines, wrong=wrong)


@pages.get("/incidents")
def all_incidents() -> str:
    """What needs somebody."""
    now = time.time()
    boxes = reader().boxes()
    sites = {box["box"]: box["site"] for box in boxes}
    found = [*incidents(boxes, now, heard_since(now)), *slowed(reader().over_budget(now - SLOWED_SHOWN), sites)]
    return render_template("incidents.html", incidents=found, refusals=reader().refusals())


def known() -> list[dict[str, Any]]:
    """What is known of each box: ``box``, ``site``, ``latest`` values by name, ``silent``."""
    now = time.time()
    return [{**_summary(box, now), "latest": {n: to_json(v) for n, v in box["latest"].items()}} for box in reader().boxes()]


def _summary(box: dict[str, Any], now: float) -> dict[str, Any]:
    """What the overview shows of a box, beside what is known of it."""
    latest = box["latest"]
    carried, used = latest.get("link_rate_down"), latest.get("traffic_down")
    use = min(1.0, used / carried) if isinstance(used, (int, float)) and isinstance(carried, (int, float)) and carried > 0 else None
    return {**box, "silent": is_silent(box, now, heard_since(now)), "use": use}


def _line(metric: Metric, points: list[Point], now: float) -> dict[str, Any] | None:
    """A day's line of one metric; a count too small to be told is no number, and is left out."""
    told = [(at, values[metric.name]) for at, values in points if metric.name in values]
    plain = [(at, float(value)) for at, value in told if not isinstance(value, (str, Fewer))]
    if len(plain) < 2:
        return None
    path = present.sparkline(present.thin(plain), now - HISTORY, now)
    top = max(plain, key=lambda point: point[1])[1]
    return {"path": path, "top": present.shown(metric.name, top)}
