"""W Looks for the internet while the gate runs, in a thread of its own: only that may wait for a resolver that does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from appliance.gate.uplink import EVERY, EVERY_WHILE_FAILING, UplinkCheck
from appliance.trouble import Trouble


def main(check: UplinkCheck, sleep: Callable[[float], None] = time.sleep) -> None:
    """For ever. A look that fails unforeseen is said, counts as not reached, and is followed by the next one: a thread that ended
    would leave for good what was heard last.
    """
    trouble = Trouble()
    while True:
        try:
            pause = EVERY if check.look() else EVERY_WHILE_FAILING
        except Exception as error:  # noqa: BLE001
            # Its own pause grows to half a minute, and the return of the internet is to be seen within the 15 s.
            trouble.note("looking for the internet", error)
            pause = EVERY_WHILE_FAILING
        sleep(pause)


def start(check: UplinkCheck) -> None:
    """Beside the gate, in a thread that ends with it."""
    threading.Thread(target=main, args=(check,), name="uplink", daemon=True).start()
