"""P What systemd and udev need for a USB stick: a rule that notices one, and a unit that reads it and ends.

Root does the mounting and nothing else (``content_cache.stick_mount``): two capabilities of it mount and step down, the namespace
it mounts in is its own, the only device it may open is a disk, and there is no network.
"""

from __future__ import annotations

from appliance.layout import Layout
from appliance.units import CELL, PREPARE

UNIT, RULE = "campbox-stick@.service", "70-campbox-stick.rules"
_CAPABILITIES = "CAP_SYS_ADMIN CAP_SETUID CAP_SETGID"


def unit(layout: Layout, python: str) -> str:
    """The unit of one partition; its instance is the kernel's name of it, as ``sda1``."""
    settings = {**layout.environment(), "PYTHONPATH": str(layout.code), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment = "".join(f"Environment={name}={value}\n" for name, value in settings.items())
    cell = CELL.replace("RestrictNamespaces=yes", "RestrictNamespaces=mnt")
    return f"""\
[Unit]
Description=Campbox: the catalogue of a USB stick
Requires={PREPARE}
After={PREPARE}

[Service]
Type=oneshot
ExecStart={python} -m content_cache.stick /dev/%I
TimeoutStartSec=15min
WorkingDirectory=/
{environment}\
CapabilityBoundingSet={_CAPABILITIES}
AmbientCapabilities=
DevicePolicy=closed
DeviceAllow=block-sd r
ProtectSystem=strict
ReadWritePaths={layout.run} {layout.service_data("content")}
UMask=0027
PrivateMounts=yes
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
ProcSubset=pid
{cell}\
SystemCallFilter=@system-service @mount
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM
"""


def rule() -> str:
    """For ``/etc/udev/rules.d``: a FAT or exFAT partition on USB starts the unit; desktops that would mount it are told not to."""
    return (
        'ACTION=="add", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", ENV{ID_FS_TYPE}=="vfat|exfat", '
        'ENV{UDISKS_AUTO}="0", TAG+="systemd", ENV{SYSTEMD_WANTS}+="campbox-stick@%k.service"\n'
    )
