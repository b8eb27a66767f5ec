"""P SiteConfig -> the whole nftables text. Loading it again changes nothing for the people who are online."""

from __future__ import annotations

from appliance.config import SiteConfig
from appliance.gate.bounds import NAMES_BY_TCP, WEB, bounds_parts
from appliance.gate.garden import garden_parts
from appliance.gate.nearby import nearby_parts
from appliance.gate.sets import SETS
from appliance.values import PERSON_MARKS, SELFTEST_PHONE

TABLE = "campbox"
NEWCOMERS = PERSON_MARKS[-1]
"""The one mark of devices without a mark of their own: during the grace after a reboot, and of the captive in the garden."""
CAPTIVE_HTTP, OFFLINE_HTTP, CAPTIVE_DNS, ADMITTED_DNS = 80, 8081, 53, 5354
DEVICES = 16_384
"""Room in the kernel's maps; marks, not elements, are what runs out first."""
HURRY, HURRY_AT_ONCE = 5, 250
"""New connections to the web that a captive device may make in a second, and at once: far more than all probes of an operating
system and a person who reads. A thousand that hammer make no more of them than the front can bear. By HTTPS the same
holds after the tap: a handshake is the dearest thing that the front does for anybody."""
CROWD, ASKING = WEB.at_once, NAMES_BY_TCP.at_once
"""Connections that one device may have open to the box's web ports, and to its name servers over TCP. Planned for a phone that
shares its own hotspot with twenty others. The front holds 8,192 at once, dnsmasq answers 150 over TCP."""

_HEAD = """\
table inet {table} {{}}
flush table inet {table}
table bridge {table} {{}}
flush table bridge {table}
"""

_WHO = """\
{bounds_chains}
	chain who {{
		type filter hook prerouting priority mangle; policy accept;
		iifname {lan} jump who_on_lan
		iifname {uplinks} meta mark set ct mark
	}}

	chain who_on_lan {{
		meta mark set 0
		meta nfproto ipv4 ip saddr != {{ 0.0.0.0, {net4} }} drop
		meta nfproto ipv6 ip6 saddr != {{ ::, fe80::/10, {net6} }} drop
		ip saddr {box4} drop
		ip6 saddr {box6} drop
		meta mark set ether saddr map @people
		meta mark 0 iifname @grace ether saddr != {selftest} meta mark set {newcomers}
		meta mark {newcomers} meta mark set ether saddr map @guests
	}}
"""

# Who hammers or crowds is refused before being led anywhere: a refusal from behind the leading would not reach the device.
# Look-ups of the admitted carry the person's mark, so that forgetting what a device was led to while captive spares them.
_LEAD = """
	chain hurry {{
		type filter hook prerouting priority dstnat - 10; policy accept;
		iifname {lan} meta mark 0 ct state new tcp dport 80 jump unhurried
		iifname {lan} ct state new tcp dport 443 fib daddr type local jump unhurried
		iifname {lan} ct state new tcp dport {{ 53, 80, 443 }} jump uncrowded
		iifname {lan} meta l4proto {{ tcp, udp }} th dport 53 jump unasking
	}}

	chain unhurried {{
		update @hurrying {{ ether saddr limit rate over {hurry}/second burst {hurry_at_once} packets }} reject with tcp reset
	}}

	chain uncrowded {{
		fib daddr type local goto at_the_box
		meta mark 0 tcp dport {{ 53, 80 }} goto at_the_box
		iifname @offline tcp dport {{ 53, 80 }} goto at_the_box
	}}

	chain at_the_box {{
		tcp dport 53 add @asking {{ ether saddr ct count over {asking} }} reject with tcp reset
		tcp dport != 53 add @crowding {{ ether saddr ct count over {crowd} }} reject with tcp reset
	}}

	chain unasking {{
		meta mark != 0 iifname != @offline fib daddr type != local return
{bounds_names}\
	}}

	chain lead {{
		type nat hook prerouting priority dstnat; policy accept;
		iifname {lan} meta mark 0 jump lead_captive
		iifname {lan} meta mark != 0 iifname @offline jump lead_offline
		iifname {lan} meta mark != 0 meta l4proto {{ tcp, udp }} th dport 53 fib daddr type local jump lead_admitted_dns
{nearby_lead}\
	}}

	chain lead_captive {{
{garden_lead}\
		tcp dport 80 meta nfproto ipv4 dnat ip to {box4}:{captive_http}
		tcp dport 80 meta nfproto ipv6 dnat ip6 to [{box6}]:{captive_http}
		jump lead_captive_dns
	}}

	chain lead_captive_dns {{
		meta l4proto {{ tcp, udp }} th dport 53 meta nfproto ipv4 dnat ip to {box4}:{captive_dns}
		meta l4proto {{ tcp, udp }} th dport 53 meta nfproto ipv6 dnat ip6 to [{box6}]:{captive_dns}
	}}

	chain lead_offline {{
		tcp dport 80 fib daddr type != local meta nfproto ipv4 dnat ip to {box4}:{offline_http}
		tcp dport 80 fib daddr type != local meta nfproto ipv6 dnat ip6 to [{box6}]:{offline_http}
		jump lead_captive_dns
	}}

	chain lead_admitted_dns {{
		ct mark set meta mark
		meta l4proto {{ tcp, udp }} th dport 53 meta nfproto ipv4 dnat ip to {box4}:{admitted_dns}
		meta l4proto {{ tcp, udp }} th dport 53 meta nfproto ipv6 dnat ip6 to [{box6}]:{admitted_dns}
	}}

	chain hide {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname {uplinks} masquerade
	}}
"""

# The captive are turned back before routing: a box whose uplink has lost its default route refuses just as quickly.
_REFUSE = """
	chain hold {{
		type filter hook prerouting priority dstnat + 10; policy accept;
{garden_hold}\
		iifname {lan} meta mark 0 fib daddr type != {{ local, broadcast, multicast, anycast }} jump refuse
	}}

	chain refuse {{
		tcp dport 853 reject with icmpx port-unreachable
		meta l4proto tcp reject with tcp reset
		udp dport {{ 443, 853 }} reject with icmpx port-unreachable
		reject with icmpx admin-prohibited
	}}
"""

_PASS = """
	chain pass {{
		type filter hook forward priority filter; policy drop;
		iifname != {ours} oifname != {ours} accept
		iifname {lan} oifname {uplinks} meta mark != 0 jump pass_out
{garden_pass}\
		iifname {uplinks} oifname {lan} jump pass_in
		iifname {lan} jump refuse
	}}
{garden_chain}
	chain pass_out {{
		ct state invalid drop
		tcp flags syn tcp option maxseg size set rt mtu
		ct mark set meta mark
		add @sent {{ meta mark }}
		accept
	}}

	chain pass_in {{
		tcp flags syn tcp option maxseg size set rt mtu
		ct state established,related meta mark != 0 add @received {{ meta mark }}
		ct state established,related accept
	}}
"""

_BOX = """
	chain box {{
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		iifname != {ours} accept
		ct state established,related accept
		iifname {lan} jump box_from_lan
		iifname {uplinks} jump box_from_uplink
	}}

	chain box_from_lan {{
		udp dport {{ 67, 547 }} accept
		meta l4proto {{ tcp, udp }} th dport 53 accept
		tcp dport {{ 80, 443 }} accept
		ct status dnat tcp dport {offline_http} accept
		ct status dnat meta l4proto {{ tcp, udp }} th dport {admitted_dns} accept
{garden_box}\
		icmp type echo-request accept
		icmpv6 type {{ echo-request, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} accept
		icmpv6 type {{ mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report }} accept
		fib daddr type {{ broadcast, multicast }} drop
		jump refuse
	}}

	chain box_from_uplink {{
		udp sport 67 udp dport 68 accept
		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
		icmp type echo-request limit rate 10/second accept
		icmpv6 type echo-request limit rate 10/second accept
		icmpv6 type {{ nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query }} accept
{nearby_box}\
	}}
}}
"""

_APART = """
table bridge {table} {{\
{bounds_bridge_sets}
	chain apart {{
		type filter hook forward priority filter; policy accept;
		{only_lan}drop
	}}
{bounds_bridge_chains}\
}}
"""


def ruleset(config: SiteConfig, *, knows_bridges: bool = True) -> str:
    """The text for ``nft -f``: one transaction, the same text may be loaded again at any time.

    ``knows_bridges``: the kernel can tell which bridge a frame crosses (nft_meta_bridge); without it frames between the
    ports of every bridge in this network namespace are stopped, not only those of the LAN's.
    """
    lan = config.lan
    uplinks = ", ".join(f'"{uplink.interface}"' for uplink in config.uplinks)
    places = {
        "table": TABLE,
        "devices": DEVICES,
        "lan": f'"{lan.bridge}"',
        "uplinks": f"{{ {uplinks} }}",
        "ours": f'{{ "{lan.bridge}", {uplinks} }}',
        "box4": lan.address.ip,
        "net4": lan.address.network,
        "box6": lan.address6.ip,
        "net6": lan.address6.network,
        "newcomers": NEWCOMERS,
        "selftest": SELFTEST_PHONE,
        "captive_http": CAPTIVE_HTTP,
        "offline_http": OFFLINE_HTTP,
        "captive_dns": CAPTIVE_DNS,
        "admitted_dns": ADMITTED_DNS,
        "hurry": HURRY,
        "hurry_at_once": HURRY_AT_ONCE,
        "crowd": CROWD,
        "asking": ASKING,
        "only_lan": f'meta ibrname "{lan.bridge}" ' if knows_bridges else "",
        "other_bridges": f'meta ibrname != "{lan.bridge}" accept\n\t\t' if knows_bridges else "",
    }
    parts = garden_parts(config) | nearby_parts(config) | bounds_parts()
    more = {name: part.format(**places) for name, part in parts.items()}
    return "".join(part.format(**places, **more) for part in (_HEAD, SETS, _WHO, _LEAD, _REFUSE, _PASS, _BOX, _APART))
