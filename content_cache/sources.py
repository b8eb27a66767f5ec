"""E Where a box looks for its catalogue over a network, in the order of trying: neighbours on a LAN, then the hub."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.files import read_json
from appliance.layout import Layout
from content_cache.carrier import Web
from content_cache.fetch import Source

log = logging.getLogger(__name__)
REPOSITORY = "repository"
"""Below this address a box serves what it has verified to its neighbours."""


def sources(config: SiteConfig, layout: Layout, came: Callable[[int], None]) -> list[Source]:
    """Those of this box; none before it is enrolled. ``came`` is told of bytes over the metered link. Raises NotSo, Refused."""
    root = layout.identity_dir / "root.json"
    carriers = [Web(f"http://{_in_url(host)}/{REPOSITORY}/", None, "neighbour") for host in config.catalogue.neighbours]
    try:
        hub = _hub(layout, came)
        if hub is None or not root.exists():
            return []
        carriers.append(hub)
    except NotSo as error:  # a neighbour has it as well as the hub
        if not carriers:
            raise
        log.warning("the hub cannot be asked: %s", error)
    try:
        trusted = root.read_bytes()
    except OSError as error:
        raise NotSo(f"what is trusted cannot be read: {error.strerror}", where=str(root), mend="see to the card") from error
    return [Source(carrier, trusted, kept(layout)) for carrier in carriers]


def _hub(layout: Layout, came: Callable[[int], None]) -> Web | None:
    """The hub that enrolment named; None where it named none yet."""
    place = read_json(layout.identity_dir / "catalogue.json")
    if not isinstance(place, dict) or not isinstance(place.get("url"), str):
        return None
    return Web(place["url"], layout.identity_dir / "ca.pem", "hub", came)


def _in_url(host: str) -> str:
    # RFC 3986 section 3.2.2: an IPv6 address stands in brackets.
    return f"[{host}]" if ":" in host else host


def kept(layout: Layout) -> Path:
    """Where trusted metadata is kept."""
    return layout.service_data("content") / "tuf"
