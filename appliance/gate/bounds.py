"""P What one device may use up of what all share: names, leases, neighbours, connections remembered. THE table of such bounds.

A bound is kept in the kernel, by the frame's hardware address, so that whoever exceeds it is refused and nobody else. Where a
device can make hardware addresses up (behind a cable, or an access point that lets them through), the port bounds what is new.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.gate.leases import LEASE_CHAINS, LEASE_SETS


@dataclass(frozen=True)
class Bound:
    """``at_once`` may come together, then ``rate`` (nftables' words); None where things are held, not spent.

    ``name`` is the kernel's set. ``test`` keeps the bound; a test resolves it.
    """

    name: str
    resource: str
    at_once: int
    rate: str | None
    test: str


NAMES = Bound(
    "naming", "questions to the box's name servers, over UDP and TCP", 400, "25/second",
    "tests/real/test_gate_names.py::test_n4_one_device_that_asks_without_end_is_refused_alone",
)  # fmt: skip
"""A page with sixty names asks 180 questions (A, AAAA, HTTPS); twenty phones behind a shared one ask 400."""
UNANSWERED = 10
"""Seconds for which dnsmasq remembers a question that nobody answers (TIMEOUT in its config.h)."""
ASKERS = 15
FORWARDED = ASKERS * (NAMES.at_once + 25 * UNANSWERED)
"""Questions under way for which the name servers have room: so many devices at their bound at the same time (250 B each)."""
NAMES_BY_TCP = Bound(
    "asking", "connections open to the box's name servers", 10, None,
    "tests/real/test_gate_crowd.py::test_the_name_servers_few_connections_are_not_all_one_devices",
)  # fmt: skip
CONNECTED = ASKERS * NAMES_BY_TCP.at_once
"""Connections that each name server answers at once."""
WEB = Bound(
    "crowding", "connections open to the box's web ports", 250, None,
    "tests/real/test_gate_crowd.py::test_an_admitted_device_with_hundreds_of_open_connections_starves_nobody",
)  # fmt: skip
REMEMBERED = Bound(
    "holding", "connections in the kernel's table, of every protocol", 2048, None,
    "tests/real/test_gate_bounds.py::test_n5_one_devices_flows_do_not_fill_the_table_of_connections",
)  # fmt: skip
"""The table has 65,536 (appliance.gate.bridge). Twenty phones behind a shared one have a hundred each."""
LEASES = Bound(
    "leasing", "questions for an IPv4 address, or what belongs to IPv6 (DHCP)", 20, "30/minute",
    "tests/real/test_gate_bounds.py::test_n5_addresses_are_leased_to_the_frames_own_sender_alone",
)  # fmt: skip
ROUTERS = Bound(
    "soliciting", "router solicitations: each is answered, at worst to everybody", 10, "20/minute",
    "tests/real/test_gate_bounds.py::test_n5_solicitations_of_one_device_are_bounded",
)  # fmt: skip
ECHOES = Bound(
    "pinging", "echoes asked of the box", 200, "50/second",
    "tests/real/test_gate_bounds.py::test_n5_echoes_of_one_device_are_bounded",
)  # fmt: skip
ADDRESSES = Bound(
    "moving", "addresses, of both families: each is a neighbour to the kernel", 128, "10/minute",
    "tests/real/test_gate_bounds.py::test_n5_one_devices_addresses_do_not_fill_the_table_of_neighbours",
)  # fmt: skip
"""A phone has six; thirty phones behind a repeater that shows one hardware address have four each. The table has 8,192."""
ARRIVALS = Bound(
    "arriving", "hardware addresses that are new on a port of the bridge", 1200, "10/second",
    "tests/real/test_gate_bounds.py::test_n5_made_up_hardware_addresses_use_up_their_own_port_alone",
)  # fmt: skip
"""By port, not by device. A thousand phones come at once after a power cut; what comes beyond waits."""
BOUNDS = (NAMES, NAMES_BY_TCP, WEB, REMEMBERED, LEASES, ROUTERS, ECHOES, ADDRESSES, ARRIVALS)


def bounds_parts() -> dict[str, str]:
    """What stands at each place of the ruleset that is called ``bounds_...``; to be formatted with it."""
    return {
        "bounds_sets": _SETS + LEASE_SETS, "bounds_chains": _CHAINS + LEASE_CHAINS, "bounds_names": _NAMES,
        "bounds_bridge_sets": _BRIDGE_SETS, "bounds_bridge_chains": _BRIDGE_CHAINS,
    }  # fmt: skip


def _spent(name: str, said: str) -> str:
    return f"""
	set {name} {{{{
		type ether_addr
		size {{devices}}
		flags dynamic, timeout
		timeout 10m
		comment "devices by {said}"
	}}}}
"""


def _over(bound: Bound, key: str = "ether saddr") -> str:
    return f"update @{bound.name} {{{{ {key} limit rate over {bound.rate} burst {bound.at_once} packets }}}}"


# Raw payload has no type of its own to compare with, hence typeof: DHCP's chaddr (RFC 2131 section 2), 28 octets after UDP's 8.
_CHADDR, _KIND, _RELAY = "@th,288,48", "@th,64,24", "@th,256,32"
_SETS = (
    _spent(NAMES.name, "how fast they ask for names")
    + _spent(LEASES.name, "how fast they ask for an IPv4 address, or what belongs to IPv6")
    + _spent(ROUTERS.name, "how fast they ask for routers")
    + _spent(ECHOES.name, "how fast they ask the box for echoes")
    + f"""
	set {REMEMBERED.name} {{{{
		type ether_addr
		size {{devices}}
		flags dynamic
		comment "devices by their connections of every protocol"
	}}}}

	set itself {{{{
		typeof ether saddr . {_CHADDR}
		size 65535
		flags dynamic, timeout
		timeout 1s
		comment "hardware addresses, each paired with itself: the kernel compares a packet with a set, not with itself"
	}}}}
"""
)
# After the kernel has put fragments together (defragmentation, priority -400) and before anybody is told apart. What asks DHCP
# must be a phone itself (Ethernet, no relay) and ask for the address that its frame comes from. Too short a packet matches nothing.
_CHAINS = f"""
	chain bounds {{{{
		type filter hook prerouting priority mangle - 10; policy accept;
		iifname {{lan}} udp dport 67 goto leasing
		iifname {{lan}} udp dport 547 {_over(LEASES)} drop
		iifname {{lan}} icmpv6 type nd-router-solicit {_over(ROUTERS)} drop
		iifname {{lan}} icmp type echo-request fib daddr type local {_over(ECHOES)} drop
		iifname {{lan}} icmpv6 type echo-request fib daddr type local {_over(ECHOES)} drop
		iifname {{lan}} ct state new add @{REMEMBERED.name} {{{{ ether saddr ct count over {REMEMBERED.at_once} }}}} goto overfull
	}}}}

	chain leasing {{{{
		{_over(LEASES)} drop
		add @itself {{{{ ether saddr . @ll,48,48 }}}}
		{_KIND} 0x010106 {_RELAY} 0 ether saddr . {_CHADDR} @itself accept
		drop
	}}}}

	chain overfull {{{{
		meta l4proto tcp reject with tcp reset
		reject with icmpx admin-prohibited
	}}}}
"""
# Dropped, not refused: whoever hears nothing asks again after seconds, when there is room; whoever is refused gives up.
_NAMES = f"""\
		meta l4proto {{{{ tcp, udp }}}} th dport 53 {_over(NAMES)} drop
"""
_HOMES = (("arp", "arp saddr ip", "homes4"), ("ip", "ip saddr", "homes4"), ("ip6", "ip6 saddr", "homes6"))
_BRIDGE_SETS = (
    "".join(
        f"""
	set {name} {{{{
		type {key}
		size 65535
		flags dynamic, timeout
		timeout {timeout}
		comment "{said}"
	}}}}
"""
        for name, key, timeout, said in (
            ("here", "ether_addr", "1h", "hardware addresses that were heard"),
            ("homes4", "ether_addr . ipv4_addr", "10m", "devices with each IPv4 address they speak from"),
            ("homes6", "ether_addr . ipv6_addr", "10m", "devices with each IPv6 address they speak from"),
            (ADDRESSES.name, "ether_addr", "1h", "devices by how fast they take new addresses"),
        )
    )
    + f"""
	set {ARRIVALS.name} {{{{
		type ifname
		size 256
		flags dynamic
		comment "ports by how fast new hardware addresses come"
	}}}}
"""
)
# A set that is full adds nothing and lets pass: then the kernel's own tables decide, as without these rules.
_BRIDGE_CHAINS = (
    f"""
	chain doors {{{{
		type filter hook prerouting priority filter; policy accept;
		{{other_bridges}}\
ether saddr @here update @here {{{{ ether saddr }}}} goto addresses
		{_over(ARRIVALS, "iifname")} drop
		add @here {{{{ ether saddr }}}}
		goto addresses
	}}}}

	chain addresses {{{{
		ether type != {{{{ arp, ip, ip6 }}}} accept
"""
    + "".join(
        f"\t\tether type {kind} ether saddr . {key} @{name} update @{name} {{{{ ether saddr . {key} }}}} accept\n"
        for kind, key, name in _HOMES
    )
    + f"\t\t{_over(ADDRESSES)} drop\n"
    + "".join(f"\t\tether type {kind} add @{name} {{{{ ether saddr . {key} }}}}\n" for kind, key, name in _HOMES)
    + "\t}}\n"
)
