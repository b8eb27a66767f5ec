"""W Waits for a disk that refuses, and says on the box why nothing is stored."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance import facts
from appliance.errors import NotSo
from appliance.layout import Layout
from telemetry.outbox import Outbox

log = logging.getLogger(__name__)
LOOK_AGAIN = 5.0
"""Seconds between two attempts to use a disk that refused."""


def tell(layout: Layout, told: dict[str, Any]) -> None:
    """Put the agent's own state where ``campbox box status`` reads it."""
    facts.tell(layout, "telemetry", told)


def patient_outbox(path: Path, layout: Layout, interval: float, sleep: Callable[[float], None] = time.sleep) -> Outbox:
    """The outbox, once the disk lets it be opened; each measurement missed meanwhile counts as lost.

    ``interval`` in seconds. A locked, full or failing disk is waited for: what stands in the file is worth more than what could be
    measured into a new one.
    """
    waited, why = 0.0, ""
    while True:
        try:
            outbox = Outbox(path)
        except NotSo as error:
            missed = int(waited // interval) + 1
            tell(layout, {"state": "waiting", "why": error.what, "lost": missed})
            if str(error) != why:
                log.error("%s; measurements are lost until it can", error)
            why = str(error)
            sleep(LOOK_AGAIN)
            waited += LOOK_AGAIN
        else:
            if why:
                outbox.lose(int(waited // interval) + 1)
                log.warning("the outbox can be used again; %d measurements are lost", outbox.lost)
            return outbox
