"""E The box's interfaces: makes the LAN's bridge, puts its port in, switches the kernel to routing."""

from __future__ import annotations

import ctypes
import fcntl
import logging
import socket
import struct
from pathlib import Path

from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.gate import bridge
from appliance.gate.links import Links, index_of
from appliance.run import run

log = logging.getLogger(__name__)
_SWITCHES = Path("/proc/sys")
_ESSENTIAL = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")
_SIOCETHTOOL, _SET_GRO = 0x8946, 0x2C  # linux/sockios.h, ETHTOOL_SGRO of linux/ethtool.h


class Interfaces:
    """Brings the interfaces up and keeps them so when a USB adapter is plugged in again. Needs CAP_NET_ADMIN only."""

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._links = Links()
        self._seen = dict[str, int | None]()

    def bring_up(self) -> None:
        """Make the bridge unless it is there. Raises CommandFailed, NotSo when the kernel will not route."""
        self._make_bridge()
        self.keep()

    def _make_bridge(self) -> None:
        there = self._links.link(self._config.lan.bridge)
        run(["ip", "-batch", "-"], input=bridge.bridge_lines(self._config, there.address if there else None))
        self._set_switches()
        _make_room()
        run(["ip", "-batch", "-"], input=bridge.up_lines(self._config))

    def keep(self) -> None:
        """Notice interfaces that came (again), and what another program undid, and set them up; costs no fork while all is so."""
        config = self._config
        if index_of(config.lan.bridge) is None:
            log.error("somebody took the bridge %s away; it is made again", config.lan.bridge)
            self._make_bridge()
        names = (config.lan.interface, *(uplink.interface for uplink in config.uplinks))
        now = {name: index_of(name) for name in names}
        strayed = self._strayed()
        if now == self._seen and not strayed:
            return
        if strayed:
            run(["ip", "-batch", "-"], input=bridge.port_lines(config))
        for name, index in now.items():
            if index is not None:
                _no_gathering(name)
            elif name != config.lan.interface or bridge.has_wired_port(config):
                log.warning("the interface %s is not there; waiting for it", name)
        self._set_switches()
        self._seen = now  # once it is done: what the kernel refused now is tried again

    def _strayed(self) -> bool:
        """Whether the LAN's port is there and not in the bridge."""
        lan = self._config.lan
        if not bridge.has_wired_port(self._config):
            return False
        link = self._links.link(lan.interface)
        return link is not None and link.master != index_of(lan.bridge)

    def _set_switches(self) -> None:
        for name, value in bridge.router_switches(self._config).items():
            path = _SWITCHES / name
            try:
                if path.read_text().strip() != value:
                    path.write_text(value)
            except OSError as error:
                if name in _ESSENTIAL:
                    raise NotSo(f"cannot set it: {error.strerror}", where=str(path), mend="give the gate CAP_NET_ADMIN") from error
                if not isinstance(error, FileNotFoundError):
                    log.warning("cannot set %s: %s", path, error.strerror)


def _make_room() -> None:
    """Raise what is too low for a thousand phones; what is higher stays. The self-test says what could not be raised."""
    for name, least in bridge.ROOM.items():
        path = _SWITCHES / name
        try:
            if int(path.read_text()) < least:
                path.write_text(str(least))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            log.warning("cannot raise %s to %d: %s", path, least, error)


def _no_gathering(interface: str) -> None:
    """Switch generic receive offload off: packets gathered to 64 kB go through a thin line as one, 50 ms at 10 Mbit/s."""
    value = ctypes.create_string_buffer(struct.pack("=II", _SET_GRO, 0))
    request = struct.pack("@16sP", interface.encode(), ctypes.addressof(value))  # struct ifreq
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, _SIOCETHTOOL, request.ljust(40, b"\0"))
        except OSError as error:
            log.info("%s keeps gathering packets: %s", interface, error.strerror)
