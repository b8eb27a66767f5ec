"""E What people looked for in vain, as counts by need: never the words, never who, and in RAM only."""

from __future__ import annotations

import threading
import time
from collections import Counter

from appliance import facts
from appliance.layout import Layout

EVERY = 60.0
"""Seconds between two publications: no single search can be seen in the moment of a change."""
OTHER = "other"


class Unanswered:
    """Counted since the service started; published as the facts "catalogue" for telemetry, which adds noise before it sends."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._lock = layout, threading.Lock()
        self._counts, self._told = Counter[str](), time.monotonic()

    def add(self, slugs: tuple[str, ...]) -> None:
        """Nothing was found; ``slugs`` are the needs the query spoke of, none when nobody can tell."""
        with self._lock:
            self._counts[slugs[0] if slugs else OTHER] += 1
            if time.monotonic() - self._told >= EVERY:
                self._told = time.monotonic()
                # No room in RAM: the search is answered all the same, and the counts are told a minute later.
                facts.tell(self._layout, "catalogue", {"unanswered": dict(sorted(self._counts.items()))})
