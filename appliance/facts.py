"""E Facts: what one service tells the others through a JSON file in RAM; never anything about people."""

from __future__ import annotations

from typing import Any

from appliance.errors import NotSo
from appliance.files import read_json, write_json
from appliance.layout import Layout


def publish(layout: Layout, service: str, facts: dict[str, Any]) -> None:
    """Replace the facts of ``service``."""
    write_json(layout.facts(service), facts)


def read(layout: Layout, service: str) -> dict[str, Any]:
    """The latest facts of ``service``; empty when it has told none or they are unreadable."""
    try:
        value = read_json(layout.facts(service))
    except NotSo:
        return {}
    return value if isinstance(value, dict) else {}
