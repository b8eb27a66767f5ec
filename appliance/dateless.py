"""E Files that tell the day at most: when somebody did something is nobody's business, and a file's date would tell the second."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_DAY = 86_400
_NANO = 10**9


def blur(path: Path) -> None:
    """Give a file and its folder the date of this day's beginning (UTC). One that is gone has none.

    The file system notes besides when it changed an inode and made it; only writing the file anew changes that.
    """
    midnight = int(time.time()) // _DAY * _DAY * _NANO
    for one in (path, path.parent):
        with contextlib.suppress(OSError):
            os.utime(one, ns=(midnight, midnight), follow_symlinks=False)
