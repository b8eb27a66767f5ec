"""P The LAN's bridge and the kernel's switches for a router, as text: what ``ip -batch`` reads and what stands in /proc/sys."""

from __future__ import annotations

import hashlib
import ipaddress

from appliance.config import SiteConfig
from appliance.values import Ip, Mac

ROOM = {
    "net/ipv4/neigh/default/gc_thresh3": 8192,
    "net/ipv4/neigh/default/gc_thresh2": 4096,
    "net/ipv6/neigh/default/gc_thresh3": 8192,
    "net/ipv6/neigh/default/gc_thresh2": 4096,
    "net/netfilter/nf_conntrack_max": 65536,
}
"""Path below /proc/sys -> the least value with which a thousand phones are served: each has an IPv4 and up to four IPv6
addresses, and dozens of connections. Neighbours beyond gc_thresh3 (1024 unless set) are refused. Only the first network namespace
has them all."""

_LINK_LOCAL = ipaddress.IPv6Network("fe80::/10")


def bridge_mac(config: SiteConfig) -> Mac:
    """The bridge's own Ethernet address: always the same for a site, so that phones know the network again after a repair."""
    digest = hashlib.sha256(str(config.site.id).encode()).digest()
    # IEEE 802: bit 1 of the first octet says "locally administered".
    return Mac((b"\x02" + digest[:5]).hex(":"))


def bridge_lines(config: SiteConfig, present: str | None) -> str:
    """The bridge with the box's addresses. ``present`` is its Ethernet address when it exists already.

    Safe to repeat: setting an Ethernet address, even the same one, makes the kernel forget all neighbours.
    """
    lan, mac = config.lan, bridge_mac(config)
    first = ""
    if present is None:
        first = f"link add name {lan.bridge} address {mac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
    elif present != mac.text:
        first = f"link set dev {lan.bridge} address {mac}\n"
    return first + f"address replace {lan.address} dev {lan.bridge}\n" + f"address replace {lan.address6} dev {lan.bridge} nodad\n"


def up_lines(config: SiteConfig) -> str:
    """The bridge comes up, after the kernel was told how to treat it: its link-local address serves at once."""
    return f"link set dev {config.lan.bridge} up\n"


def port_lines(config: SiteConfig) -> str:
    """The LAN port joins the bridge and has no address of its own."""
    return f"address flush dev {config.lan.interface}\nlink set dev {config.lan.interface} master {config.lan.bridge} up\n"


def has_wired_port(config: SiteConfig) -> bool:
    """Whether the gate puts the LAN port into the bridge; a radio is put there by hostapd."""
    return config.radio is None or config.radio.interface != config.lan.interface


def router_switches(config: SiteConfig) -> dict[str, str]:
    """Path below /proc/sys -> value, in the order in which they are set (linux/Documentation/networking/ip-sysctl.rst)."""
    lan = config.lan.bridge
    # accept_ra 2: go on listening to the upstream router although this box forwards; before forwarding is switched on.
    listening = {f"net/ipv6/conf/{uplink.interface}/accept_ra": "2" for uplink in config.uplinks}
    return listening | {
        f"net/ipv6/conf/{lan}/accept_ra": "0",
        f"net/ipv6/conf/{lan}/accept_dad": "0",
        f"net/ipv4/conf/{lan}/send_redirects": "0",
        "net/ipv4/conf/all/send_redirects": "0",
        f"net/ipv4/conf/{lan}/rp_filter": "1",
        # A refusal is told up to 25 times a second to each device instead of once: "no" must come quickly.
        "net/ipv4/icmp_ratelimit": "40",
        "net/ipv6/icmp/ratelimit": "40",
        # A thousand phones that poll would fill the table with closed connections.
        "net/netfilter/nf_conntrack_tcp_timeout_time_wait": "30",
        "net/ipv6/conf/all/forwarding": "1",
        "net/ipv4/ip_forward": "1",
    }


def on_lan(config: SiteConfig, address: Ip) -> bool:
    """Whether an address can belong to a device on the LAN (not to the box itself)."""
    lan = config.lan
    if isinstance(address, ipaddress.IPv4Address):
        return address in lan.address.network and address != lan.address.ip
    return (address in lan.address6.network and address != lan.address6.ip) or address in _LINK_LOCAL
