"""E What the interfaces say: the Wi-Fi's side and the uplink's side."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

from appliance.config import SiteConfig
from appliance.errors import CommandFailed, Unreachable
from appliance.gate import client
from appliance.gate.known_answers import Said
from appliance.gate.uplink import Asker
from appliance.layout import Layout
from appliance.netlink import Netlink, attribute, attributes
from provisioning.selftest.outcome import Facts

INTERFACES = Path("/sys/class/net")
_GENERIC, _CONTROL, _GET_FAMILY = 16, 0x10, 3  # NETLINK_GENERIC, GENL_ID_CTRL, CTRL_CMD_GETFAMILY (linux/genetlink.h)
_FAMILY_ID, _FAMILY_NAME = 1, 2  # CTRL_ATTR_...
_GET_INTERFACE, _INDEX, _TYPE, _ACCESS_POINT = 5, 3, 5, 3  # NL80211_CMD_, NL80211_ATTR_IF..., NL80211_IFTYPE_AP (linux/nl80211.h)
_GENERIC_HEADER = struct.Struct("=BBH")
_ENOUGH = 5.0
"""Seconds after which no further name is tried."""


def wifi(config: SiteConfig, interfaces: Path = INTERFACES) -> Facts:
    """The radio, or the LAN port where an external access point gives the Wi-Fi."""
    radio = config.radio
    name = config.lan.interface if radio is None else radio.interface
    here = interfaces / name
    return {
        "kind": "external" if radio is None else "radio",
        "interface": name,
        "there": here.exists(),
        "in_bridge": _master(here) == config.lan.bridge,
        "carrier": _carrier(here),
        "access_point": radio is not None and _is_access_point(name),
    }


def uplink(config: SiteConfig, layout: Layout, interfaces: Path = INTERFACES) -> Facts:
    """From the cable to an answer of one of the site's check names."""
    found = config.uplinks[0]
    here = interfaces / found.interface
    resolved, said = _reach(found.check)
    return {
        "interface": found.interface,
        "there": here.exists(),
        "carrier": _carrier(here),
        "route": _has_route(found.interface),
        "resolved": resolved,
        "connected": said == "genuine" and _gate_says(layout) != "down",
        "portal": said == "foreign",
    }


def is_up(layout: Layout) -> bool:
    """What the gate takes the uplink for."""
    return _gate_says(layout) == "up"


def _gate_says(layout: Layout) -> str:
    try:
        return str(client.ask(layout, {"do": "facts"}).get("uplink", "unknown"))
    except Unreachable:
        return "unknown"


def _master(here: Path) -> str | None:
    try:
        return Path(os.readlink(here / "master")).name
    except OSError:
        return None


def _carrier(here: Path) -> bool:
    try:
        return (here / "carrier").read_text().strip() == "1"
    except OSError:  # switched off: the kernel says EINVAL
        return False


def _has_route(interface: str) -> bool:
    """Whether a default route of either family leaves there (proc_pid_net(5), /proc/net/ipv6_route)."""
    old, new = (Path(f"/proc/self/net/{name}") for name in ("route", "ipv6_route"))
    four = [line.split() for line in old.read_text().splitlines()[1:]]
    six = [line.split() for line in new.read_text().splitlines()] if new.exists() else []
    return any(row[0] == interface and row[1] == "00000000" for row in four) or any(
        row[-1] == interface and row[0] == "0" * 32 and row[1] == "00" for row in six
    )


def _reach(targets: tuple[str, ...]) -> tuple[bool, Said]:
    asker = Asker(targets)
    said = asker.look(time.monotonic() + _ENOUGH)
    return asker.resolved, said


def _is_access_point(interface: str) -> bool:
    """Whether nl80211 says that the interface is an access point now: hostapd runs it and the radio took it."""
    try:
        index = socket.if_nametoindex(interface)
        family = _ask(_CONTROL, _GET_FAMILY, attribute(_FAMILY_NAME, b"nl80211\0")).get(_FAMILY_ID)
        if family is None:
            return False
        found = _ask(int.from_bytes(family[:2], "little"), _GET_INTERFACE, attribute(_INDEX, struct.pack("=I", index)))
    except (OSError, CommandFailed):
        return False
    return int.from_bytes(found.get(_TYPE, b""), "little") == _ACCESS_POINT


def _ask(family: int, command: int, body: bytes) -> dict[int, bytes]:
    generic = Netlink(_GENERIC)
    try:
        answer = generic.get(family, _GENERIC_HEADER.pack(command, 1, 0) + body)
    finally:
        generic.close()
    return {} if answer is None else attributes(answer[_GENERIC_HEADER.size :])
