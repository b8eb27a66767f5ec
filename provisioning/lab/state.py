"""P The state file of DESIGN section 6: what programs outside need to use a running demo."""

from __future__ import annotations

from typing import Any

from appliance.config import SiteConfig
from appliance.layout import Layout
from provisioning.lab import topology as plan


def describe(
    config: SiteConfig,
    *,
    box: Layout,
    hub: Layout,
    web: plan.Host,
    ports: dict[str, int],
    login: tuple[str, str],
    pids: dict[str, int],
) -> dict[str, Any]:
    """The state as JSON-ready values; ``ports`` are the loopback ports of ``portal``, ``hub`` and ``mqtt``."""
    identity = box.identity_dir
    return {
        "portal_url": f"http://127.0.0.1:{ports['portal']}/",
        "hub_url": f"http://127.0.0.1:{ports['hub']}/",
        "hub_user": login[0],
        "hub_password": login[1],
        "box": {
            "id": str(config.site.id),
            "netns": plan.BOX,
            "lan_bridge": config.lan.bridge,
            "lan_gateway": str(config.lan.address.ip),
            "lan_gateway6": str(config.lan.address6.ip),
            "data_dir": str(box.data),
        },
        "internet": {
            "netns": plan.NET,
            "web_host": web.name,
            "web_address": str(web.address),
            "web_address6": str(web.address6),
        },
        "mqtt": {
            "host": "127.0.0.1",
            "port": ports["mqtt"],
            "ca": str(identity / "ca.pem"),
            "cert": str(identity / "cert.pem"),
            "key": str(identity / "key.pem"),
        },
        "hub": {"data_dir": str(hub.data)},
        "services": dict(sorted(pids.items())),
    }
