"""W Gives ingest's signs of life, in a thread of its own: what keeps its turns waiting does not keep the hub from saying so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from appliance.layout import Layout
from appliance.trouble import Trouble
from telemetry.dashboard import heartbeat
from telemetry.dashboard.hearing import BEAT_EVERY, Beat


def main(layout: Layout, sign: Callable[[], Beat], sleep: Callable[[float], None] = time.sleep) -> None:
    """For ever. A sign that fails unforeseen is followed by the next: without signs the hub calls itself deaf while it hears."""
    trouble = Trouble()
    while True:
        try:
            heartbeat.write(layout, sign())
        except Exception as error:  # noqa: BLE001
            trouble.note("giving a sign of life", error)
        sleep(BEAT_EVERY)


def start(layout: Layout, sign: Callable[[], Beat]) -> None:
    """Beside ingest, in a thread that ends with it."""
    threading.Thread(target=main, args=(layout, sign), name="beat", daemon=True).start()
