"""P Before anything is started: what is known of the machine -> what stands in the way, each with its mend."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from appliance.config import SiteConfig
from appliance.errors import CampboxError, MissingComponent, NotSo
from appliance.gate.bridge import ROOM
from appliance.gate.nearby import NEARBY_HTTP, lets_in

LEAST_SPACE = 200_000_000
"""Bytes that must be free where the box keeps its data: two snapshots of the catalogue, the outbox and a week of logs."""

KERNEL_FEATURES = {
    "nf_tables": "CONFIG_NF_TABLES_INET",
    "nftables for bridges": "CONFIG_NF_TABLES_BRIDGE",
    "connection tracking": "CONFIG_NF_CONNTRACK and CONFIG_NFT_CT",
    "address translation": "CONFIG_NFT_NAT, CONFIG_NFT_MASQ and CONFIG_NFT_REDIR",
    "rejecting": "CONFIG_NFT_REJECT_INET",
    "counting connections": "CONFIG_NFT_CONNLIMIT",
    "a bridge": "CONFIG_BRIDGE",
    "a shaper (cake or htb)": "CONFIG_NET_SCH_CAKE or CONFIG_NET_SCH_HTB",
    "the bpf classifier": "CONFIG_NET_CLS_BPF",
}
"""What the gate and the shaper need, by the name people read -> the kernel options that give it."""


@dataclass(frozen=True)
class Listener:
    """A port somebody already listens on; ``address`` is written as Python does, ``program`` is empty when not known."""

    protocol: str
    address: str
    port: int
    program: str = ""


@dataclass(frozen=True)
class Facts:
    """What is so on the machine, in the network namespace where the box is to run.

    ``addresses`` are (interface, address with its network); ``closed`` is a folder on the way to the project that services may
    not enter; ``clock_wrong`` when it shows a day before this program was made; ``little_room`` are settings below
    /proc/sys that are too low for a thousand phones and that the gate may not raise.
    """

    root: bool
    interfaces: tuple[str, ...]
    default_routes: tuple[str, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    listeners: tuple[Listener, ...] = ()
    missing_features: tuple[str, ...] = ()
    missing_programs: tuple[str, ...] = ()
    free: int = LEAST_SPACE
    data: str = ""
    has_tls: bool = True
    tls: str = ""
    closed: str = ""
    clock_wrong: bool = False
    little_room: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Facts:
        """As ``dataclasses.asdict`` and JSON made of it."""
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        listeners = tuple(Listener(**one) for one in values["listeners"])
        addresses = tuple((one[0], one[1]) for one in values["addresses"])
        return cls(**{**values, **lists, "listeners": listeners, "addresses": addresses})


@dataclass(frozen=True)
class Found:
    """``errors`` stop the start, ``warnings`` are only said."""

    errors: list[CampboxError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Need:
    """A port some service will take: on every address, or on the LAN's own (and loopback) only."""

    protocol: str
    port: int
    service: str
    everywhere: bool = False


def look(config: SiteConfig, facts: Facts) -> Found:
    """Everything that is wrong, the gravest first: what is missing (exit 3) before what is not so (exit 1)."""
    if not facts.root:
        return Found([NotSo("not root", mend="start it with sudo: it makes a bridge and opens ports below 1024")])
    missing = [*_programs(facts), *_features(facts)]
    wrong = [*_interfaces(config, facts), *_addresses(config, facts), *_ports(config, facts), *_files(config, facts)]
    return Found([*missing, *wrong], [*_clock(facts), *_room(facts)])


def _programs(facts: Facts) -> Iterator[CampboxError]:
    for name in facts.missing_programs:
        yield MissingComponent(f"the program {name} is not here", mend="run ./campbox again as root: it installs what is missing")


def _features(facts: Facts) -> Iterator[CampboxError]:
    for name in facts.missing_features:
        yield MissingComponent(f"this kernel lacks {name}", mend=f"use a kernel with {KERNEL_FEATURES[name]}, such as Debian's")


def _interfaces(config: SiteConfig, facts: Facts) -> Iterator[CampboxError]:
    own_radio = config.radio is not None
    wanted = [("[lan]", config.lan.interface), *(("[[uplink]]", uplink.interface) for uplink in config.uplinks)]
    if config.radio is not None:
        wanted.append(("[radio]", config.radio.interface))
    for section, name in wanted:
        if name not in facts.interfaces and not (own_radio and section == "[lan]"):
            yield NotSo(f"there is no interface {name}", where=section, mend=f"here are {', '.join(facts.interfaces) or 'none'}")
    if config.lan.interface in facts.default_routes:
        mend = "name the other interface in [lan], or people would get your own line's place"
        yield NotSo(f"{config.lan.interface} carries this machine's default route", where="[lan] interface", mend=mend)


def _addresses(config: SiteConfig, facts: Facts) -> Iterator[CampboxError]:
    lan = config.lan
    for interface, text in facts.addresses:
        network = ipaddress.ip_interface(text).network
        for ours, key in ((lan.address.network, "address"), (lan.address6.network, "address6")):
            if interface not in (lan.bridge, lan.interface) and network.version == ours.version and network.overlaps(ours):
                mend = f'choose another network for the LAN, for example "{_another(ours)}"'
                yield NotSo(f"{interface} already has a network that overlaps {ours}", where=f"[lan] {key}", mend=mend)


def _another(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    if isinstance(network, ipaddress.IPv6Network):
        return "fd7a:31c4:9e02::1/64"
    return "172.20.0.1/20" if network.subnet_of(ipaddress.IPv4Network("10.0.0.0/8")) else "10.44.0.1/20"


def _needs(config: SiteConfig) -> list[_Need]:
    web = [80, 8081, *([443] if config.access.api_name else []), *([NEARBY_HTTP] if lets_in(config) else [])]
    return [
        *(_Need("tcp", port, "nginx", everywhere=True) for port in web),
        *(
            _Need(protocol, port, f"dnsmasq-{kind}")
            for protocol in ("udp", "tcp")
            for port, kind in ((53, "captive"), (5354, "admitted"), *([(5355, "garden")] if config.access.garden else []))
        ),
        _Need("udp", 67, "dnsmasq-captive", everywhere=True),
        _Need("udp", 547, "dnsmasq-captive", everywhere=True),
    ]


def _ports(config: SiteConfig, facts: Facts) -> Iterator[CampboxError]:
    lan = {str(config.lan.address.ip), str(config.lan.address6.ip)}
    told = set()
    for need in _needs(config):
        for listener in facts.listeners:
            if (listener.protocol, listener.port) != (need.protocol, need.port):
                continue
            at_lan = listener.address in lan or ipaddress.ip_address(listener.address).is_unspecified
            key = (need.protocol, need.port, listener.program)
            if (need.everywhere or at_lan) and key not in told:
                told.add(key)
                by = listener.program or "another program"
                where = f"{need.protocol} port {need.port} at {listener.address}"
                yield NotSo(f"in use by {by}, and {need.service} needs it", where=where, mend=f"stop {by}")


def _files(config: SiteConfig, facts: Facts) -> Iterator[CampboxError]:
    if facts.closed:
        yield NotSo("services cannot reach the program below here", where=facts.closed, mend="move the clone to /opt/campbox")
    if facts.free < LEAST_SPACE:
        yield NotSo(
            f"only {facts.free // 1_000_000} MB free, {LEAST_SPACE // 1_000_000} are needed", where=facts.data, mend="make room"
        )

    if config.access.api_name and not facts.has_tls:
        mend = "put cert.pem and key.pem there, or remove api_name"
        yield NotSo(f"api_name = {config.access.api_name!r} needs a certificate", where=facts.tls, mend=mend)


def _clock(facts: Facts) -> Iterable[str]:
    if facts.clock_wrong:
        yield "this machine's clock is before the day this program was made; enrolment waits for a time server"


def _room(facts: Facts) -> Iterable[str]:
    for name in facts.little_room:
        setting = name.replace("/", ".")
        yield f"{setting} is too low for a thousand phones; on the machine itself: sysctl -w {setting}={ROOM[name]}"
