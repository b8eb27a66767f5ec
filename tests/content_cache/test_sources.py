"""Where a box asks for its catalogue: neighbours first, by name or address of either family, then the hub."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from content_cache import sources
from tests.content_cache.signed_place import Hub
from tests.content_cache.site import place, site


def test_neighbours_come_before_the_hub_and_an_ipv6_address_stands_in_brackets(tmp_path: Path) -> None:
    layout, hub, config = place(tmp_path / "box"), Hub(tmp_path / "hub"), site()
    neighbours = ("10.45.0.1", "2001:db8::12", "box.camp.internal")
    config = dataclasses.replace(config, catalogue=dataclasses.replace(config.catalogue, neighbours=neighbours))
    assert sources.sources(config, layout, lambda octets: None) == [], "nobody is asked before the box is enrolled"
    (layout.identity_dir / "catalogue.json").write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
    (layout.identity_dir / "root.json").write_bytes((hub.folder / "metadata" / "1.root.json").read_bytes())
    found = sources.sources(config, layout, lambda octets: None)
    assert [one.carrier.name for one in found] == [
        "http://10.45.0.1/repository/", "http://[2001:db8::12]/repository/", "http://box.camp.internal/repository/",
        "https://hub.test/catalogue/",
    ]  # fmt: skip
    assert [(one.place, one.carrier.metered) for one in found] == [*[("neighbour", False)] * 3, ("hub", True)]
