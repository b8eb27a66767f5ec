"""W A camp whose rules stand in the kernel without a gate: the fixtures of the gate's kernel tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from appliance.errors import CommandFailed
from appliance.gate.conntrack import Conntrack
from appliance.gate.elements import FreeMark, Lower, Remove
from appliance.gate.interfaces import Interfaces
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import NEWCOMERS, ruleset
from appliance.values import parse_ip
from tests.real.gate_camp import Camp, inside, phone4, phone6


def load(kernel: Nftables, camp: Camp) -> None:
    """The whole ruleset, as the gate loads it."""
    try:
        kernel.load(ruleset(camp.config))
    except CommandFailed:
        kernel.load(ruleset(camp.config, knows_bridges=False))


@pytest.fixture(scope="module")
def camp() -> Iterator[Camp]:
    made = Camp("gatek")
    try:
        with inside(made.box.name):
            load(Nftables(made.config.lan.bridge), made)
            made.plug_in_first()
            Interfaces(made.config).bring_up()
        made.plug_in()
        for port in (80, 443, 853, 22):
            made.listen(made.net, socket.SOCK_STREAM, port, "internet")
        for port in (53, 443, 853, 4000):
            made.listen(made.net, socket.SOCK_DGRAM, port, "internet")
        for port, word in ((80, "portal"), (8081, "offline"), (53, "captive-names"), (5354, "names"), (22, "box-shell")):
            made.listen(made.box, socket.SOCK_STREAM, port, word)
        for port, word in ((53, "captive-names"), (5354, "names"), (4000, "box-other")):
            made.listen(made.box, socket.SOCK_DGRAM, port, word)
        yield made
    finally:
        made.close()


@pytest.fixture
def kernel(camp: Camp) -> Iterator[Nftables]:
    """Nobody admitted, no flag up, no connection remembered."""
    with inside(camp.box.name):
        made = Nftables(camp.config.lan.bridge)
        conntrack = Conntrack()
    try:
        yield made
    finally:
        there = made.listing()
        made.perform([Remove(e.mac, e.mark) for e in there.people] + [Remove(e.mac, e.mark, "guests") for e in there.guests])
        made.perform([Lower("grace"), Lower("offline"), FreeMark(5), FreeMark(6), FreeMark(NEWCOMERS)])
        for mark in (5, 6, NEWCOMERS):
            conntrack.forget_person(mark)
        conntrack.forget_all_led()
        conntrack.forget_led([parse_ip(address) for n in (1, 2) for address in (phone4(n), phone6(n))])
        made.close()
