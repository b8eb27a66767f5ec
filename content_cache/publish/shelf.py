"""W The published catalogue in memory, read again when there is a newer one."""

from __future__ import annotations

import threading

from appliance.layout import Layout
from content_cache import snapshot
from content_cache.publish import publisher
from content_cache.snapshot import Catalogue


class Shelf:
    """Of one hub; for the pages where people correct services."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._lock = layout, threading.Lock()
        self._serial = 0
        self._catalogue: Catalogue | None = None

    def catalogue(self) -> Catalogue | None:
        """The current one; None while nothing is published."""
        current = publisher.current(self._layout)
        if current is None:
            return None
        with self._lock:
            if current.serial != self._serial:
                self._catalogue, self._serial = snapshot.read(publisher.read_current(self._layout)), current.serial
            return self._catalogue
