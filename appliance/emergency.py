"""P THE table of emergency numbers a site can show: what each is for, and its picture. Their words stand in the portal's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KINDS: Mapping[str, str] = {
    "all": "life-saving",
    "ambulance": "hospital",
    "police": "secured",
    "fire": "alert",
    "camp": "ngo-office",
    "women": "protection",
    "children": "child-protection",
}
"""Kind -> icon, in the order of the page."""


@dataclass(frozen=True)
class Number:
    """An emergency number; ``kind`` is a row of KINDS."""

    kind: str
    number: str
