"""W Server-sent events, in a process of their own: each open page holds a thread here and none of the dashboard's.

``/events`` says when anything changed; ``/events?box=ID`` also brings that box's live points, and makes the box measure live
while somebody looks. ``refused`` is the last event where the store does not answer: the page says so, and comes again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from flask import Flask, Response, request

from appliance.errors import BadInput
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry.dashboard.app import bare_app
from telemetry.dashboard.auth import still_inside
from telemetry.dashboard.report_reader import Point, ReportReader
from telemetry.dashboard.report_store import ReportStore, connect, store_file

COLUMNS = ("traffic_down", "traffic_up", "queue_backlog", "cpu_use")
"""Values of a live point, in this order."""
WINDOW = 600.0
"""Seconds of live points a newly opened page gets."""
_STEP, _QUIET, _WATCH, _LONGEST = 1.0, 15.0, 30.0, 1800.0


def create_app(layout: Layout | None = None, hub_config: HubConfig | None = None) -> Flask:
    """The events process, behind the same login as the pages."""
    app = bare_app(layout, hub_config)

    @app.get("/events")
    def events() -> Response:
        box = request.args.get("box")
        stream = Stream(app.config["CAMPBOX_LAYOUT"], None if box is None else _checked(box), still=still_inside())
        return Response(stream.run(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    return app


def _checked(untrusted_box: str) -> str | None:
    try:
        return str(BoxId(untrusted_box))
    except BadInput:
        return None


class Stream:
    """What one open page is told."""

    def __init__(
        self,
        layout: Layout,
        box: str | None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        still: Callable[[], bool] = lambda: True,
    ) -> None:
        self._layout, self._box, self._sleep, self._still = layout, box, sleep, still
        self._last, self._version = 0, -1

    def run(self) -> Iterator[str]:
        """Events until the page is closed, its reader is let in no more or the store refuses; after half an hour the browser is to
        come again.
        """
        # Before the store is opened: after an answer that fails as a whole a browser does not come again.
        yield "retry: 2000\n\n"
        try:
            with closing(connect(store_file(self._layout))) as db:
                yield from self._events(ReportStore(db), ReportReader(db))
        except sqlite3.Error as error:
            yield _event("refused", getattr(error, "sqlite_errorname", None) or str(error))

    def _events(self, store: ReportStore, reader: ReportReader) -> Iterator[str]:
        began = watched = spoke = 0.0
        for _ in range(int(_LONGEST / _STEP)):
            now = time.monotonic()
            began = began or now
            if not self._still():
                return
            if self._box is not None and now - watched >= _WATCH / 2:
                watched = now
                store.watch(self._box, time.time() + _WATCH)
            told = list(self._news(reader))
            if not told and now - spoke >= _QUIET:
                told = [": still here\n\n"]
            if told:
                spoke = now
            yield from told
            self._sleep(_STEP)

    def _news(self, reader: ReportReader) -> Iterator[str]:
        version = reader.version()
        if version == self._version:
            return
        first, self._version = self._version == -1, version
        if self._box is not None:
            self._last, points = reader.live_points(self._box, self._last, time.time() - WINDOW)
            if points or first:
                yield _event("points", [_columns(point) for point in points])
        if not first:
            yield _event("changed", version)


def _columns(point: Point) -> list[Any]:
    at, values = point
    return [round(at, 1), *(values.get(name) for name in COLUMNS)]


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
