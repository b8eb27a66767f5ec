"""The name servers of the admitted have room for everybody, whatever one device asks (N4)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import pytest
from scapy.layers.dns import DNS, DNSRR

from appliance.gate.bounds import NAMES, NAMES_BY_TCP
from provisioning.lab.netns import Namespace
from tests.real.attendants import Attendants
from tests.real.gate_camp import BOX4, BOX6, NET4, PATIENCE, Camp, inside, linger_reset, phone4
from tests.real.gate_place import Place, see, start_names

pytestmark = [pytest.mark.net]
NOERROR, REFUSED = 0, 5
FLOOD_SECONDS, FLOOD_EVERY = 8.0, 1 / 200
"""N4 was seen at 200 names a second; a question is remembered for ten."""
ENOUGH = NAMES.at_once * 2
"""Questions that make a flood, on a machine that has other work as well."""

SO_RCVBUFFORCE = 33
"""socket(7); Python has no name for it."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        camp = Camp("gnames", phones=3)
        stack.callback(camp.close)
        camp.plug_in_first()
        made = Place(camp, "campbox-test-names")
        stack.callback(made.close)
        made.start()
        camp.plug_in()
        _half_deaf(camp, stack)
        start_names(made, stack)
        see(made)
        for number in (1, 2):
            assert made.ask("admit", phone4(number))["ok"]
        yield made


def _half_deaf(camp: Camp, stack: ExitStack) -> None:
    """The provider's name server: answers every name but those below "deaf"."""
    with inside(camp.net.name):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # What waits for this one thread is not lost: four hundred questions come at once, and only the box's bounds are tried here.
    server.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8_000_000)
    server.bind((NET4, 53))
    attendants = Attendants()
    stack.callback(attendants.end)
    attendants.begin(_serve, server)


def _serve(server: socket.socket) -> None:
    while True:
        try:
            raw, caller = server.recvfrom(2000)
            if not raw:
                return
            if b"\4deaf\7example\0" not in raw:
                asked = DNS(raw)
                name = asked.qd[0].qname
                said = DNS(id=asked.id, qr=1, rd=1, ra=1, qd=asked.qd, an=DNSRR(rrname=name, type="A", ttl=60, rdata=NET4))
                server.sendto(bytes(said), caller)
        except OSError:
            return


def _question(name: str) -> bytes:
    """RFC 1035 section 4.1, by hand: scapy makes too few a second for a flood where much else has been loaded."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\0\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def _code(by: Namespace, name: str, to: str, patience: float = PATIENCE) -> int | None:
    """The answer's code; None when there is none. Sent once: a phone that must ask twice has waited five seconds."""
    with inside(by.name), socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(patience)
        client.connect((to, 53))
        try:
            client.send(_question(name))
            return client.recv(2000)[3] & 15
        except (TimeoutError, ConnectionError):
            return None


@dataclass
class _Flood:
    """Phone 1 asks for fresh names that nobody answers, from one socket or from a new one each."""

    place: Place
    to: str
    fresh_ports: bool
    seconds: float = FLOOD_SECONDS
    sent: int = 0

    def run(self) -> None:
        with inside(self.place.camp.phones[0].name), ExitStack() as stack:
            ends, client = time.monotonic() + self.seconds, stack.enter_context(self._client())
            while time.monotonic() < ends or self.sent <= ENOUGH and time.monotonic() < ends + PATIENCE:
                if self.fresh_ports:
                    client.close()
                    client = stack.enter_context(self._client())
                with suppress(ConnectionError):
                    client.send(_question(f"n{self.sent}-{int(self.fresh_ports)}-{len(self.to)}.deaf.example"))
                self.sent += 1
                time.sleep(FLOOD_EVERY)

    def _client(self) -> socket.socket:
        client = socket.socket(socket.AF_INET6 if ":" in self.to else socket.AF_INET, socket.SOCK_DGRAM)
        client.connect((self.to, 53))
        return client


def _forget(place: Place) -> None:
    place.camp.box.run("nft", "flush", "set", "inet", "campbox", NAMES.name)


@pytest.mark.parametrize("to", [BOX4, BOX6])
@pytest.mark.parametrize("fresh_ports", [False, True])
def test_n4_one_device_that_asks_without_end_is_refused_alone(place: Place, to: str, fresh_ports: bool) -> None:
    """Before the bound, 92 of 100 fresh names of the others were refused while one asked 200 a second."""
    _forget(place)
    flood = _Flood(place, to, fresh_ports)
    asker = threading.Thread(target=flood.run)
    asker.start()
    codes, number = list[int | None](), 0
    while asker.is_alive():
        number += 1
        codes.append(_code(place.camp.phones[1], f"fresh{number}-{to.count(':')}-{int(fresh_ports)}.example.org", to))
        time.sleep(0.1)
    asker.join()
    assert flood.sent > ENOUGH, "the flood was one"
    assert set(codes) == {NOERROR}, f"{codes.count(REFUSED)} refused of {len(codes)}"
    assert _code(place.camp.phones[2], "captive.example.org", to) == NOERROR, "a newcomer is answered too"
    assert [_code(place.camp.phones[0], f"own{n}.example.org", to, 1.0) for n in range(3)].count(None) <= 3


def test_n4_the_asker_is_served_again_once_it_is_calm(place: Place) -> None:
    _forget(place)
    _Flood(place, BOX4, fresh_ports=False, seconds=4.0).run()
    deadline = time.monotonic() + PATIENCE
    while _code(place.camp.phones[0], f"calm{time.monotonic()}.example.org", BOX4, 1.0) != NOERROR:
        assert time.monotonic() < deadline


def test_n4_a_page_with_sixty_names_is_never_held_up(place: Place) -> None:
    """Three questions a name, all at once, twice."""
    _forget(place)
    phone = place.camp.phones[0]
    with inside(phone.name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE)
        client.connect((BOX4, 53))
        for turn in range(2):
            for number in range(180):
                client.send(_question(f"page{turn}-{number}.example.org"))
            assert {client.recv(2000)[3] & 15 for _ in range(180)} == {NOERROR}


def test_n4_a_captive_device_that_asks_without_end_is_held_up_alone(place: Place) -> None:
    _forget(place)
    with inside(place.camp.phones[2].name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1.0)
        client.connect((BOX4, 53))
        answered = 0
        for number in range(NAMES.at_once * 2):
            client.send(_question(f"c{number}.example"))
            try:
                client.recv(2000)
                answered += 1
            except TimeoutError:
                break
    assert NAMES.at_once <= answered < NAMES.at_once * 2
    assert _code(place.camp.phones[1], "beside.example.org", BOX4) == NOERROR


def test_n4_by_tcp_one_device_leaves_room_for_the_others(place: Place) -> None:
    """It holds all the connections it gets, each with a question that nobody answers."""
    _forget(place)
    with ExitStack() as stack:
        with inside(place.camp.phones[0].name):
            for number in range(NAMES_BY_TCP.at_once):
                client = socket.create_connection((BOX4, 53), PATIENCE)
                stack.callback(linger_reset, client)
                question = _question(f"tcp{number}.deaf.example")
                client.sendall(len(question).to_bytes(2, "big") + question)
        with inside(place.camp.phones[1].name), socket.create_connection((BOX4, 53), PATIENCE) as other:
            question = _question("camp.internal")
            other.sendall(len(question).to_bytes(2, "big") + question)
            assert other.recv(2000)[5] & 15 == NOERROR
