"""Where systemd's own units are: on a machine that does not run it they are only unpacked."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.run import PARTS

_TARGET = "systemd/system/sysinit.target"


def units_of_debian() -> dict[str, str]:
    """The environment in which ``systemd-analyze verify`` finds them (systemd.unit(5), SYSTEMD_UNIT_PATH)."""
    if any((folder / _TARGET).exists() for folder in (Path("/lib"), Path("/usr/lib"))):
        return dict(os.environ)
    unpacked = next(folder for folder in (PARTS / "usr/lib", PARTS / "lib") if (folder / _TARGET).exists())
    return {**os.environ, "SYSTEMD_UNIT_PATH": f"{unpacked / 'systemd/system'}:"}
