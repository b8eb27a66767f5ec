"""The kernel's tables of connections and neighbours, as the gate uses them."""

from __future__ import annotations

import socket

import pytest

from appliance.gate.conntrack import Conntrack, _with_mark
from appliance.gate.elements import Admit, Remove
from appliance.gate.kernel import Nftables
from appliance.gate.neighbours import Neighbours
from appliance.values import parse_ip
from tests.real import gate_kernel_place
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, Camp, ask, inside, phone4, phone6, phone_mac, reaches, udp

pytestmark = [pytest.mark.net, pytest.mark.kernel]
ONE, TWO = phone_mac(1), phone_mac(2)
camp, kernel = gate_kernel_place.camp, gate_kernel_place.kernel


def test_a_look_up_repeated_from_the_same_port_follows_the_new_rule(camp: Camp, kernel: Nftables) -> None:
    """The kernel remembers a led connection; after the tap the gate has it forget, or the phone would stay captive."""
    with inside(camp.box.name):
        conntrack = Conntrack()
    for box, address in ((BOX4, phone4(1)), (BOX6, phone6(1))):
        assert ask(camp.phones[0], socket.SOCK_DGRAM, box, 53, source=40_000) == "captive-names"
        kernel.perform([Admit(ONE, 5, 60)])
        conntrack.forget_led([parse_ip(address)])
        assert ask(camp.phones[0], socket.SOCK_DGRAM, box, 53, source=40_000) == "names"
        kernel.perform([Remove(ONE, 5)])
        conntrack.forget_person(5)
        assert ask(camp.phones[0], socket.SOCK_DGRAM, box, 53, source=40_000) == "captive-names"


def test_a_look_up_under_way_outlives_the_forgetting_after_the_tap(camp: Camp, kernel: Nftables) -> None:
    """Or the phone would wait five seconds for the answer to the first name it asks for."""
    with inside(camp.box.name):
        conntrack = Conntrack()
    kernel.perform([Admit(ONE, 5, 60)])
    for box in (BOX4, BOX6):
        assert ask(camp.phones[0], socket.SOCK_DGRAM, box, 53) == "names"
    conntrack.forget_led([parse_ip(phone4(1))])
    conntrack.forget_led([parse_ip(phone4(1)), parse_ip(phone6(1))])
    assert {c.family for c in conntrack._found(socket.AF_UNSPEC, _with_mark(5))} == {socket.AF_INET, socket.AF_INET6}


def test_forgetting_a_person_leaves_the_others_connections_alone(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60), Admit(TWO, 6, 60)])
    assert udp(camp.phones[0], NET4, 4000) == "internet"
    assert udp(camp.phones[1], NET6, 4000) == "internet"
    with inside(camp.box.name):
        conntrack = Conntrack()

    def known(mark: int) -> int:
        return len(list(conntrack._found(socket.AF_UNSPEC, _with_mark(mark))))

    assert known(5) >= 1 and known(6) >= 1
    conntrack.forget_person(5)
    assert known(5) == 0 and known(6) >= 1


def test_neighbours_tell_a_device_by_either_address(camp: Camp, kernel: Nftables) -> None:
    for box in (BOX4, BOX6):
        assert reaches(camp.phones[0], box)
    with inside(camp.box.name):
        neighbours = Neighbours(camp.config.lan.bridge)
        assert neighbours.mac_of(parse_ip(phone4(1))) == ONE
        assert neighbours.mac_of(parse_ip(phone6(1))) == ONE
        assert neighbours.mac_of(parse_ip("10.44.9.9")) is None
        assert {parse_ip(phone4(1)), parse_ip(phone6(1))} <= neighbours.addresses_of(ONE)
