"""P Python that is run before a program, and kills it before one single deed of its own on the disk."""

from __future__ import annotations

_KILLER = """
import os, signal, sys
left = int(sys.argv[1])
def deadly(deed):
    def wrapped(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return deed(*args, **kwargs)
    return wrapped
for name in {names}:
    setattr(os, name, deadly(getattr(os, name)))
"""


def killer(*names: str) -> str:
    """Counts calls of these functions of ``os`` and dies before the one whose number is the first argument; 0 never comes."""
    return _KILLER.format(names=names)
