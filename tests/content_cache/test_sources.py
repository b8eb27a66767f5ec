"""Where a box asks for its catalogue: neighbours first, by name or address of either family, then the hub."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path

import pytest

from appliance.errors import NotSo, Refused, Unreachable
from content_cache import sources
from content_cache.carrier import Web
from tests.content_cache.signed_place import Hub
from tests.content_cache.site import place, site


def test_a_place_that_is_not_whole_is_no_source_and_the_hub_is_asked_by_its_own_authority(tmp_path: Path) -> None:
    layout, hub, config = place(tmp_path / "box"), Hub(tmp_path / "hub"), site()
    told, root = layout.identity_dir / "catalogue.json", layout.identity_dir / "root.json"
    content = (hub.folder / "metadata" / "1.root.json").read_bytes()
    root.write_bytes(content)
    for broken in ("[]", "{}", '{"url": 7}', "no json"):
        told.write_text(broken)
        with contextlib.suppress(NotSo, Refused):
            assert sources.sources(config, layout, lambda octets: None) == []
    told.write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
    root.unlink()
    assert sources.sources(config, layout, lambda octets: None) == []
    root.write_bytes(content)
    came = list[int]()
    (only,) = sources.sources(config, layout, came.append)
    assert isinstance(only.carrier, Web)
    only.carrier.told(7)
    assert came == [7] and only.root == content and only.metadata.parent == sources.kept(layout)
    assert sources.kept(layout) == layout.service_data("content") / "tuf"


def test_only_the_hub_counts_against_the_metered_link(tmp_path: Path) -> None:
    layout, hub, config = place(tmp_path / "box"), Hub(tmp_path / "hub"), site()
    config = dataclasses.replace(config, catalogue=dataclasses.replace(config.catalogue, neighbours=("10.45.0.1",)))
    (layout.identity_dir / "catalogue.json").write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
    (layout.identity_dir / "root.json").write_bytes((hub.folder / "metadata" / "1.root.json").read_bytes())
    came = list[int]()
    near, far = (one.carrier for one in sources.sources(config, layout, came.append))
    assert isinstance(near, Web) and isinstance(far, Web)
    near.told(5)
    assert came == []
    far.told(6)
    assert came == [6]


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


BROKEN = [
    ("ca.pem", ""), ("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ("ca.pem", "\0" * 600),
    ("catalogue.json", '{"url": "https://[::1/"}'), ("catalogue.json", '{"url": "https://hub.test:99999/"}'),
    ("catalogue.json", '{"url": "https://hub.test:port/"}'), ("catalogue.json", '{"url": "ftp://hub.test/"}'),
    ("catalogue.json", "{"), ("catalogue.json", "\0" * 60),
]  # fmt: skip


@pytest.mark.parametrize("neighbours", [(), ("10.45.0.1",)])
@pytest.mark.parametrize(("name", "content"), BROKEN)
def test_r5_what_the_card_spoiled_of_the_hub_costs_the_hub_and_no_neighbour(
    tmp_path: Path, name: str, content: str, neighbours: tuple[str, ...]
) -> None:
    layout, hub, config = place(tmp_path / "box"), Hub(tmp_path / "hub"), site()
    config = dataclasses.replace(config, catalogue=dataclasses.replace(config.catalogue, neighbours=neighbours))
    (layout.identity_dir / "catalogue.json").write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
    (layout.identity_dir / "root.json").write_bytes((hub.folder / "metadata" / "1.root.json").read_bytes())
    (layout.identity_dir / name).write_text(content)
    try:
        found = sources.sources(config, layout, lambda octets: None)
    except NotSo:  # a Refused is one: it is told as such
        assert not neighbours
        return
    assert [one.place for one in found][: len(neighbours)] == ["neighbour"] * len(neighbours)
    for one in found[len(neighbours) :]:
        with pytest.raises(Unreachable):
            one.offer()


def test_r7_a_root_that_the_card_does_not_give_is_said_in_one_line(tmp_path: Path) -> None:
    layout, config = place(tmp_path / "box"), site()
    (layout.identity_dir / "catalogue.json").write_text(json.dumps({"url": "https://hub.test/catalogue/"}))
    (layout.identity_dir / "root.json").mkdir()
    with pytest.raises(NotSo, match="what is trusted cannot be read"):
        sources.sources(config, layout, lambda octets: None)
