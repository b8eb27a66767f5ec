"""E The data disk of a demo's box: a file system of its own with little room left, which can be filled up and emptied again."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from appliance.run import run

ROOMY = 96_000_000
"""Bytes while the first catalogue comes, and once there is room again: a fetch wants 20 MB to stay free besides."""
_BALLAST = "ballast"
_BLOCK = 4096


class DataDisk:
    """Mounted on ``folder``. ``room`` bytes are left beside what stands there once ``shrink`` was called."""

    def __init__(self, folder: Path, room: int) -> None:
        self.folder, self.room, self.full = folder, room, False

    def make(self) -> None:
        """With all the room that the first start of a box takes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        run(["mount", "-t", "tmpfs", "-o", f"size={ROOMY},mode=755", "campbox-demo", str(self.folder)])

    def shrink(self) -> None:
        """So much room is left and no more."""
        self._resize(shutil.disk_usage(self.folder).used + self.room)

    def fill(self) -> None:
        """Somebody else writes until nothing more goes in."""
        self.full = True
        descriptor = os.open(self.folder / _BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):
                while os.write(descriptor, bytes(_BLOCK)):
                    pass
        finally:
            os.close(descriptor)

    def make_room(self) -> None:
        """What filled it goes, and it is as large as at first."""
        self._resize(ROOMY)
        (self.folder / _BALLAST).unlink(missing_ok=True)
        self.full = False

    def _resize(self, octets: int) -> None:
        run(["mount", "-o", f"remount,size={octets}", str(self.folder)])
