"""P The site file's interfaces as systemd-networkd's configuration: addresses on the uplinks, hands off the people's side.

Stands in the image, and is written anew at a start whose card brings another site file.
"""

from __future__ import annotations

from appliance.config import SiteConfig, Uplink

FOLDER = "/etc/systemd/network"

_LAN = """\
# The gate's: it makes the bridge and gives it its addresses.
[Match]
Name={names}

[Link]
Unmanaged=yes
"""

_UPLINK = """\
[Match]
Name={name}

[Link]
RequiredForOnline=no

[Network]
DHCP=yes
IPv6AcceptRA=yes
LLMNR=no
MulticastDNS=no

# A box has no machine id that outlives a start: without these every start would take another address of the router's.
[DHCPv4]
ClientIdentifier=mac
RouteMetric={metric}
SendHostname=no
UseHostname=no

[DHCPv6]
DUIDType=link-layer
UseHostname=no

[IPv6AcceptRA]
RouteMetric={metric}
"""

_NETWORKD = """\
# Routes and rules that the gate made are not networkd's to tidy away.
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
"""


def networks(config: SiteConfig) -> dict[str, str]:
    """File name in ``FOLDER`` -> text; the uplinks in the order of the site file, the first one preferred."""
    radio = [config.radio.interface] if config.radio is not None else []
    uplinks = {uplink.interface for uplink in config.uplinks}
    lan = [name for name in dict.fromkeys([config.lan.bridge, config.lan.interface, *radio]) if name not in uplinks]
    texts = {"10-campbox-lan.network": _LAN.format(names=" ".join(lan))}
    for place, uplink in enumerate(config.uplinks, 1):
        texts[f"20-campbox-uplink-{place}.network"] = _uplink(uplink, place)
    return texts


def networkd() -> str:
    """For ``/etc/systemd/networkd.conf.d``."""
    return _NETWORKD


def _uplink(uplink: Uplink, place: int) -> str:
    return _UPLINK.format(name=uplink.interface, metric=100 * place)
