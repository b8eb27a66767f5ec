"""P The box's own access point: site file -> hostapd's configuration; nothing where an external one gives the Wi-Fi."""

from __future__ import annotations

import hashlib

from appliance.config import Radio, SiteConfig
from appliance.layout import Layout

HIGHEST_2GHZ = 14
MOST_STATIONS = 200
"""hostapd stops greeting new phones above this; the chips of most boxes hold fewer and refuse by themselves."""


def files(config: SiteConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.files``."""
    return {} if config.radio is None else {"hostapd.conf": _hostapd(config.radio, config.lan.bridge)}


def second_network(radio: Radio) -> tuple[str, str]:
    """Interface and name of the encrypted network beside the open one. Phones never show its name: they take it for the open one's.

    The interface is made by hostapd; a name of one holds 15 characters.
    """
    return f"{radio.interface[:11]}-owe", f"owe-{hashlib.sha256(radio.ssid.encode()).hexdigest()[:16]}"


def _hostapd(radio: Radio, bridge: str) -> str:
    five = radio.channel > HIGHEST_2GHZ
    other, hidden = second_network(radio)
    # The name goes in as hex: no character of it can be taken for something else.
    text = f"""\
# Written at start from the site file: changes here are lost.
interface={radio.interface}
bridge={bridge}
driver=nl80211
ssid2={radio.ssid.encode().hex()}
utf8_ssid=1
country_code={radio.country}
ieee80211d=1
{"ieee80211h=1" if five else "ieee80211h=0"}
hw_mode={"a" if five else "g"}
channel={radio.channel}
ieee80211n=1
{"ieee80211ac=1" if five else "ieee80211ac=0"}
{_STATIONS}\
wpa=0
logger_syslog=0
logger_stdout=0
"""
    return text + (_owe(radio.interface, bridge, other, hidden) if radio.owe else "")


_STATIONS = f"""\
wmm_enabled=1
auth_algs=1
ap_isolate=1
max_num_sta={MOST_STATIONS}
ap_max_inactivity=600
"""


def _owe(interface: str, bridge: str, other: str, hidden: str) -> str:
    """Transition mode: each network names the other; phones that know OWE (Android 10, Windows 10 2004 and later) go over by
    themselves. The first line still belongs to the open one."""
    return f"""\
owe_transition_ifname={other}

bss={other}
bridge={bridge}
ssid2={hidden.encode().hex()}
ignore_broadcast_ssid=1
{_STATIONS}\
wpa=2
wpa_key_mgmt=OWE
rsn_pairwise=CCMP
ieee80211w=2
owe_transition_ifname={interface}
"""
