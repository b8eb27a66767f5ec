"""P The box's own access point: site file -> hostapd's configuration; nothing where an external one gives the Wi-Fi."""

from __future__ import annotations

from appliance.config import Radio, SiteConfig
from appliance.layout import Layout

HIGHEST_2GHZ = 14
MOST_STATIONS = 200
"""hostapd stops greeting new phones above this; the chips of most boxes hold fewer and refuse by themselves."""


def files(config: SiteConfig, layout: Layout) -> dict[str, str]:
    """Contribution to ``campbox.files``."""
    return {} if config.radio is None else {"hostapd.conf": _hostapd(config.radio, config.lan.bridge)}


def _hostapd(radio: Radio, bridge: str) -> str:
    five = radio.channel > HIGHEST_2GHZ
    # The name goes in as hex: no character of it can be taken for something else.
    return f"""\
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
wmm_enabled=1
auth_algs=1
wpa=0
ap_isolate=1
max_num_sta={MOST_STATIONS}
ap_max_inactivity=600
logger_syslog=0
logger_stdout=0
"""
