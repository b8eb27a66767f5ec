"""P What a site file may say and a technician should know all the same: warnings, a line each. See docs/adr/0176."""

from __future__ import annotations

from appliance.config import SiteConfig


def warnings(config: SiteConfig, file: str) -> list[str]:
    """What, where, what it means; empty where there is nothing to say."""
    return [
        f"{file}: [[uplink]] number {n}: {uplink.interface} is opened, but not shaped, watched or tested: what leaves by it"
        " has no fair share, and only the first uplink counts as up or down"
        for n, uplink in enumerate(config.uplinks[1:], 2)
    ]
