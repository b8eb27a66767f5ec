"""E Whether this machine can hold a camp: named before anything is started."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from appliance.errors import CampboxError, MissingComponent, NotSo
from appliance.run import find_program
from provisioning.lab import cabling
from provisioning.lab.netns import Namespace, connect

PROGRAMS = ("ip", "tc", "nft", "ethtool", "busybox", "nginx", "dnsmasq", "mosquitto", "setpriv", "mount")
SPACE = 300_000_000
"""Bytes of room a demo wants below /run."""
SCRATCH = ("campbox-guest-fit1", "campbox-guest-fit2")

_NFT = """\
table inet fit {
 map people { type ether_addr : mark; flags timeout; counter; }
 chain c {
  type filter hook forward priority 0
  tcp dport 443 reject with tcp reset
  ct mark set meta mark
 }
 chain n {
  type nat hook postrouting priority srcnat
  masquerade
 }
}
table bridge fit {
 chain c {
  type filter hook forward priority 0; policy drop;
 }
}
"""


def check_root() -> None:
    """Raises NotSo unless this is root."""
    if os.geteuid() != 0:
        raise NotSo("the demo makes network namespaces, which only root may", where="campbox demo", mend="run it with sudo")


def check() -> None:
    """Raises MissingComponent or NotSo naming the first thing that is missing."""
    for program in PROGRAMS:
        find_program(program)
    if shutil.disk_usage("/run").free < SPACE:
        raise NotSo(f"less than {SPACE // 1_000_000} MB free", where="/run", mend="make room")
    _check_kernel()


def _check_kernel() -> None:
    step = "network namespaces"
    try:
        one, other = (Namespace.create(name) for name in SCRATCH)
        step = "virtual cables (veth)"
        connect(one, "a0", other, "a0")
        step = "bridges"
        one.ip("link", "add", "br0", "type", "bridge")
        step = "token buckets (sch_tbf)"
        one.run("tc", "qdisc", "add", "dev", "a0", "root", "tbf", "rate", "1mbit", "burst", "4k", "latency", "50ms")
        step = "nftables (inet and bridge tables, reject, masquerade)"
        one.run("nft", "-f", "-", input=_NFT)
        step = "IPv6"
        if not Path("/proc/net/if_inet6").exists():
            raise NotSo("IPv6 is switched off")
    except CampboxError as error:
        mend = f"use a kernel that has it, such as Debian's ({error.what})"
        raise MissingComponent(f"this kernel gives no {step}", where=os.uname().release, mend=mend) from error
    finally:
        for name in SCRATCH:
            cabling.remove(name)
