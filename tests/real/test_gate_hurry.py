"""The kernel holds up a captive device that hammers port 80, and that device alone."""

from __future__ import annotations

import socket

import pytest

from appliance.gate.elements import Admit
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import HURRY_AT_ONCE
from tests.real import gate_kernel_place
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, PATIENCE, Camp, inside, phone_mac, tcp

pytestmark = [pytest.mark.net, pytest.mark.kernel]
ONE = phone_mac(1)
camp, kernel = gate_kernel_place.camp, gate_kernel_place.kernel


def _opened(camp: Camp, number: int, host: str, count: int, port: int = 80) -> list[str]:
    with inside(camp.phones[number - 1].name):
        return [_connected(host, port) for _ in range(count)]


def _connected(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect((host, port))
        except TimeoutError:
            return "silence"
        except ConnectionError:
            return "refused"
        return "opened"


@pytest.mark.parametrize("host", [NET4, NET6, BOX4, BOX6])
def test_a_captive_device_that_hammers_is_refused_and_nobody_else(camp: Camp, kernel: Nftables, host: str) -> None:
    """What background apps do with port 80 before the tap costs the front no more than a reader would."""
    camp.box.run("nft", "flush", "set", "inet", "campbox", "hurrying")
    tries = _opened(camp, 1, host, HURRY_AT_ONCE + 150)
    assert tries[:HURRY_AT_ONCE] == ["opened"] * HURRY_AT_ONCE, "all probes of a phone and a page are nothing beside it"
    assert tries.count("refused") > 50 and "silence" not in tries
    assert tcp(camp.phones[1], host, 80) == "portal", "another is served"
    kernel.perform([Admit(ONE, 5, 60)])
    assert _opened(camp, 1, BOX4, 5) == ["opened"] * 5, "who has tapped is not held up"


def test_n5_who_has_tapped_makes_no_more_tls_handshakes_than_before(camp: Camp, kernel: Nftables) -> None:
    """A handshake costs the front milliseconds: one admitted device could have all of its processor."""
    camp.listen(camp.box, socket.SOCK_STREAM, 443, "tls")
    kernel.perform([Admit(ONE, 5, 60), Admit(phone_mac(2), 6, 60)])
    for host in (BOX4, BOX6):
        camp.box.run("nft", "flush", "set", "inet", "campbox", "hurrying")
        tries = _opened(camp, 1, host, HURRY_AT_ONCE + 150, 443)
        assert tries[:HURRY_AT_ONCE] == ["opened"] * HURRY_AT_ONCE and tries.count("refused") > 50 and "silence" not in tries
        assert tcp(camp.phones[1], host, 443) == "tls", "another is served"
        assert tcp(camp.phones[0], NET4, 443) == "internet" and tcp(camp.phones[0], host, 80) == "portal", "it is that door alone"
