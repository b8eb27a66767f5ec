"""E The signs of life of ingest: one small file in RAM, written by ingest, read by pages and ``/healthz``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from appliance.layout import Layout
from telemetry.dashboard.hearing import Beat, as_beat


def beat_file(layout: Layout) -> Path:
    """Where it stands."""
    return layout.service_run("ingest") / "beat.json"


def write(layout: Layout, beat: Beat) -> bool:
    """Replace the sign of life; whether that was possible. Not flushed: one that is lost is one second old."""
    file = beat_file(layout)
    beside = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        beside.write_text(json.dumps(asdict(beat)), "utf-8")
        os.replace(beside, file)
    except OSError:
        return False
    return True


def read(layout: Layout) -> Beat | None:
    """The newest sign of life, or None where there is none that can be read."""
    try:
        return as_beat(json.loads(beat_file(layout).read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None
