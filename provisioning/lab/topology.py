"""P The plan of the lab: namespaces, addresses and cables as data, and the ``ip`` commands that lay them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from appliance.values import Ip, Rate

NET, HUB, BOX, VISITOR = "campbox-net", "campbox-hub", "campbox-box", "campbox-visitor"
"""Namespaces: the internet, the hub, the box, and the phone that the host's browser is."""
CARD = "campbox-card"
"""The namespace around a box that is a machine of its own, beside the demo's: it has a line of its own."""

OURS = re.compile(r"campbox-(net|hub|box|card|visitor|phone-[0-9]+|guest-[0-9a-z]+)\Z")
"""Names that only a demo or its tests make: what a clean-up may remove."""

# RFC 5737 TEST-NET-3 and RFC 3849: addresses that exist nowhere else.
GATEWAY4, GATEWAY6 = ipaddress.ip_interface("203.0.113.1/28"), ipaddress.ip_interface("2001:db8:113:1::1/64")
BOX4, BOX6 = ipaddress.ip_interface("203.0.113.2/28"), ipaddress.ip_interface("2001:db8:113:1::2/64")
HUB_GATEWAY4, HUB_GATEWAY6 = ipaddress.ip_interface("203.0.113.17/28"), ipaddress.ip_interface("2001:db8:113:2::1/64")
HUB4, HUB6 = ipaddress.ip_interface("203.0.113.18/28"), ipaddress.ip_interface("2001:db8:113:2::2/64")
DNS4, DNS6 = ipaddress.ip_address("203.0.113.53"), ipaddress.ip_address("2001:db8:113:53::53")
TIME4, TIME6 = ipaddress.ip_address("203.0.113.54"), ipaddress.ip_address("2001:db8:113:53::123")
_WEB4, _WEB6, _WEB_MOST = ipaddress.ip_address("203.0.113.100"), ipaddress.ip_address("2001:db8:113:80::1"), 150

LINE, MODEM, ISP = "line", "modem", "isp"
"""The uplink inside the internet's namespace: ``line`` (to the box) and ``cpe`` on the bridge ``modem``, ``isp`` behind it.

Download waits in the queue of ``line``, upload in that of ``cpe``, so neither touches an interface of the box.
"""
CPE = "cpe"
WAN_MAC = "02:ca:5b:ff:00:01"
"""Of the box's uplink, the same after every reboot."""
CARD_LINE, LAN_TAP, WAN_TAP, WIRE = "line2", "tap-lan", "tap-wan", "wire"
"""Of a box that is a machine of its own: its line in the internet's namespace; around it two sockets, and a bridge to that line."""
CARD_LAN_MAC, CARD_WAN_MAC = "02:ca:5b:ff:00:02", "02:ca:5b:ff:00:03"
QUEUE_MS = 300
"""How long a packet waits at most at the lab's line, as at a cheap modem."""


@dataclass(frozen=True)
class Host:
    """One web host of the internet, with an address of its own in each family."""

    name: str
    address: Ip
    address6: Ip


def web_hosts(names: tuple[str, ...]) -> tuple[Host, ...]:
    """Give every name its own two addresses, in the order given."""
    if len(names) > _WEB_MOST:
        raise ValueError(f"the lab's internet has room for {_WEB_MOST} hosts")
    return tuple(Host(name, _WEB4 + n, _WEB6 + n) for n, name in enumerate(names))


def phone_name(number: int) -> str:
    """The namespace of the demo's phone ``number``, counted from 1."""
    return f"campbox-phone-{number}"


def guest_name(number: int) -> str:
    """The namespace of phone ``number`` at a machine of its own; 0 only looks whether the portal answers."""
    return f"campbox-guest-c{number}"


def phone_mac(name: str) -> str:
    """A fixed, locally administered address for a phone's namespace, so that the scan knows what to look for."""
    digest = sum(ord(c) * 31**n for n, c in enumerate(name)) & 0xFFFFFF
    return f"02:ca:5b:{digest >> 16:02x}:{digest >> 8 & 255:02x}:{digest & 255:02x}"


def port_name(name: str) -> str:
    """The box's end of a phone's cable; an interface name holds 15 characters."""
    return name.removeprefix("campbox-")[:15]


def internet_commands(hosts: tuple[Host, ...]) -> str:
    """``ip -batch`` text for the internet's namespace: the modem, the gateway, and every server address on the loopback."""
    lines = [
        f"link add {MODEM} type bridge forward_delay 0 mcast_snooping 0",
        f"link add {CPE} type veth peer name {ISP}",
        *(f"link set {name} up" for name in (MODEM, CPE, ISP)),
        f"link set {CPE} master {MODEM}",
        *(_address(a, ISP) for a in (GATEWAY4, GATEWAY6)),
        *(_address(ipaddress.ip_interface(a), "lo") for a in (DNS4, DNS6)),
        *(_address(ipaddress.ip_interface(a), "lo") for host in hosts for a in (host.address, host.address6)),
    ]
    return "\n".join(lines) + "\n"


def edge_commands(interface: str, own: tuple[Ip, ...] | tuple[object, ...], gateways: tuple[Ip, ...]) -> str:
    """``ip -batch`` text for a place at the internet's edge (box or hub): its addresses and a default route each family."""
    lines = [f"link set {interface} up", *(_address(a, interface) for a in own)]
    lines += [f"route replace default via {gateway} dev {interface}" for gateway in gateways]
    return "\n".join(lines) + "\n"


def _address(address: object, interface: str) -> str:
    nodad = " nodad" if ":" in str(address) else ""
    return f"address replace {address} dev {interface}{nodad}"


def machine_commands(bridge: str, wan: str) -> str:
    """``ip -batch`` text for the namespace around a machine: an access point with the LAN's socket, a wire with the uplink's."""
    lines = []
    for switch, socket, others in ((bridge, LAN_TAP, ()), (WIRE, WAN_TAP, (wan,))):
        lines += [f"link add {switch} type bridge forward_delay 0 mcast_snooping 0", f"tuntap add dev {socket} mode tap"]
        lines += [f"link set {port} master {switch}" for port in (socket, *others)]
        lines += [f"link set {name} up" for name in (switch, socket, *others)]
    return "\n".join(lines) + "\n"


ACCESS_POINT_RULES = f"""\
table bridge lab_access_point {{
 chain forward {{
  type filter hook forward priority 0; policy accept;
  iifname {{ "{LAN_TAP}", "{WAN_TAP}" }} accept
  oifname {{ "{LAN_TAP}", "{WAN_TAP}" }} accept
  drop
 }}
}}
"""
"""Client isolation, as an external access point is set up: what a phone sends goes to the box and to nobody else."""


def shaping_commands(down: Rate, up: Rate) -> str:
    """``tc -batch`` text that gives the uplink its two rates."""
    return "".join(queue_command(device, rate) for device, rate in ((LINE, down), (CPE, up)))


def queue_command(device: str, rate: Rate) -> str:
    """``tc`` arguments that make ``device`` as slow as ``rate``."""
    return f"qdisc replace dev {device} root tbf rate {rate.bits_per_second}bit burst {_burst(rate)} latency {QUEUE_MS}ms\n"


def _burst(rate: Rate) -> int:
    """Bytes: 4 ms at the rate, at least two full frames (less and tbf drops every full frame)."""
    return max(3_100, rate.bits_per_second * 4 // 8_000)


CUT_RULES = """\
table bridge lab_cut {
 chain forward {
  type filter hook forward priority 0; policy drop;
 }
}
"""
"""The hard case of a dead uplink: carrier and address stay, nothing passes."""
