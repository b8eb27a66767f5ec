"""E What the last look for a catalogue left behind, and the wish for another one now."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path

from appliance import facts
from appliance.errors import NotSo
from appliance.files import read_json
from appliance.layout import Layout
from content_cache.due import Last


def last_look_file(layout: Layout) -> Path:
    """Where it stands."""
    return layout.service_data("content") / "sync.json"


def wish_file(layout: Layout) -> Path:
    """Made by whoever wants a look now, whether or not one is due."""
    return layout.service_run("sync") / "now"


def asked_by_hub(layout: Layout) -> int:
    """Which version of its signed list the hub has told of through telemetry; 0 while it has told nothing since the start."""
    told = facts.read(layout, "look").get("published")
    return told if isinstance(told, int) else 0


def last_look(layout: Layout) -> Last:
    """When it was and how it ended; as if there had been none when it cannot be read."""
    try:
        kept = read_json(last_look_file(layout))
        names = [field.name for field in fields(Last)]
        found = {name: float(kept.get(name, 0.0)) for name in names}
    except (NotSo, AttributeError, TypeError, ValueError, OverflowError):
        return Last()
    # NaN is never long enough ago: no look would be due again.
    return Last(**found) if all(math.isfinite(value) for value in found.values()) else Last()
