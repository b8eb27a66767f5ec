"""E Facts: what one service tells the others through a JSON file in RAM; never anything about people."""

from __future__ import annotations

import logging
from typing import Any

from appliance.errors import NotSo
from appliance.files import read_json, write_json
from appliance.layout import Layout

log = logging.getLogger(__name__)


def publish(layout: Layout, service: str, facts: dict[str, Any]) -> None:
    """Replace the facts of ``service``. Raises NotSo when RAM takes nothing."""
    write_json(layout.facts(service), facts)


def tell(layout: Layout, service: str, facts: dict[str, Any]) -> bool:
    """As ``publish``, for news that no deed hangs on: whether it could be told. If not, the log has it, and the deed goes on."""
    try:
        publish(layout, service, facts)
    except NotSo as error:
        log.warning("the others are not told: %s", error)
        return False
    return True


def read(layout: Layout, service: str) -> dict[str, Any]:
    """The latest facts of ``service``; empty when it has told none or they are unreadable."""
    try:
        value = read_json(layout.facts(service))
    except NotSo:
        return {}
    return value if isinstance(value, dict) else {}
