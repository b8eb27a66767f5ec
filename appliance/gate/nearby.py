"""P Neighbour boxes on the uplink's side: who may come in there, and by which door. Nothing at all where the site names none.

A box whose uplink is in the same network as this one's asks it for the signed catalogue over TCP port 80. From the addresses that
the site file names, and from no others, that leads to a server of the front's own that has the repository and nothing else. Names
open nothing: the kernel knows addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from appliance.config import SiteConfig

NEARBY_HTTP = 8082
"""Where the front serves the repository to neighbours; reached only through the gate's leading."""


def nearby_parts(config: SiteConfig) -> dict[str, str]:
    """What stands at each place of the ruleset that is called ``nearby_...``; to be formatted with it."""
    found = _addresses(config.catalogue.neighbours)
    lead = "".join(
        f"\t\tiifname {{uplinks}} {family} saddr {{{{ {', '.join(said)} }}}} tcp dport 80 fib daddr type local"
        f" redirect to :{NEARBY_HTTP}\n"
        for family, said in found.items()
    )
    return {"nearby_lead": lead, "nearby_box": f"\t\tct status dnat tcp dport {NEARBY_HTTP} accept\n" if found else ""}


def lets_in(config: SiteConfig) -> bool:
    """Whether the site names a neighbour by address."""
    return bool(_addresses(config.catalogue.neighbours))


def _addresses(neighbours: Iterable[str]) -> dict[str, list[str]]:
    """nftables' word for the family -> the addresses."""
    found: dict[str, list[str]] = {}
    for one in neighbours:
        try:
            address = ipaddress.ip_address(one)
        except ValueError:
            continue
        found.setdefault("ip" if address.version == 4 else "ip6", []).append(str(address))
    return found
