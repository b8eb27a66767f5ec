"""Neighbour boxes on the uplink's side: by address, to one door, and nothing of it where the site names none."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.config import SiteConfig
from appliance.gate.nearby import NEARBY_HTTP, lets_in
from appliance.gate.ruleset import ruleset
from tests.appliance.gate.knowledge import CONFIG


def near(*neighbours: str) -> SiteConfig:
    return dataclasses.replace(CONFIG, catalogue=dataclasses.replace(CONFIG.catalogue, neighbours=neighbours))


@pytest.mark.parametrize("neighbours", [(), ("box.camp.internal",)])
def test_a_site_that_names_no_address_lets_nobody_in(neighbours: tuple[str, ...]) -> None:
    assert ruleset(near(*neighbours)) == ruleset(CONFIG) and not lets_in(near(*neighbours))


def test_only_from_these_addresses_and_only_to_their_own_door() -> None:
    site = near("203.0.113.12", "2001:db8::12", "203.0.113.13", "box.camp.internal")
    more = [line.strip() for line in ruleset(site).splitlines() if line not in ruleset(CONFIG).splitlines()]
    door = f"tcp dport 80 fib daddr type local redirect to :{NEARBY_HTTP}"
    assert more == [
        f'iifname {{ "eth1" }} ip saddr {{ 203.0.113.12, 203.0.113.13 }} {door}',
        f'iifname {{ "eth1" }} ip6 saddr {{ 2001:db8::12 }} {door}',
        f"ct status dnat tcp dport {NEARBY_HTTP} accept",
    ]
    assert lets_in(site)


def test_the_door_opens_on_the_uplinks_side_alone() -> None:
    text = ruleset(near("203.0.113.12"))
    chain = text[text.index("chain box_from_uplink") :]
    assert f"tcp dport {NEARBY_HTTP} accept" in chain and text.count(f"tcp dport {NEARBY_HTTP} accept") == 1
