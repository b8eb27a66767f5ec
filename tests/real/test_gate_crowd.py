"""One device that holds every connection it can get leaves the box's ports to the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from appliance.gate.elements import Admit
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import ASKING, CROWD
from tests.real import gate_kernel_place
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, PATIENCE, Camp, inside, linger_reset, phone_mac, tcp, until

pytestmark = [pytest.mark.net, pytest.mark.kernel]
ONE = phone_mac(1)
MANY = CROWD + 100
camp, kernel = gate_kernel_place.camp, gate_kernel_place.kernel


@pytest.fixture(autouse=True)
def forgotten(camp: Camp, kernel: Nftables) -> None:
    """What an earlier test opened does not count: the kernel strikes closed ones off a few at a time."""
    for name in ("hurrying", "crowding", "asking"):
        camp.box.run("nft", "flush", "set", "inet", "campbox", name)


@contextmanager
def half_open_headers(camp: Camp, host: str, port: int, count: int) -> Iterator[int]:
    """Phone 1 begins ``count`` requests and never ends one; how many the box took."""
    with ExitStack() as stack:
        with inside(camp.phones[0].name):
            clients = [socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) for _ in range(count)]
        for client in clients:
            stack.callback(linger_reset, client)
        yield sum(_begun(client, host, port) for client in clients)


def _begun(client: socket.socket, host: str, port: int) -> bool:
    client.settimeout(PATIENCE)
    try:
        client.connect((host, port))
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("host", [NET4, NET6, BOX4, BOX6])
def test_a_captive_device_with_hundreds_of_open_connections_starves_nobody(camp: Camp, kernel: Nftables, host: str) -> None:
    with half_open_headers(camp, host, 80, MANY) as taken:
        assert CROWD - 5 <= taken <= CROWD
        assert tcp(camp.phones[1], host, 80) == "portal"
    camp.box.run("nft", "flush", "set", "inet", "campbox", "hurrying")
    assert until(lambda: tcp(camp.phones[0], host, 80) == "portal"), "once they are closed it is served again"


@pytest.mark.parametrize("host", [BOX4, BOX6])
def test_an_admitted_device_with_hundreds_of_open_connections_starves_nobody(camp: Camp, kernel: Nftables, host: str) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    with half_open_headers(camp, host, 80, MANY) as taken:
        assert taken == CROWD
        assert tcp(camp.phones[0], host, 80) == "refused"
        assert tcp(camp.phones[1], host, 80) == "portal"
        assert tcp(camp.phones[0], NET4, 443) == "internet", "only the box's own ports are counted"


def test_the_name_servers_few_connections_are_not_all_one_devices(camp: Camp, kernel: Nftables) -> None:
    with half_open_headers(camp, BOX4, 53, 40) as taken:
        assert taken == ASKING
        assert tcp(camp.phones[1], BOX4, 53) == "captive-names"


def test_loading_the_rules_again_forgets_no_open_connection(camp: Camp, kernel: Nftables) -> None:
    kernel.perform([Admit(ONE, 5, 60)])
    with half_open_headers(camp, BOX4, 80, CROWD + 1) as taken:
        assert taken == CROWD
        gate_kernel_place.load(kernel, camp)
        assert tcp(camp.phones[0], BOX4, 80) == "refused"
