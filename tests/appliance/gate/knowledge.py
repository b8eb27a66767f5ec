"""P What the gate's fast tests share."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from appliance import config as site
from appliance.config import SiteConfig
from appliance.gate.elements import Listing
from appliance.values import Mac

PROJECT = Path(__file__).resolve().parents[3]
CONFIG: SiteConfig = site.parse((PROJECT / "examples" / "site.toml").read_text())
SESSION = 3_600


def mac(number: int) -> Mac:
    """Device number so and so."""
    return Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")


def asking(config: SiteConfig = CONFIG) -> SiteConfig:
    """The site asks everyone to tap again after a reboot."""
    return dataclasses.replace(config, access=dataclasses.replace(config.access, after_reboot="ask"))


NOTHING = Listing()
