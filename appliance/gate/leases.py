"""P The leases' part of the rules: the kernel keeps which device was told which IPv4 address, and lets nobody else be told it.

dnsmasq counts its leases by the wall clock. When a time server sets that forward after a power cut, all of them end at once, and
the next newcomers would be given addresses that phones still use. The kernel's sets count by a clock that nobody sets.
"""

from __future__ import annotations

LEASE = "1h"
"""As long as dnsmasq's (appliance.names)."""
# RFC 2131 section 2: yiaddr and chaddr are 16 and 28 octets after UDP's 8. dnsmasq says first of all what kind of answer it is
# (RFC 2132 section 9.6), 240 octets on: 5 is DHCPACK.
_YIADDR, _CHADDR, _KIND, _ACK = "@th,192,32", "@th,288,48", "@th,1984,24", "0x350105"

LEASE_SETS = f"""
	set leased {{{{
		typeof {_CHADDR} . {_YIADDR}
		size {{devices}}
		flags dynamic, timeout
		timeout {LEASE}
		comment "which device was told which IPv4 address"
	}}}}

	set taken {{{{
		typeof {_YIADDR}
		size {{devices}}
		flags dynamic, timeout
		timeout {LEASE}
		comment "IPv4 addresses that somebody was told"
	}}}}
"""
# An offer of somebody's address is not sent: the newcomer asks again, and dnsmasq, which is wrong, begins anew by then.
LEASE_CHAINS = f"""
	chain leases {{{{
		type filter hook output priority filter; policy accept;
		oifname {{lan}} udp sport 67 udp dport 68 {_YIADDR} != 0 goto leases_told
	}}}}

	chain leases_told {{{{
		{_CHADDR} . {_YIADDR} @leased goto leases_kept
		{_YIADDR} @taken drop
		goto leases_kept
	}}}}

	chain leases_kept {{{{
		{_KIND} != {_ACK} return
		update @leased {{{{ {_CHADDR} . {_YIADDR} }}}}
		update @taken {{{{ {_YIADDR} }}}}
	}}}}
"""
