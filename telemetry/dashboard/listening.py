"""W Whether the hub hears its boxes, for the pages of one request."""

from __future__ import annotations

import time

from flask import current_app, g

from telemetry.dashboard import hearing, heartbeat
from telemetry.dashboard.hearing import Hearing


def now_heard() -> Hearing:
    """The verdict at the time of this request."""
    if "hearing" not in g:
        g.hearing = hearing.verdict(heartbeat.read(current_app.config["CAMPBOX_LAYOUT"]), time.monotonic())
    found: Hearing = g.hearing
    return found


def overdue() -> int:
    """Reports that are kept past their time, as ingest counted them last."""
    beat = heartbeat.read(current_app.config["CAMPBOX_LAYOUT"])
    return beat.overdue if beat is not None else 0


def heard_since(now: float) -> float:
    """From when on a box's silence is its own; ``now`` and the answer in seconds since 1970."""
    return hearing.heard_since(now_heard(), now)
