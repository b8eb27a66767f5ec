"""E A service's log file: root's alone, and never much longer than its limit, also while the service runs for a year."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

from appliance.run import open_log

LIMIT = 1_000_000
"""Bytes after which a log is begun anew; of the older part at most twice as much is kept, in one file beside it."""
_PIECE, _MODE = 1 << 16, 0o640


def begin(path: Path) -> IO[bytes]:
    """The log to hand to a service that starts. A disk that takes none keeps no service from starting: then nothing is kept."""
    bound(path)
    try:
        log = open_log(path)
        os.fchmod(log.fileno(), _MODE)  # an older one may have been begun by somebody else
    except OSError:
        return open(os.devnull, "wb", buffering=0)
    return log


def bound(path: Path) -> None:
    """Begin a log that grew too long anew, whoever writes to it: services append (O_APPEND), so what they write next stands first.

    The older part goes beside it, as far as the disk takes it; room is made in any case. Never raises OSError.
    """
    with contextlib.suppress(OSError):
        if os.stat(path).st_size <= LIMIT:
            return
        with open(path, "r+b") as log:
            _keep(log, path.with_suffix(".log.1"))
            log.truncate(0)


def _keep(log: IO[bytes], older: Path) -> None:
    """The end of the log, up to the length it has now: who writes faster than we copy is not waited for."""
    size = os.fstat(log.fileno()).st_size
    log.seek(max(0, size - 2 * LIMIT))
    try:
        # Emptied first: where room is scarce, the older part gives its own.
        with open(os.open(older, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE), "wb") as kept:
            left = min(size, 2 * LIMIT)
            while left > 0 and (piece := log.read(min(_PIECE, left))):
                left -= kept.write(piece)
    except OSError:
        with contextlib.suppress(OSError):
            older.unlink()
