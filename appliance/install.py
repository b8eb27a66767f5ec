"""W Puts a box onto a system as systemd units: this machine's own, or one staged below a folder (an image being made)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from appliance import stick_units
from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.files import write_atomically, write_json
from appliance.layout import Layout
from appliance.run import run
from appliance.services import services
from appliance.units import TARGET, sysusers, tmpfiles, units

_HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))
"""Folders that the units' cells hide (``ProtectHome``)."""


def install(
    text: str, config: SiteConfig, *, to: Path | None, code: Path, python: Path, identity: Any = None, every_site: bool = False
) -> list[Path]:
    """Write units, users, folders, site file and identity; nothing is started. ``code`` and ``python`` are paths on the target.

    ``every_site``: also the units that this site does not use; another site file, put there later, may want them.

    Raises NotSo when services could not read the project where it stands, or without root.
    """
    for path in (code, python):
        if any(path.is_relative_to(folder) for folder in _HIDDEN):
            raise NotSo("services cannot see what stands below a home", where=str(path), mend="move the project to /opt/campbox")
    if to is None and os.geteuid() != 0:
        raise NotSo("not root", mend="start it with sudo, or stage the files with --to DIR")
    root, layout = to or Path("/"), Layout.system(code)
    # With the hub's services whether or not an identity is there yet: flashing brings it later, and they wait for it.
    wanted = {
        "radio": config.radio is not None,
        "hub": config.hub is not None,
        "garden": bool(config.access.garden),
        "api": config.access.api_name is not None,
    }
    table = services("box", **{part: every_site or there for part, there in wanted.items()})
    written = [_put(root, f"/etc/systemd/system/{name}", body) for name, body in units(table, layout, str(python)).items()]
    written.append(_put(root, "/etc/sysusers.d/campbox.conf", sysusers(table)))
    written.append(_put(root, "/etc/tmpfiles.d/campbox.conf", tmpfiles(layout)))
    written.append(_put(root, f"/etc/systemd/system/{stick_units.UNIT}", stick_units.unit(layout, str(python))))
    written.append(_put(root, f"/etc/udev/rules.d/{stick_units.RULE}", stick_units.rule()))
    written.append(_put(root, str(layout.config_file), text))
    if identity is not None:
        path = root / layout.identity_file.relative_to("/")
        write_json(path, identity, 0o600)
        written.append(path)
    _enable(root)
    if to is None:
        run(["systemd-sysusers", "campbox.conf"])
        run(["systemd-tmpfiles", "--create", "campbox.conf"])
        run(["systemctl", "daemon-reload"])
    return written


def _put(root: Path, path: str, text: str) -> Path:
    whole = root / path.lstrip("/")
    whole.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(whole, text)
    return whole


def _enable(root: Path) -> None:
    """What ``systemctl enable`` does, which also works for a system that is not running."""
    link = root / "etc/systemd/system/multi-user.target.wants" / TARGET
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(f"/etc/systemd/system/{TARGET}")
