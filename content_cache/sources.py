"""E Where a box looks for its catalogue over a network, in the order of trying: neighbours on a LAN, then the hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from appliance.config import SiteConfig
from appliance.files import read_json
from appliance.layout import Layout
from content_cache.carrier import Web
from content_cache.fetch import Source

REPOSITORY = "repository"
"""Below this address a box serves what it has verified to its neighbours."""


def sources(config: SiteConfig, layout: Layout, came: Callable[[int], None]) -> list[Source]:
    """Those of this box; none before it is enrolled. ``came`` is told of bytes over the metered link. Raises NotSo, Refused."""
    identity = layout.identity_dir
    place, root = read_json(identity / "catalogue.json"), identity / "root.json"
    if not isinstance(place, dict) or not isinstance(place.get("url"), str) or not root.exists():
        return []
    near = [Web(f"http://{_in_url(host)}/{REPOSITORY}/", None, "neighbour") for host in config.catalogue.neighbours]
    hub = Web(place["url"], identity / "ca.pem", "hub", came)
    trusted = root.read_bytes()
    return [Source(carrier, trusted, kept(layout)) for carrier in (*near, hub)]


def _in_url(host: str) -> str:
    # RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
    return f"[{host}]" if ":" in host else host


def kept(layout: Layout) -> Path:
    """Where trusted metadata is kept."""
    return layout.service_data("content") / "tuf"
