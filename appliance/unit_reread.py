"""P Units that make a daemon read its certificate anew when another one is put there, as the supervisor does (Service.rereads)."""

from __future__ import annotations

from appliance.layout import Layout
from appliance.services import Service


def units(service: Service, layout: Layout, target: str, cell: str) -> dict[str, str]:
    """A path unit and what it starts, for a daemon that says its process id in a file; none for any other.

    What it starts runs as the daemon's own user: it may tell it so, and can do nothing else.
    """
    ready = service.ready_path(layout)
    if service.rereads_at != "HUP" or not service.rereads or ready is None or not ready.endswith("/pid"):
        return {}
    name = f"campbox-{service.name}"
    changed = "".join(f"PathChanged={path}\n" for path in service.rereads_paths(layout))
    path = f"""\
[Unit]
Description=Campbox: {service.name}, when its certificate changes
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
PartOf={target}

[Path]
{changed}Unit={name}-reread.service
"""
    told = f"""\
[Unit]
Description=Campbox: {service.name} reads its certificate anew

[Service]
Type=oneshot
ExecStart=/bin/sh -c "test ! -e {ready} || kill -HUP $$(cat {ready})"
User={service.user}
Group={service.user}
AmbientCapabilities=
CapabilityBoundingSet=
ProtectSystem=strict
UMask=0077
PrivateNetwork=yes
IPAddressDeny=any
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
PrivateUsers=yes
ProcSubset=pid
PrivateDevices=yes
{cell}\
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
    return {f"{name}.path": path, f"{name}-reread.service": told}
