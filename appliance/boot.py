"""E The id of this boot: a random one, in RAM; tells a restart of a service from a reboot, without a disk."""

from __future__ import annotations

import uuid
from pathlib import Path

from appliance.files import write_atomically
from appliance.layout import Layout

_KERNEL = Path("/proc/sys/kernel/random/boot_id")


def make(layout: Layout, kernel: Path = _KERNEL) -> None:
    """Have an id stand there. Raises NotSo when it cannot be written.

    Made anew where none is whole (a full file system may have left it empty, the same one for every boot), and where the kernel
    has another id than when it was made: then ``run`` is no RAM. The kernel's own will not do alone: a camp of the demo reboots
    its box, not the machine, and the id is told to the hub.
    """
    beside, now = layout.run / "boot-id-kernel", _read(kernel)
    before = _read(beside)
    if read(layout) is None or None not in (now, before) and now != before:
        write_atomically(layout.boot_id_file, f"{uuid.uuid4()}\n")
    if now is not None and now != before:
        write_atomically(beside, f"{now}\n")


def read(layout: Layout) -> str | None:
    """The id of this boot, or None where no whole one can be read."""
    return _read(layout.boot_id_file)


def _read(file: Path) -> str | None:
    try:
        return str(uuid.UUID(file.read_text("ascii").strip()))
    except (OSError, ValueError):
        return None
