"""The walled garden with the real gate and the real name servers: what opens without a tap, and what does not."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from scapy.layers.dns import DNS, DNSQR

from appliance import names
from appliance.gate.elements import Lower, Raise
from appliance.gate.kernel import Nftables
from appliance.gate.ruleset import NEWCOMERS
from appliance.run import find_program
from provisioning.lab.netns import Namespace
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, PATIENCE, Camp, inside, phone4, pings, reaches, tcp, udp, until
from tests.real.gate_place import Place, start_names

pytestmark = [pytest.mark.net]
OPEN4, OPEN6 = "203.0.113.7", "2001:db8:1::7"
NAME, BELOW, SHUT = "example.org", "a.b.example.org", "example.net"
BOTH = pytest.mark.parametrize(
    ("box", "kind", "there", "elsewhere", "local"),
    [(BOX4, "A", OPEN4, NET4, names.TEST_ADDRESS), (BOX6, "AAAA", OPEN6, NET6, names.TEST_ADDRESS6)],
    ids=["IPv4", "IPv6"],
)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        camp = Camp("garden", access='garden = ["*.example.org", "captive.apple.com"]')
        stack.callback(camp.close)
        for address in (f"{OPEN4}/24", f"{OPEN6}/64"):
            camp.net.run("ip", "address", "add", address, "dev", "line", *(["nodad"] if ":" in address else []))
        _serve_names(camp)
        camp.plug_in_first()
        made = Place(camp, "campbox-test-garden")
        stack.callback(made.close)
        made.start()
        camp.plug_in()
        start_names(made, stack)
        for port in (22, 80, 443):
            camp.listen(camp.net, socket.SOCK_STREAM, port, "internet")
        camp.listen(camp.net, socket.SOCK_DGRAM, 443, "internet")
        for port, word in ((80, "portal"), (8081, "offline")):
            camp.listen(camp.box, socket.SOCK_STREAM, port, word)
        for phone in camp.phones:
            assert reaches(phone, BOX4) and reaches(phone, BOX6)
        yield made


def _serve_names(camp: Camp) -> None:
    """The internet's name server remembers for an hour: longer than the box lets phones."""
    known = [f"--address=/example.org/{OPEN4}", f"--address=/example.org/{OPEN6}"]
    known += [f"--address=/#/{NET4}", f"--address=/#/{NET6}", "--local-ttl=3600"]
    options = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file="]
    camp.net.spawn([find_program("dnsmasq"), *options, *known], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert until(lambda: _serves(camp)), "it listens"


def _serves(camp: Camp) -> bool:
    try:
        return asked(camp.net, SHUT, "A", NET4, patience=1.0)[0] == NET4
    except OSError:
        return False


@pytest.fixture
def kernel(place: Place) -> Iterator[Nftables]:
    with inside(place.camp.box.name):
        made = Nftables(place.camp.config.lan.bridge)
    yield made
    made.perform([Lower("offline")])
    made.close()


def look_up(place: Place, name: str, kind: str, to: str) -> tuple[str, int]:
    """What the first phone is told."""
    return asked(place.camp.phones[0], name, kind, to)


def asked(by: Namespace, name: str, kind: str, to: str, patience: float = PATIENCE) -> tuple[str, int]:
    """The first address and for how many seconds it may be remembered; empty when there is none. Raises OSError."""
    with (
        inside(by.name),
        socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as asker,
    ):
        asker.settimeout(patience)
        asker.connect((to, 53))
        asker.send(bytes(DNS(rd=1, qd=DNSQR(qname=name, qtype=kind))))
        answer = DNS(asker.recv(2000))
    return (answer.an[0].rdata, answer.an[0].ttl) if answer.ancount else ("", 0)


@BOTH
def test_the_garden_opens_before_the_tap_with_all_below_it(
    place: Place, box: str, kind: str, there: str, elsewhere: str, local: str
) -> None:
    phone = place.camp.phones[0]
    for name in (NAME, BELOW):
        address, seconds = look_up(place, name, kind, box)
        assert address == there and 0 < seconds <= names.GARDEN_TTL
    assert tcp(phone, there, 80) == "internet" and tcp(phone, there, 443) == "internet"
    assert place.ask("status", phone4(1))["state"] == "captive"


@BOTH
def test_of_the_garden_only_the_web_is_open(place: Place, box: str, kind: str, there: str, elsewhere: str, local: str) -> None:
    phone = place.camp.phones[0]
    assert look_up(place, NAME, kind, box)[0] == there
    assert tcp(phone, there, 22) == "refused" and udp(phone, there, 443) == "refused"
    assert not pings(phone, there)


@BOTH
def test_everything_else_is_as_without_a_garden(place: Place, box: str, kind: str, there: str, elsewhere: str, local: str) -> None:
    phone = place.camp.phones[0]
    for name in (SHUT, "notexample.org", "org", "example.org.example.net", "captive.apple.com", "connectivitycheck.gstatic.com"):
        assert look_up(place, name, kind, box)[0] == local, name
    assert look_up(place, "payload." * 10 + SHUT, "TXT", box) == ("", 0)
    assert tcp(phone, elsewhere, 80) == "portal" and tcp(phone, elsewhere, 443) == "refused"
    assert look_up(place, "camp.internal", kind, box)[0] == box


@BOTH
def test_while_the_uplink_is_down_the_garden_leads_to_the_portal(
    place: Place, kernel: Nftables, box: str, kind: str, there: str, elsewhere: str, local: str
) -> None:
    phone = place.camp.phones[0]
    assert look_up(place, NAME, kind, box)[0] == there
    with place.held():  # its look at the kernel lowers once a minute a flag that it knows to be wrong
        kernel.perform([Raise("offline", 60)])
        assert look_up(place, NAME, kind, box)[0] == local, "no page may wait for an answer that cannot come"
        assert tcp(phone, there, 80) == "portal" and tcp(phone, there, 443) == "refused"
        assert tcp(phone, local, 80) == "portal"
        kernel.perform([Lower("offline")])
    assert look_up(place, NAME, kind, box)[0] == there
    assert tcp(phone, there, 443) == "internet"


def test_what_is_carried_to_and_from_the_garden_is_counted_apart_and_is_nobodys(place: Place, kernel: Nftables) -> None:
    assert look_up(place, NAME, "A", BOX4)[0] == OPEN4
    before = [carried.get(NEWCOMERS, 0) for carried in kernel.carried()]
    assert tcp(place.camp.phones[0], OPEN4, 443) == "internet"
    received, sent = kernel.carried()
    assert received[NEWCOMERS] > before[0] and sent[NEWCOMERS] > before[1]
    facts = place.ask("facts")
    assert (facts["people_online"], facts["active_people"]) == (0, 0)


def test_the_garden_has_a_share_of_the_line_like_one_person(place: Place) -> None:
    classes = place.camp.box.run("tc", "class", "show", "dev", "br-lan").stdout
    assert f"1:{0x1000 + NEWCOMERS:x}" in classes or "cake" in place.camp.box.run("tc", "qdisc", "show", "dev", "br-lan").stdout


def test_its_addresses_outlive_what_phones_remember_and_a_reload_of_the_rules(place: Place) -> None:
    assert look_up(place, NAME, "A", BOX4)[0] == OPEN4 and look_up(place, NAME, "AAAA", BOX6)[0] == OPEN6
    place.stop()
    place.start()
    for there, name in ((OPEN4, "garden4"), (OPEN6, "garden6")):
        assert tcp(place.camp.phones[0], there, 443) == "internet", "without asking for the name again"
        kept = place.camp.box.run("nft", "list", "set", "inet", "campbox", name).stdout
        assert re.search(rf"{re.escape(there)} (timeout 1d )?expires (1d|23h)", kept)


def test_after_the_tap_the_garden_is_the_persons_own_traffic(place: Place, kernel: Nftables) -> None:
    assert look_up(place, NAME, "A", BOX4)[0] == OPEN4
    assert place.ask("admit", phone4(1))["ok"]
    try:
        assert until(lambda: look_up(place, SHUT, "A", BOX4)[0] == NET4)
        before = kernel.carried()[1].get(NEWCOMERS, 0)
        assert tcp(place.camp.phones[0], OPEN4, 443) == "internet"
        assert kernel.carried()[1].get(NEWCOMERS, 0) == before
    finally:
        place.ask("erase", phone4(1))
