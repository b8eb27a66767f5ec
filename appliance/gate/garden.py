"""P The walled garden's part of the rules: what the captive reach without a tap. Nothing at all where the site has none.

The name server of the garden puts the addresses of its names into two sets. All that the captive exchange with them has one mark
together, that of devices without a mark of their own: one share, one count.
"""

from __future__ import annotations

from appliance.config import SiteConfig

GARDEN4, GARDEN6 = "garden4", "garden6"
GARDEN_DNS = 5355
KEPT = "1d"
"""How long an address is known after the last packet to it; a phone remembers a name five minutes at most."""


def garden_parts(config: SiteConfig) -> dict[str, str]:
    """What stands at each place of the ruleset that is called ``garden_...``; to be formatted with it."""
    there = bool(config.access.garden)
    return {name: text if there else "" for name, text in _PARTS.items()}


def _set(name: str, kind: str) -> str:
    return f"""
	set {name} {{{{
		type {kind}
		size 4096
		flags dynamic, timeout
		timeout {KEPT}
		comment "where the captive may go: addresses of the garden's names"
	}}}}
"""


_WEB = "tcp dport {{ 80, 443 }}"
_BEFORE_THE_TAP = "iifname {lan} meta mark 0 iifname != @offline"
# While the uplink is down the captive are led to the portal from everywhere, as without a garden.
_PARTS = {
    "garden_sets": _set(GARDEN4, "ipv4_addr") + _set(GARDEN6, "ipv6_addr"),
    "garden_lead": f"""\
		iifname != @offline tcp dport 80 ip daddr @{GARDEN4} accept
		iifname != @offline tcp dport 80 ip6 daddr @{GARDEN6} accept
		iifname != @offline meta l4proto {{{{ tcp, udp }}}} th dport 53 meta nfproto ipv4 dnat ip to {{box4}}:{GARDEN_DNS}
		iifname != @offline meta l4proto {{{{ tcp, udp }}}} th dport 53 meta nfproto ipv6 dnat ip6 to [{{box6}}]:{GARDEN_DNS}
""",
    "garden_hold": f"""\
		{_BEFORE_THE_TAP} {_WEB} ip daddr @{GARDEN4} accept
		{_BEFORE_THE_TAP} {_WEB} ip6 daddr @{GARDEN6} accept
""",
    "garden_pass": """\
		iifname {lan} oifname {uplinks} meta mark 0 iifname != @offline jump pass_garden
""",
    "garden_chain": f"""
	chain pass_garden {{{{
		{_WEB} ip daddr @{GARDEN4} update @{GARDEN4} {{{{ ip daddr timeout {KEPT} }}}} meta mark set {{newcomers}}
		{_WEB} ip6 daddr @{GARDEN6} update @{GARDEN6} {{{{ ip6 daddr timeout {KEPT} }}}} meta mark set {{newcomers}}
		meta mark {{newcomers}} jump pass_out
	}}}}
""",
    "garden_box": f"""\
		ct status dnat meta l4proto {{{{ tcp, udp }}}} th dport {GARDEN_DNS} accept
""",
}
