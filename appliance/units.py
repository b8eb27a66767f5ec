"""P The service table as systemd units: the same commands, users and capabilities that the supervisor gives, and a tight cell each.

Everything a service may do is derived from its row; what the table does not say of it stands in the three small tables below.
Unit names are ``campbox-NAME``; ``campbox.target`` wants them all. ``campbox-prepare`` is root's part, done once at each boot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from appliance import unit_reread
from appliance.layout import Layout
from appliance.services import SERVICES, USERS, Service

PROGRAMS: dict[str, str] = {
    "nginx": "/usr/sbin/nginx",
    "dnsmasq": "/usr/sbin/dnsmasq",
    "hostapd": "/usr/sbin/hostapd",
    "mosquitto": "/usr/sbin/mosquitto",
}
"""Where Debian 12 and 13 put the daemons."""

TARGET = "campbox.target"
PREPARE = "campbox-prepare.service"

_FAMILIES: dict[str, str] = {
    "gate": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "hostapd": "AF_UNIX AF_NETLINK AF_INET AF_PACKET",
    "dnsmasq-captive": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "dnsmasq-garden": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "dnsmasq-admitted": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "telemetry": "AF_UNIX AF_NETLINK AF_INET AF_INET6",
    "selftest": "AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET",
}
"""Socket families beside the usual ``AF_UNIX AF_INET AF_INET6``."""

_READS_PROC = frozenset({
    "telemetry", "selftest", "gate", "dnsmasq-captive", "dnsmasq-admitted", "dnsmasq-garden", "hostapd", "nginx", "mosquitto",
    "hub-nginx",
})  # fmt: skip
"""Who needs more of /proc than processes: load, memory, kernel settings."""

_STILL, _LONGEST = 60, "30min"
"""Seconds that a service may do nothing before its ``ready`` path exists, and what it gets in all: slow is no fault."""


def units(table: Sequence[Service], layout: Layout, python: str, programs: Mapping[str, str] = PROGRAMS) -> dict[str, str]:
    """File name -> text of every unit for ``/etc/systemd/system``."""
    texts = {TARGET: _target(table), PREPARE: _prepare(layout, python)}
    for service in table:
        texts[f"campbox-{service.name}.service"] = _service(service, table, layout, python, programs)
        if service.kind == "timer":
            texts[f"campbox-{service.name}.timer"] = _timer(service)
        if service.wakes is not None:
            texts[f"campbox-{service.name}.path"] = _path(service, layout)
        texts.update(unit_reread.units(service, layout, TARGET, CELL))
    return texts


def sysusers(table: Iterable[Service]) -> str:
    """For ``/usr/lib/sysusers.d``: the users of the table under the numbers they have everywhere."""
    users = dict.fromkeys(user for service in table for user in (service.user, *service.groups))
    return "".join(f'u {user} {USERS[user]} "Campbox"\n' for user in users)


def tmpfiles(layout: Layout) -> str:
    """For ``/usr/lib/tmpfiles.d``: the folders that several services share."""
    shared = ((layout.run, "0755"), (layout.conf, "0755"), (layout.facts_dir, "1777"), (layout.data, "0755"))
    return "".join(f"d {folder} {mode} root root -\n" for folder, mode in shared)


def _target(table: Sequence[Service]) -> str:
    wants = " ".join(name for service in table for name in _activators(service))
    return f"""\
[Unit]
Description=Campbox
Wants={PREPARE} {wants}

[Install]
WantedBy=multi-user.target
"""


def _activators(service: Service) -> list[str]:
    name = f"campbox-{service.name}"
    watched = service.wakes or (service.rereads and service.rereads_at == "HUP")
    return [f"{name}.{'timer' if service.kind == 'timer' else 'service'}", *([f"{name}.path"] if watched else [])]


def _timer(service: Service) -> str:
    return f"""\
[Unit]
Description=Campbox: {service.name}, every {service.every} s
PartOf={TARGET}

[Timer]
OnActiveSec=1s
OnUnitActiveSec={service.every}s
AccuracySec=1s
"""


def _path(service: Service, layout: Layout) -> str:
    # Without systemd's own ordering (systemd.path(5), default dependencies): before paths.target and so before basic.target, after
    # which what we prepare comes, would be a circle.
    return f"""\
[Unit]
Description=Campbox: {service.name}, when asked
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
PartOf={TARGET}
After={PREPARE}

[Path]
PathChanged={service.wakes_path(layout)}
"""


def _service(service: Service, table: Sequence[Service], layout: Layout, python: str, programs: Mapping[str, str]) -> str:
    needs = [f"campbox-{name}.service" for name in service.needs if name in {other.name for other in table}]
    return f"""\
[Unit]
Description=Campbox: {service.purpose}
PartOf={TARGET}
Requires={PREPARE}
Wants={" ".join(needs)}
After={" ".join([PREPARE, *needs])}
StartLimitIntervalSec=0
{_condition(service, layout)}\

[Service]
{_start(service, layout, python, programs)}\
{_environment(service, layout)}\
User={service.user}
Group={service.user}
SupplementaryGroups={" ".join(service.groups)}
AmbientCapabilities={" ".join(service.capabilities)}
CapabilityBoundingSet={" ".join(service.capabilities)}
{_folders(service, layout)}\
{_network(service)}\
{_cell(service)}"""


def _condition(service: Service, layout: Layout) -> str:
    """Units may stand there for every site; root's step before them wrote the configuration only where it has one."""
    name = {"radio": "hostapd", "garden": "dnsmasq-garden", "api": "announce"}.get(service.when)
    return f"ConditionPathExists={layout.conf}/{name}.conf\n" if name else ""


def _start(service: Service, layout: Layout, python: str, programs: Mapping[str, str]) -> str:
    program, *arguments = service.argv(layout, python)
    lines = [f"ExecStart={' '.join(_quoted(part) for part in (programs.get(program, program), *arguments))}"]
    ready = service.ready_path(layout)
    if ready is not None:
        # What comes after this unit starts once it serves, as under the supervisor.
        lines.insert(0, f"ExecStartPre=/bin/rm -f {ready}")
        # Outside of the cage (+): there nobody sees what a process of another user namespace (PrivateUsers) has used.
        lines += [f"ExecStartPost=+/bin/sh {layout.code}/appliance/await_ready.sh {ready} {_STILL}", f"TimeoutStartSec={_LONGEST}"]
    if service.kind == "daemon":
        lines += ["Type=exec", "Restart=always", "RestartSec=1", "TimeoutStopSec=10"]
    else:
        lines += ["Type=oneshot", f"RemainAfterExit={'yes' if service.kind == 'oneshot' else 'no'}", "TimeoutStartSec=15min"]
    if service.nice:
        lines.append(f"Nice={service.nice}")  # while a slow box starts, people wait for some and for some they do not
    return "".join(f"{line}\n" for line in lines)


def _quoted(part: str) -> str:
    escaped = part.replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(c in part for c in " ;") else escaped


def _environment(service: Service, layout: Layout) -> str:
    home = layout.service_data(service.owns[0]) if service.owns else layout.service_run(service.name)
    values = {
        **layout.environment(),
        "CAMPBOX_SERVICE": service.name,
        "HOME": str(home),
        "PYTHONPATH": str(layout.code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
    }
    return "".join(f"Environment={name}={value}\n" for name, value in values.items())


def _folders(service: Service, layout: Layout) -> str:
    """Its own folders; state that services of one user share is writable for each of them, and what one of them makes at start."""
    state = dict.fromkeys(name for other in SERVICES if other.user == service.user for name in other.owns)
    lines = [f"WorkingDirectory={layout.service_run(service.name)}"]
    lines.append(f"RuntimeDirectory={_below(layout.service_run(service.name), '/run')}")
    lines += ["RuntimeDirectoryMode=0755", "RuntimeDirectoryPreserve=yes"]
    if state:
        lines += [f"StateDirectory={' '.join(_below(layout.service_data(name), '/var/lib') for name in state)}"]
        lines += ["StateDirectoryMode=0750"]
    once = [other for other in SERVICES if other.user == service.user and other.kind == "oneshot" and other != service]
    written = [str(layout.facts_dir), *(f"-{layout.service_run(other.name)}" for other in once)]
    lines += [f"ReadWritePaths={' '.join(written)}", "ProtectSystem=strict", "UMask=0027"]
    return "".join(f"{line}\n" for line in lines)


def _below(folder: Path, root: str) -> str:
    return str(folder.relative_to(root))


def _network(service: Service) -> str:
    if _only_sockets(service):
        return "PrivateNetwork=yes\nIPAddressDeny=any\nRestrictAddressFamilies=AF_UNIX\n"
    return f"RestrictAddressFamilies={_FAMILIES.get(service.name, 'AF_UNIX AF_INET AF_INET6')}\n"


def _only_sockets(service: Service) -> bool:
    """Web processes talk through Unix sockets alone: whoever breaks into one finds no network."""
    return "gunicorn" in service.command or service.kind == "oneshot"


def _cell(service: Service) -> str:
    # gunicorn gives its socket to its own user and group: chown(2) must not end it.
    chown = "SystemCallFilter=@chown\n" if "gunicorn" in service.command else ""
    private_users = "" if service.capabilities else "PrivateUsers=yes\n"
    proc = "ProcSubset=pid\n" if service.name not in _READS_PROC else ""
    # The gate switches the kernel to routing: with CAP_NET_ADMIN it may set what is the network's in /proc/sys, nothing else.
    cell = _SEALED.replace("ProtectKernelTunables=yes\n", "") if service.name == "gate" else _SEALED
    return f"""\
NoNewPrivileges=yes
{private_users}\
{proc}\
{cell}\
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
{chown}\
SystemCallErrorNumber=EPERM
"""


CELL = """\
PrivateTmp=yes
ProtectHome=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
"""
"""What every unit of ours goes without, also those of an image that need a device."""
_SEALED = f"PrivateDevices=yes\n{CELL}"

_PREPARE_CAPABILITIES = "CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE"


def _prepare(layout: Layout, python: str) -> str:
    """Root's part: it writes files and gives them to their owners, and has no power beyond that."""
    settings = {**layout.environment(), "PYTHONPATH": str(layout.code), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    environment = "".join(f"Environment={name}={value}\n" for name, value in settings.items())
    return f"""\
[Unit]
Description=Campbox: folders, generated configuration, identity
PartOf={TARGET}
After=systemd-tmpfiles-setup.service local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={_quoted(python)} -m appliance.box
{environment}\
AmbientCapabilities=
CapabilityBoundingSet={_PREPARE_CAPABILITIES}
ProtectSystem=strict
ReadWritePaths={layout.run} {layout.data} {layout.etc}
LogsDirectory={_below(layout.log, "/var/log")}
UMask=0022
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
ProcSubset=pid
{_SEALED}\
SystemCallFilter=@system-service
SystemCallFilter=~@resources @setuid
SystemCallErrorNumber=EPERM
"""
