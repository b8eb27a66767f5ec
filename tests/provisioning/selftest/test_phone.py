"""The test phone against a box in memory: what it finds out, whatever is broken, and how it behaves."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.dhcp import DHCP
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import ARP

from appliance.values import SELFTEST_PHONE
from provisioning.selftest import cable, frames
from provisioning.selftest.checks import CHECKS
from provisioning.selftest.phone import NOTHING, Phone
from tests.captive_portal.site import SITE
from tests.provisioning.selftest.network import LEASED, Network
from tests.provisioning.selftest.test_checks import PHONE

LINES = [check for check in CHECKS if check.source == "phone"]


def visit(*broken: str) -> tuple[dict[str, Any], Network]:
    network = Network(*broken)
    return {**Phone(network, SITE, patience=5).visit(), "problem": ""}, network


def wrong(facts: dict[str, Any]) -> set[str]:
    return {check.name for check in LINES if check.judge(facts).ok is False}


def test_a_healthy_box_gives_exactly_the_facts_that_pass() -> None:
    facts, _ = visit()
    assert facts == PHONE
    assert wrong(facts) == set()


@pytest.mark.parametrize(
    ("broken", "lines"),
    [
        ("ra", {"ipv6"}), ("prefix", {"ipv6"}), ("no prefix", {"ipv6"}),
        ("dhcp", {"address"}), ("ack", {"address"}), ("router", {"address"}),
        ("server", {"address"}), ("arp", {"address", "names", "portal", "closed"}), ("dns", {"names", "portal", "closed"}),
        ("home", {"names"}), ("http", {"portal"}), ("portal", {"portal"}), ("cut", {"portal"}), ("https", {"closed"}),
        ("https-open", {"closed"}), ("https-icmp", {"closed"}), ("quic", {"closed"}),
    ],
)  # fmt: skip
def test_each_thing_that_is_broken_fails_its_lines_and_no_other(broken: str, lines: set[str]) -> None:
    facts, _ = visit(broken)
    assert facts.keys() == {*NOTHING, "problem"}
    assert wrong(facts) == lines


def test_it_speaks_as_a_phone_that_nobody_owns_and_gives_its_address_back() -> None:
    _, network = visit()
    assert {packet.src for packet in network.heard} == {str(SELFTEST_PHONE)}
    assert network.answered_arp == 1, "it answers for its own address, and for no other"
    last = network.heard[-1]
    assert ("message-type", 7) in last[DHCP].options and last[IP].src == LEASED


def test_it_ends_every_connection_that_it_opened() -> None:
    _, network = visit()
    opened = {p[TCP].sport for p in network.heard if TCP in p and p[TCP].flags == "S" and p[TCP].dport == 80}
    ended = {p[TCP].sport for p in network.heard if TCP in p and p[TCP].flags.R}
    assert opened == ended and len(opened) == 3


def test_a_dead_network_is_noticed_and_nothing_is_asked_without_an_address() -> None:
    facts, network = visit("ra", "dhcp")
    assert facts == {**NOTHING, "problem": ""}
    assert not [packet for packet in network.heard if ARP in packet or TCP in packet]


def test_no_frame_carries_a_name_for_the_phone() -> None:
    options = frames.discover(7)[DHCP].options
    assert "hostname" not in [option[0] for option in options]


def test_the_cable_gets_no_address_and_ends_in_the_lan() -> None:
    text = cable.lines("br-lan")
    assert f"link set dev {cable.PORT} master br-lan up" in text
    assert text.count("addrgenmode none") == 2 and "address add" not in text
    assert max(len(cable.PORT), len(cable.PHONE_END)) <= 15
