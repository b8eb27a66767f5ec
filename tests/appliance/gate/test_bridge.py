"""The LAN's bridge as text."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.gate import bridge
from appliance.values import BoxId, parse_ip
from tests.appliance.gate.knowledge import CONFIG


def test_the_bridge_has_a_fixed_local_address_of_its_own() -> None:
    mac = bridge.bridge_mac(CONFIG)
    assert mac == bridge.bridge_mac(CONFIG)
    assert int(str(mac)[:2], 16) & 0b11 == 0b10, "locally administered, not multicast"
    other = dataclasses.replace(CONFIG, site=dataclasses.replace(CONFIG.site, id=BoxId("camp-south-1")))
    assert bridge.bridge_mac(other) != mac


def test_a_bridge_that_stands_is_not_touched_but_for_its_addresses() -> None:
    new = bridge.bridge_lines(CONFIG, None)
    again = bridge.bridge_lines(CONFIG, bridge.bridge_mac(CONFIG).text)
    assert new.splitlines()[0].startswith("link add name br-lan address 02:") and new.endswith(again)
    assert "link add" not in again and " address 02:" not in again, "that would forget every neighbour"
    foreign = bridge.bridge_lines(CONFIG, "02:00:00:00:00:01")
    assert foreign.splitlines()[0] == f"link set dev br-lan address {bridge.bridge_mac(CONFIG)}"
    assert "address replace 10.44.0.1/20 dev br-lan\n" in again
    assert "address replace fd5c:a3b0:77::1/64 dev br-lan nodad\n" in again


def test_a_radio_is_left_to_hostapd() -> None:
    assert bridge.has_wired_port(CONFIG)
    from appliance.config import Radio

    radio = dataclasses.replace(CONFIG, radio=Radio(CONFIG.lan.interface, "x", 6, "JO"))
    assert not bridge.has_wired_port(radio)


def test_upstream_routers_are_listened_to_before_forwarding_begins() -> None:
    names = list(bridge.router_switches(CONFIG))
    assert names.index("net/ipv6/conf/eth1/accept_ra") < names.index("net/ipv6/conf/all/forwarding")
    assert bridge.router_switches(CONFIG)["net/ipv6/conf/eth1/accept_ra"] == "2"


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("10.44.0.9", True), ("10.44.15.254", True), ("10.44.16.1", False), ("10.44.0.1", False), ("8.8.8.8", False),
        ("fd5c:a3b0:77::9", True), ("fd5c:a3b0:77::1", False), ("fe80::1", True), ("2001:db8::1", False), ("::1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_lan_can_be_devices(address: str, answer: bool) -> None:
    assert bridge.on_lan(CONFIG, parse_ip(address)) is answer
