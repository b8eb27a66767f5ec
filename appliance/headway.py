"""E Whether what is starting gets on: a slow start is waited for, one that hangs is not.

``await_ready.sh`` does the same for systemd.
"""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")
LONGEST = 30
"""However busy it is: so many times the patience with one that does nothing, and it has not started."""


class Headway:
    """One start. ``patience``: seconds that its process may go without using the processor; ``now`` is monotonic."""

    def __init__(self, patience: float, now: float) -> None:
        self.patience, self.end, self.deadline = patience, now + LONGEST * patience, now + patience
        self._used: int | None = None

    def is_over(self, pid: int | None, now: float) -> bool:
        """Look at it again; whether it has been still for too long. None: there is no process that could get on."""
        used = None if pid is None else used_by(pid)
        if used is not None and used != self._used:
            self._used, self.deadline = used, min(self.end, now + self.patience)
        return now > self.deadline


def used_by(pid: int) -> int | None:
    """Clock ticks of the processor that a process has used, in user and kernel mode; None when it is gone.

    proc_pid_stat(5): the fields utime and stime, 14 and 15; the name before them may hold blanks and brackets.
    """
    try:
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return None
