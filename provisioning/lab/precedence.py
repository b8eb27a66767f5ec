"""E Who goes first when the processors are full."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_NICE = -10


def go_first(pid: int) -> None:
    """Let a process that leads a session, and what it starts, go before what else runs here.

    For emulated machines: their clock runs on while their processor waits, so a starved one misses its timeouts instead of taking
    longer. Linux weighs sessions against each other (sched(7), "The autogroup feature"), and processes where it does not. Whoever
    may not ask for it gets nothing.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICE))
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)
