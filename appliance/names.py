"""P Names and addresses on the LAN: site file -> the configuration of both dnsmasqs.

The captive one leases addresses to everybody and answers every name by itself, so that no question of the captive ever leaves
the box (no DNS tunnel) and none goes unanswered. The admitted one forwards. Which of them a phone talks to is decided in the
kernel by the gate. Neither writes a lease, a name or an address anywhere: leases are in dnsmasq's memory and in the kernel's, whose
clock nobody sets, and a restarted one learns from the kernel which addresses are taken (``leases_from_kernel.sh``). So it need not
ping an address before it offers it, which would cost every phone three seconds.
"""

from __future__ import annotations

import json

from appliance.announce.advert import INTERVAL, ROUTER_LIFETIME
from appliance.config import Lan, SiteConfig
from appliance.gate import leases
from appliance.gate.bounds import CONNECTED, FORWARDED
from appliance.gate.garden import GARDEN4, GARDEN6
from appliance.gate.ruleset import TABLE
from appliance.layout import Layout

ADMITTED_PORT = 5354
"""Where the DNS server of the admitted listens; the gate leads port 53 to it."""

TEST_ADDRESS, TEST_ADDRESS6 = "198.51.100.1", "2001:db8:c0de::1"
"""What every name is to the captive: RFC 5737 and RFC 3849 documentation addresses, which look public. Android shows no portal
when its probe's name has a private address."""

CAPTIVE_TTL = 5
"""Seconds a phone may remember such an answer, so that the true one follows soon after the tap."""

NCSI_NAME, NCSI_ADDRESSES = "dns.msftncsi.com", ("131.107.255.255", "fd3e:4f5a:5b81::1")
"""Windows' DNS probe; with the genuine answer it goes on to the HTTP probe and finds the portal."""

ABSENT = ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com")
"""Names that must not exist while captive, or Firefox and Apple take their questions past the portal."""

PROBED = (
    "captive.apple.com",
    "clients3.google.com",
    "conn1.oppomobile.com",
    "connect.rom.miui.com",
    "connectivity-check.ubuntu.com",
    "connectivity.samsung.com.cn",
    "connectivitycheck.android.com",
    "connectivitycheck.gstatic.com",
    "connectivitycheck.platform.hicloud.com",
    "detectportal.firefox.com",
    "fireoscaptiveportal.com",
    "ipv6.msftconnecttest.com",
    "network-test.debian.org",
    "networkcheck.kde.org",
    "nmcheck.gnome.org",
    "play.googleapis.com",
    "spectrum.s3.amazonaws.com",
    "wifi.vivo.com.cn",
    "www.airport.us",
    "www.apple.com",
    "www.appleiphonecell.com",
    "www.google.com",
    "www.gstatic.com",
    "www.ibook.info",
    "www.itools.info",
    "www.msftconnecttest.com",
    "www.msftncsi.com",
    "www.thinkdifferent.us",
)
"""Where phones look whether they are online. Answered by the box also where a name in the garden would cover them: whoever got the
genuine answer before the tap would show no portal."""

GARDEN_PORT = 5355
"""Where the captive ask while the uplink is up and the site has a garden; the gate leads port 53 to it."""

GARDEN_TTL = 300
"""The longest that a phone may remember an address in the garden: far less than the kernel does."""

API_PATH = "/api/captive"
"""Where the captive portal's API (RFC 8908) is, below the public name."""

LEASE = leases.LEASE
MOST_LEASES = 10_000


def files(config: SiteConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.files``."""
    written = {
        "dnsmasq-captive.conf": _captive(config, layout),
        "dnsmasq-admitted.conf": _admitted(config, layout),
    }
    if config.access.garden:
        written["dnsmasq-garden.conf"] = _garden(config, layout)
    if config.access.api_name is not None:
        written["announce.conf"] = _announced(config, config.access.api_name)
    return written


def _announced(config: SiteConfig, name: str) -> str:
    """What the service "announce" is told."""
    lan = config.lan
    told = {"interface": lan.bridge, "address": str(lan.address.ip), "name": name, "url": f"https://{name}{API_PATH}"}
    return json.dumps(told, indent=1) + "\n"


def _common(layout: Layout, service: str, bridge: str) -> str:
    return f"""\
# Written at start from the site file: changes here are lost.
pid-file={layout.service_run(service)}/pid
user=
group=
log-facility=-
no-hosts
interface={bridge}
bind-dynamic
local-ttl={CAPTIVE_TTL}
max-tcp-connections={CONNECTED}
"""


def _own_names(config: SiteConfig) -> str:
    lan = config.lan
    names = [name for name in (config.access.portal_name, config.access.api_name) if name]
    # "local" is for questions other than A and AAAA (phones ask for HTTPS records too): no data, at once, never forwarded.
    return "".join(f"local=/{name}/\naddress=/{name}/{lan.address.ip}\naddress=/{name}/{lan.address6.ip}\n" for name in names)


def _captive(config: SiteConfig, layout: Layout) -> str:
    return f"""\
{_common(layout, "dnsmasq-captive", config.lan.bridge)}\
except-interface=lo
port=53
{_own_answers(config)}\
{_leases(config, layout)}"""


def _own_answers(config: SiteConfig) -> str:
    """Every name, answered without asking anybody."""
    absent = "".join(f"address=/{name}/\n" for name in ABSENT)
    windows = "".join(f"address=/{NCSI_NAME}/{address}\n" for address in NCSI_ADDRESSES)
    return f"""\
no-resolv
cache-size=0
local=/#/
address=/#/{TEST_ADDRESS}
address=/#/{TEST_ADDRESS6}
{windows}\
{absent}\
{_own_names(config)}"""


def _garden(config: SiteConfig, layout: Layout) -> str:
    """As the captive one, but names in the garden are asked of the admitted one, and their addresses told to the kernel.

    No cache: an answer from the cache tells the kernel nothing.
    """
    return f"""\
{_common(layout, "dnsmasq-garden", config.lan.bridge)}\
except-interface=lo
port={GARDEN_PORT}
dns-forward-max={FORWARDED}
max-ttl={GARDEN_TTL}
{_own_answers(config)}\
{"".join(_opened(name) for name in config.access.garden)}"""


def _opened(name: str) -> str:
    sets = f"4#inet#{TABLE}#{GARDEN4},6#inet#{TABLE}#{GARDEN6}"
    kept = "".join(
        f"local=/{host}/\naddress=/{host}/{TEST_ADDRESS}\naddress=/{host}/{TEST_ADDRESS6}\n"
        for host in PROBED
        if f".{host}".endswith(f".{name}")
    )
    return f"server=/{name}/127.0.0.1#{ADMITTED_PORT}\nnftset=/{name}/{sets}\n{kept}"


def _leases(config: SiteConfig, layout: Layout) -> str:
    lan = config.lan
    first, last, count = _range(lan)
    # RFC 8910: 114 and 103 come and go with the certificate; the file is read at start and at SIGHUP.
    told = f"dhcp-optsfile={layout.service_run('announce')}/options.conf\n" if config.access.api_name else ""
    return f"""\
dhcp-authoritative
leasefile-ro
dhcp-script={layout.code}/appliance/leases_from_kernel.sh
no-ping
quiet-dhcp
quiet-dhcp6
quiet-ra
quiet-tftp
dhcp-ignore-names
dhcp-ignore-clid
dhcp-lease-max={count}
dhcp-range={first},{last},{lan.address.network.netmask},{LEASE}
dhcp-option=option:router,{lan.address.ip}
dhcp-option=option:dns-server,{lan.address.ip}
enable-ra
ra-param={lan.bridge},{INTERVAL},{ROUTER_LIFETIME}
dhcp-range={lan.address6.network.network_address},ra-stateless,64,{LEASE}
dhcp-option=option6:dns-server,[{lan.address6.ip}]
{told}"""


def _range(lan: Lan) -> tuple[str, str, int]:
    """The first and last address to lease and how many; dnsmasq leaves out the box's own when it lies between."""
    network = lan.address.network
    first, last = network.network_address + 1, network.broadcast_address - 1
    if lan.address.ip == first:
        first += 1
    elif lan.address.ip == last:
        last -= 1
    count = int(last) - int(first) + 1 - (first <= lan.address.ip <= last)
    return str(first), str(last), min(count, MOST_LEASES)


def _admitted(config: SiteConfig, layout: Layout) -> str:
    return f"""\
{_common(layout, "dnsmasq-admitted", config.lan.bridge)}\
interface=lo
port={ADMITTED_PORT}
cache-size=4000
dns-forward-max={FORWARDED}
domain-needed
bogus-priv
{_own_names(config)}"""
