"""W Writes the configuration that services read: every package contributes its files through ``campbox.files``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from appliance.files import write_atomically
from appliance.layout import Layout

Contribution = Callable[[Any, Layout], dict[str, str]]
"""``(config, layout) -> {file name: text}``, put into ``layout.conf``; pure."""


def write_configuration(group: str, config: Any, layout: Layout) -> list[str]:
    """Write what every entry point of ``group`` (``campbox.files`` for a box, ``campbox.hub_files`` for a hub) gives."""
    written = []
    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        contribution: Contribution = entry.load()
        for name, text in contribution(config, layout).items():
            write_atomically(layout.conf / name, text)
            written.append(name)
    return written
