"""W The HSDS API at the hub: what is published now, open to anybody. The same store and the same routes as on a box."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from flask import Flask

from appliance.files import make_folder
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache import api, downloads, one_edition, snapshot
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, Store
from content_cache.publish import publisher
from content_cache.publish.publisher import Place
from content_cache.publish.signing import lock


class PublishedStore(Store):
    """The published catalogue as a box stores it, built anew when another edition is published."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._looking = layout, threading.Lock()
        self._signed = Place.of(layout).repository / "metadata" / "timestamp.json"
        self._known: object = None
        super().__init__(Place.of(layout).folder / "open" / FILE)

    def _look(self) -> None:
        """As a box's; looks first whether there is a newer edition."""
        self.look()
        super()._look()

    def look(self) -> None:
        """Build the store if something else is published than what it holds."""
        try:
            stat = self._signed.stat()
        except OSError:
            return
        seen = (stat.st_ino, stat.st_mtime_ns)
        with self._looking:
            if seen == self._known:
                return
            self._build()
            self._known = seen

    def _give_up(self) -> None:
        """As a box's; and the file goes, so that the next question builds it anew from what is published."""
        with self._looking:
            if self._seen() == self._local.seen:
                with contextlib.suppress(OSError):
                    self.path.unlink(missing_ok=True)
                    self._known = None
        super()._give_up()

    def _build(self) -> None:
        current = publisher.current(self._layout)
        if current is None:
            return
        make_folder(self.path.parent)
        with lock(self.path.parent / "lock"):
            # Another worker of the same hub may have built it meanwhile.
            if _serial(self.path) != current.serial:
                catalogue = snapshot.read(publisher.read_current(self._layout))
                build(self.path, catalogue, current.serial, "published")


def _serial(path: Path) -> int | None:
    about = Store(path).about()
    return about.serial if about else None


def register(app: Flask, hub_config: HubConfig, layout: Layout) -> None:
    """Add /hsds to the hub."""
    store = PublishedStore(layout)
    one_edition.register(app, store)
    api.register(app, store)
    downloads.register(app, store)
