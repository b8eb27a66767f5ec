"""P The units that only an image has: the data partition made ready, the card read, the console's page."""

from __future__ import annotations

from appliance.layout import Layout
from appliance.services import SERVICES
from appliance.units import CELL
from provisioning.image.tree import BOX_USER_CONSOLE, TreeFile, enabled

PYTHON = "/opt/campbox/bin/python"
STORAGE_SCRIPT = "/usr/lib/campbox/storage"
REPART = "/usr/lib/campbox/repart.d"

_REPART = """\
# {why}
[Partition]
Type=linux-generic
Label={label}
Weight={weight}
"""
_REPARTED = (
    # systemd-repart goes by type and order: the slots must be named so that the third one is "data".
    ("10-system_a", "system_a", 0, "Stays as it is."),
    ("20-system_b", "system_b", 0, "Stays as it is."),
    ("30-data", "data", 1000, "Takes the room behind it."),
)

STORAGE = """\
#!/bin/sh
# Makes the data partition ready to be mounted: takes the room behind it, and mends what a power cut left.
# Never makes a new file system: what cannot be mended is left as it is, the box serves from RAM, and the console says so.
# storage DEVICE FACTS_FILE
partition=$1 facts=$2

tell() {
    mkdir -p -m 1777 "$(dirname "$facts")"
    printf '{"state": "%s", "why": "%s"}\\n' "$1" "$2" >"$facts.new" && mv "$facts.new" "$facts"
    [ -z "$2" ] || echo "$2" >&2
}

[ -b "$partition" ] || [ -f "$partition" ] || {
    tell memory "there is no data partition: nothing is kept over a restart"
    exit 0
}
real=$(readlink -f "$partition")
disk=$(lsblk --nodeps --noheadings --output PKNAME "$real" 2>/dev/null)
if [ -n "$disk" ]; then
    # Writes nothing when there is no room left; the backup of the table goes first, so a power cut leaves one good copy.
    systemd-repart --dry-run=no --discard=no --definitions=/usr/lib/campbox/repart.d "/dev/$disk" >&2 ||
        echo "the data partition keeps its size" >&2
    udevadm settle --timeout=10
fi
# e2fsck(8): 0 whole, 1 and 2 mended, 4 and more not.
e2fsck -p "$real" >&2
code=$?
[ "$code" -ge 4 ] || {
    tell ready ""
    exit 0
}
e2fsck -f -y "$real" >&2
code=$?
if [ "$code" -lt 4 ]; then
    tell mended "the data partition was damaged and has been mended; something may be lost"
else
    tell memory "the data partition is damaged beyond mending: nothing is kept over a restart; make a new card"
fi
exit 0
"""

_STORAGE_UNIT = """\
[Unit]
Description=Campbox: the data partition grown and checked
DefaultDependencies=no
Conflicts=shutdown.target
Wants=dev-disk-by\\x2dpartlabel-data.device
After=dev-disk-by\\x2dpartlabel-data.device systemd-remount-fs.service
Before=var-lib-campbox.mount local-fs.target shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={script} /dev/disk/by-partlabel/data {facts}
TimeoutStartSec=15min
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_DAC_OVERRIDE CAP_FOWNER
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources @privileged
SystemCallErrorNumber=EPERM
ProtectSystem=strict
ReadWritePaths=/run
DevicePolicy=closed
DeviceAllow=block-* rw
UMask=0022
"""

_TIGHT = f"""\
{CELL}\
NoNewPrivileges=yes
ProtectSystem=strict
SystemCallErrorNumber=EPERM
"""

_TOKEN_STANDS = "token.: *.[A-Za-z0-9_-]{43}"
_OUTSIDE = "/usr/bin/nsenter --target=1 --mount /bin/mount -o"
_CARD_UNIT = """\
[Unit]
Description=Campbox: what the card says: site file, identity
After=local-fs.target systemd-tmpfiles-setup.service
Before=campbox-prepare.service systemd-networkd.service

[Service]
Type=oneshot
RemainAfterExit=yes
# Root outside of the cage does the two things that need it; the card is writable only as long as a token stands on it. systemd
# gives even these lines a mount namespace of their own, where a remount would not be seen: they go into the first process's.
ExecStartPre=-+/bin/sh -c "grep -Eqs '{token}' /boot/firmware/campbox/identity.json && {outside} remount,rw /boot/firmware"
ExecStart={python} -m provisioning.card
ExecStartPost=-+{outside} remount,ro /boot/firmware
ExecStopPost=-+{outside} remount,ro /boot/firmware
{environment}\
AmbientCapabilities=
CapabilityBoundingSet=CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE
ReadWritePaths={layout.run} {layout.data} {layout.etc} /etc/systemd/network -/boot/firmware
PrivateDevices=yes
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
ProcSubset=pid
UMask=0022
{tight}\
SystemCallFilter=@system-service
SystemCallFilter=~@resources @setuid
"""

_CONSOLE_UNIT = """\
[Unit]
Description=Campbox: its state on the screen and the serial line
After=systemd-tmpfiles-setup.service dbus.socket
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={python} -m provisioning.console
Restart=always
RestartSec=5
{environment}\
User={user}
Group={user}
SupplementaryGroups=tty dialout
AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
DeviceAllow=char-tty rw
DeviceAllow=char-ttyS rw
DeviceAllow=char-ttyAMA rw
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
UMask=0077
{tight}\
SystemCallFilter=@system-service
SystemCallFilter=~@resources @privileged
# ip(8) gives up where it cannot drop its own capabilities.
SystemCallFilter=capset

[Install]
WantedBy=multi-user.target
"""

_PREPARE = """\
[Unit]
Wants=campbox-card.service
After=campbox-card.service
"""

# As under the supervisor: what speaks to the hub runs only on a box that belongs to one.
_OF_A_HUB = """\
[Unit]
After=campbox-card.service
ConditionPathExists={identity}
"""


def own_files(layout: Layout) -> tuple[TreeFile, ...]:
    """Units, the storage script, the console's user, and how the foundation's units wait for the card."""
    settings = {**layout.environment(), "PYTHONPATH": str(layout.code), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment = "".join(f"Environment={name}={value}\n" for name, value in settings.items())
    user, number = BOX_USER_CONSOLE
    units = {
        "campbox-storage.service": _STORAGE_UNIT.format(script=STORAGE_SCRIPT, facts=layout.facts("storage")),
        "campbox-card.service": _CARD_UNIT.format(
            python=PYTHON, token=_TOKEN_STANDS, outside=_OUTSIDE, environment=environment, layout=layout, tight=_TIGHT
        ),
        "campbox-console.service": _CONSOLE_UNIT.format(python=PYTHON, environment=environment, user=user, tight=_TIGHT),
        "campbox-prepare.service.d/image.conf": _PREPARE,
        **{f"{unit}.d/image.conf": _OF_A_HUB.format(identity=layout.identity_file) for unit in _units_of_a_hub()},
    }
    return (
        TreeFile(STORAGE_SCRIPT, STORAGE, 0o755),
        *(
            TreeFile(f"{REPART}/{name}.conf", _REPART.format(label=label, weight=weight, why=why))
            for name, label, weight, why in _REPARTED
        ),
        TreeFile("/etc/sysusers.d/campbox-image.conf", f'u {user} {number} "Campbox"\n'),
        *(TreeFile(f"/etc/systemd/system/{name}", text) for name, text in units.items()),
        enabled("campbox-console.service", "multi-user.target"),
    )


def _units_of_a_hub() -> list[str]:
    rows = [service for service in SERVICES if service.place == "box" and service.when == "hub"]
    return [f"campbox-{service.name}.{'timer' if service.kind == 'timer' else 'service'}" for service in rows]
