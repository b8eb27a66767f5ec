"""E What is so on this machine, asked in its own network namespace: ``python -m appliance.preflight_facts`` prints it as JSON.

Kernel features are tried out in a throwaway network namespace: a kernel that has one as a module loads it, and nothing of the
machine's own is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import ipaddress
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from appliance import clock
from appliance.config import SiteConfig, parse
from appliance.errors import CommandFailed, MissingComponent
from appliance.gate.bridge import ROOM
from appliance.layout import Layout
from appliance.preflight import KERNEL_FEATURES, Facts, Listener
from appliance.run import find_program, run
from appliance.services import services

_THROWAWAY = ("unshare", "--net")
_NFT_TRIALS = {
    "nf_tables": "add table inet t\nadd set inet t s { type ether_addr; flags timeout; counter; }\n",
    "nftables for bridges": "add table bridge t\nadd chain bridge t c { type filter hook forward priority 0; }\n",
    "connection tracking": "add table inet t\nadd chain inet t c\nadd rule inet t c ct state established ct mark set 1\n",
    "address translation": (
        "add table inet t\nadd chain inet t c { type nat hook prerouting priority -100; }\n"
        "add rule inet t c tcp dport 80 redirect\n"
        "add chain inet t d { type nat hook postrouting priority 100; }\nadd rule inet t d masquerade\n"
    ),
    "rejecting": "add table inet t\nadd chain inet t c\nadd rule inet t c reject with icmpx admin-prohibited\n",
    "counting connections": (
        "add table inet t\nadd set inet t n { type ether_addr; size 16; flags dynamic; }\n"
        "add chain inet t c\nadd rule inet t c add @n { ether saddr ct count over 1 } drop\n"
    ),
}
_BPF = "filter add dev lo parent 1: protocol all prio 1 bpf bytecode '1,6 0 0 1,'\n"
_TC_TRIALS = {
    "cake": "qdisc add dev lo root handle 1: cake bandwidth 1mbit\n",
    "htb": "qdisc add dev lo root handle 1: htb\n",
    "bpf": f"qdisc add dev lo root handle 1: htb\n{_BPF}",
    "bpf on cake": f"qdisc add dev lo root handle 1: cake\n{_BPF}",
}
_PROGRAMS = ("ip", "tc", "nft", "setpriv")
_LISTEN = {"tcp": "0A", "udp": "07"}  # TCP_LISTEN, and TCP_CLOSE for a bound socket of UDP (include/net/tcp_states.h)


def gather(config: SiteConfig, layout: Layout) -> Facts:
    """Ask the machine. Without root only that is told."""
    if os.geteuid() != 0:
        return Facts(root=False, interfaces=())
    place = next(folder for folder in (layout.data, *layout.data.parents) if folder.exists())
    tls = layout.etc / "tls"
    programs = tuple(_missing_programs(config, layout))
    return Facts(
        root=True,
        interfaces=tuple(name for _, name in socket.if_nameindex() if name != "lo"),
        default_routes=tuple(_default_routes()),
        addresses=tuple(_addresses()),
        listeners=tuple(_listeners()),
        missing_features=() if programs else tuple(_missing_features()),
        missing_programs=programs,
        free=os.statvfs(place).f_bavail * os.statvfs(place).f_frsize,
        data=str(layout.data),
        has_tls=all((tls / name).exists() for name in ("cert.pem", "key.pem")),
        tls=str(tls),
        closed=next((str(folder) for folder in (layout.code, *layout.code.parents) if not folder.stat().st_mode & 0o001), ""),
        clock_wrong=clock.now().trust == "none",
        little_room=tuple(name for name in little_room(Path("/proc/sys")) if not os.access(Path("/proc/sys", name), os.W_OK)),
    )


def little_room(folder: Path) -> Iterator[str]:
    """Settings below /proc/sys (``folder``) that are too low for a thousand phones; those that cannot be seen are left out."""
    for name, least in ROOM.items():
        try:
            if int((folder / name).read_text()) < least:
                yield name
        except OSError:
            continue


def _missing_programs(config: SiteConfig, layout: Layout) -> Iterator[str]:
    table = services("box", radio=config.radio is not None, garden=bool(config.access.garden))
    for name in dict.fromkeys([*_PROGRAMS, *(service.argv(layout, sys.executable)[0] for service in table)]):
        try:
            find_program(name)
        except MissingComponent:
            yield name
    try:
        ctypes.CDLL("libnftables.so.1")
    except OSError:
        yield "libnftables (package libnftables1)"


def _missing_features() -> Iterator[str]:
    """In the order of KERNEL_FEATURES. One trial of all first: most kernels have everything."""
    if not _try("nft", "-f", "-", text="".join(_NFT_TRIALS.values())):
        yield from (name for name, text in _NFT_TRIALS.items() if not _try("nft", "-f", "-", text=text))
    if not _try("ip", "-batch", "-", text="link add name trial0 type bridge\n"):
        yield "a bridge"
    if not _tc("bpf") and not _tc("bpf on cake"):
        yield "the bpf classifier" if _tc("cake") or _tc("htb") else "a shaper (cake or htb)"


def _tc(trial: str) -> bool:
    return _try("tc", "-batch", "-", text=_TC_TRIALS[trial])


def _try(*argv: str, text: str) -> bool:
    try:
        run([*_THROWAWAY, *argv], input=text, timeout=20)
    except CommandFailed:
        return False
    return True


def _default_routes() -> Iterator[str]:
    for family in ("-4", "-6"):
        for route in _json("ip", "-json", family, "route", "show", "default"):
            if "dev" in route:
                yield str(route["dev"])


def _addresses() -> Iterator[tuple[str, str]]:
    for link in _json("ip", "-json", "address", "show"):
        for address in link.get("addr_info", []):
            if address.get("scope") == "global":
                yield str(link["ifname"]), f"{address['local']}/{address['prefixlen']}"


def _json(*argv: str) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = json.loads(run(argv).stdout or "[]")
    return [value for value in values if value]


def _listeners() -> Iterator[Listener]:
    found = [(protocol, *row) for protocol in _LISTEN for version in ("", "6") for row in _table(protocol, version)]
    holders = programs({inode for _, _, _, inode in found})
    for protocol, address, port, inode in found:
        yield Listener(protocol, address, port, holders.get(inode, ""))


def _table(protocol: str, version: str) -> Iterator[tuple[str, int, str]]:
    """Address, port and inode of everything bound, from proc_net_tcp.txt's tables."""
    path = Path(f"/proc/self/net/{protocol}{version}")
    for line in path.read_text().splitlines()[1:] if path.exists() else []:
        columns = line.split()
        if columns[3] == _LISTEN[protocol]:
            address, _, port = columns[1].partition(":")
            yield _address(address), int(port, 16), columns[9]


def _address(text: str) -> str:
    """Words of 32 bits in the machine's own byte order."""
    words = [int(text[n : n + 8], 16).to_bytes(4, sys.byteorder) for n in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(words)))


def programs(inodes: set[str], proc: Path = Path("/proc")) -> dict[str, str]:
    """Which program holds which of these sockets."""
    names = dict[str, str]()
    for process in proc.glob("[0-9]*"):
        try:
            held = inodes & set(_sockets(process / "fd"))
            names |= dict.fromkeys(held, (process / "comm").read_text().strip() if held else "")
        except OSError:  # it ended meanwhile
            continue
    return names


def _sockets(descriptors: Path) -> Iterator[str]:
    """The sockets that a process holds. Raises OSError when it ends meanwhile."""
    for descriptor in os.listdir(descriptors):  # not by a pattern: pathlib's lets a folder that went away end the whole search
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            target = os.readlink(descriptors / descriptor)
            if target.startswith("socket:["):
                yield target[8:-1]


def main() -> None:
    """Print the facts for the site file named first."""
    config = parse(Path(sys.argv[1]).read_text("utf-8"), sys.argv[1])
    layout = Layout.from_environment(os.environ, Path(__file__).resolve().parents[1])
    json.dump(dataclasses.asdict(gather(config, layout)), sys.stdout)


assert set(KERNEL_FEATURES) == {*_NFT_TRIALS, "a bridge", "a shaper (cake or htb)", "the bpf classifier"}

if __name__ == "__main__":
    main()
