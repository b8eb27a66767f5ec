"""W Keeps the pages that stand ready true while the portal runs: a notice came, went or is over, the clock has
become right, or why there is no internet is another reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import flask

from appliance import clock
from appliance.config import SiteConfig
from appliance.layout import Layout
from appliance.trouble import Trouble
from captive_portal import notice_views, prerender, uplink_words

PACE = 2.0
"""Seconds between two looks at one small file in RAM."""


class Refresher:
    """Writes the pages anew when what they say has changed."""

    def __init__(self, app: flask.Flask, config: SiteConfig, layout: Layout) -> None:
        self.app, self.config, self.layout = app, config, layout
        self.written: tuple[object, ...] | None = None

    def look(self) -> bool:
        """Whether pages had to be written. Raises NotSo."""
        state = (*notice_views.state(self.layout, clock.now()), uplink_words.provider_asks(self.layout))
        if state == self.written:
            return False
        changed = prerender.write(self.config, self.layout, self.app) > 0
        self.written = state
        return changed


def main(refresher: Refresher, sleep: Callable[[float], None] = time.sleep) -> None:
    """For ever. What goes wrong is said, and tried again: pages that stay old for good would tell of notices that are over."""
    trouble = Trouble()
    while True:
        try:
            refresher.look()
        except Exception as error:  # noqa: BLE001
            sleep(trouble.note("writing the pages that stand ready", error))
        sleep(PACE)


def start(app: flask.Flask, config: SiteConfig, layout: Layout) -> None:
    """Beside the portal's answers, in a thread that ends with it."""
    refresher = Refresher(app, config, layout)
    threading.Thread(target=main, args=(refresher,), name="refresher", daemon=True).start()
