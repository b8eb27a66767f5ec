"""E Looks for the internet: opens a connection to one of the site's check names every few seconds, in a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence

EVERY, EVERY_WHILE_FAILING = 4.0, 2.0
"""Seconds between checks: seldom enough for a metered line (0.3 kB each), often enough for the 15 s rule."""
_CONNECT = 2.0


class UplinkCheck:
    """Runs until the process ends. Only a thread may wait for a resolver that does not answer."""

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = [(host, int(port)) for host, _, port in (target.rpartition(":") for target in targets)]
        self._success: float | None = None
        # resolv.conf(5): one try of one second a server, or a dead resolver would hide the line's return.
        os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def begin(self) -> None:
        """Start looking."""
        self._thread.start()

    @property
    def last_success(self) -> float | None:
        """When (monotonic seconds) a connection last came about, None if none has yet."""
        return self._success

    def _run(self) -> None:
        while True:
            reached = self._look()
            time.sleep(EVERY if reached else EVERY_WHILE_FAILING)

    def _look(self) -> bool:
        for target in self._targets:
            try:
                with socket.create_connection(target, timeout=_CONNECT):
                    self._success = time.monotonic()
                    return True
            except (OSError, ValueError, OverflowError):  # a name or port that is none: UnicodeError is a ValueError
                continue
        return False
