"""P A file of the image: where it stands, what is in it. The kinds of computer an image is made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Arch = Literal["arm64", "amd64"]
Slot = Literal["system_a", "system_b"]

BOX_USER_CONSOLE = ("campbox-console", 70109)
"""The console's own user; not in the service table, because only an image has a console to itself."""


@dataclass(frozen=True)
class TreeFile:
    """One file, with an absolute ``path`` in the root (or a relative one in the boot partition); ``link`` makes it a symlink."""

    path: str
    text: str = ""
    mode: int = 0o644
    link: str | None = None


def enabled(unit: str, target: str, places: str = "/etc/systemd/system") -> TreeFile:
    """What ``systemctl enable`` does: ``target`` wants ``unit``, which stands in ``places``."""
    return TreeFile(f"/etc/systemd/system/{target}.wants/{unit}", link=f"{places}/{unit}")


def masked(unit: str) -> TreeFile:
    """A unit that never starts."""
    return TreeFile(f"/etc/systemd/system/{unit}", link="/dev/null")
