"""Who may do what: every cell of the deny matrix, in both families, judged where it would arrive."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from appliance.gate.bridge import bridge_mac
from appliance.gate.daemon import TIDY_APART
from appliance.gate.elements import Admit
from appliance.gate.kernel import Nftables
from tests.real.deny_matrix import Cell, Ears, Judge, Sender, frames, pace, serve_names
from tests.real.gate_camp import BOX4, BOX6, NET4, NET6, Camp, inside, phone4, phone6, phone_mac, reaches, until
from tests.real.gate_place import Place, start_names

pytestmark = [pytest.mark.net]

MATRIX = """
row                          | captive | admitted | expired | dismissed | copied MAC | foreign IP | another's IP
TCP 80                       | box     | passes   | box     | box       | passes     | silent     | box
TCP 443                      | reset   | passes   | reset   | reset     | passes     | silent     | reset
TCP 22                       | reset   | passes   | reset   | reset     | passes     | silent     | reset
TCP 53                       | box     | passes   | box     | box       | passes     | silent     | box
TCP 853                      | told    | passes   | told    | told      | passes     | silent     | told
UDP 443                      | told    | passes   | told    | told      | passes     | silent     | told
UDP 853                      | told    | passes   | told    | told      | passes     | silent     | told
UDP 4000                     | told    | passes   | told    | told      | passes     | silent     | told
ICMP echo                    | told    | passes   | told    | told      | passes     | silent     | told
GRE                          | told    | leaves   | told    | told      | leaves     | silent     | told
names outside                | box     | passes   | box     | box       | passes     | silent     | box
DNS tunnel                   | box     | passes   | box     | box       | passes     | silent     | box
fragments                    | told    | passes   | told    | told      | passes     | silent     | told
a later fragment             | silent  | silent   | silent  | silent    | silent     | silent     | silent
TCP 443 in fragments         | reset   | passes   | reset   | reset     | passes     | silent     | reset
TCP 443 in tiny fragments    | reset/silent | passes/silent | reset/silent | reset/silent | passes/silent | silent | reset/silent
TCP 443 behind options       | reset   | passes   | reset   | reset     | passes     | silent     | reset
TCP 443 in a VLAN            | silent  | silent   | silent  | silent    | silent     | silent     | silent
a source route               | silent/told | silent/told | silent/told | silent/told | silent/told | silent | silent/told
multicast                    | silent  | silent   | silent  | silent    | silent     | silent     | silent
neighbourhood multicast      | silent  | silent   | silent  | silent    | silent     | silent     | silent
a phone by its frame         | silent  | silent   | silent  | silent    | silent     | silent     | silent
a phone by way of the box    | reset   | reset    | reset   | reset     | reset      | silent     | reset
the box's TCP 22             | reset   | reset    | reset   | reset     | reset      | silent     | reset
the box's TCP 5354           | reset   | reset    | reset   | reset     | reset      | silent     | reset
the box's TCP 8081           | reset   | reset    | reset   | reset     | reset      | silent     | reset
the box's UDP 4000           | told    | told     | told    | told      | told       | silent     | told
the uplink's TCP 22          | reset   | reset    | reset   | reset     | reset      | silent     | reset
"""
"""What becomes of it; where the families differ, IPv4/IPv6. ``passes``: it arrives in the internet, and the answer at the phone.
``leaves``: it arrives, and nothing answers. ``box``: the box itself answers and nothing of it leaves. ``reset``: TCP's "no".
``told``: "no" by ICMP. ``silent``: nothing comes back and nothing arrives.

IPv6 forbids first fragments without the whole header (RFC 8200 section 4.5) and routing headers of type 0 (RFC 5095). A copied MAC
of somebody admitted passes: on an open network nothing tells the two apart (docs/threats.md). A foreign IP (sent by somebody
admitted) is dropped without a word, for the word would go to somebody else."""


def _table() -> dict[tuple[str, str, int], str]:
    head, *lines = ([part.strip() for part in line.split("|")] for line in MATRIX.strip().splitlines())
    cells = {}
    for name, *words in lines:
        for state, word in zip(head[1:], words, strict=True):
            four, _, six = word.partition("/")
            cells[name, state, 4], cells[name, state, 6] = four, six or four
    return cells


EXPECTED = _table()
STATES = list(dict.fromkeys(state for _, state, _ in EXPECTED))
OWNER = 2
"""The phone whose MAC and IP others take; it is admitted throughout."""


class Matrix:
    """The place in which each cell is tried once."""

    def __init__(self, place: Place) -> None:
        self.place, self.camp = place, place.camp
        with inside(self.camp.box.name):
            self.kernel = Nftables(self.camp.config.lan.bridge)
        self.phones = [Ears(phone, "wlan") for phone in self.camp.phones]
        self.judge = Judge(Ears(self.camp.net, "line"), tuple(self.phones[:2]), self.phones[2])
        self.cells = dict[tuple[str, str, int], Cell]()
        self.shares = dict[str, tuple[set[int], int]]()

    def try_all(self) -> None:
        """One state after the other, both families in turn."""
        assert self.place.ask("admit", phone4(OWNER))["ok"]
        for state in STATES:
            self._become(state)
            for row in dict.fromkeys(row for row, _, _ in EXPECTED):
                for version in (4, 6):
                    self._try(row, state, version)
            time.sleep(0.3)
            self.shares[state] = set(self.kernel.carried()[1]), self.place.ask("facts")["people_online"]
            self.place.ask("erase", phone4(1))
            assert reaches(self.camp.phones[1], BOX4)  # the bridge learns anew where its address is

    def _try(self, row: str, state: str, version: int) -> None:
        cell = self.cells[row, state, version] = Cell(row, state, version, len(self.cells) + 1)
        for frame in frames(cell, self.sender(state, version)):
            self.phones[0].send(frame)
        pace()

    def _become(self, state: str) -> None:
        if state == "expired":
            self.kernel.perform([Admit(phone_mac(1), 900, 1)])
            assert until(lambda: self.kernel.element(phone_mac(1)) is None)
        if state in ("admitted", "dismissed", "foreign IP"):
            assert self.place.ask("admit", phone4(1))["ok"]
            self._tidied()
        if state == "dismissed":
            assert self.place.ask("dismiss", phone4(1))["state"] == "captive"
            self._tidied()

    def _tidied(self) -> None:
        """The gate tidies up behind an answer, once nobody asks: after that time and another answer it has."""
        time.sleep(2 * TIDY_APART)
        assert self.place.ask("facts")["ok"]

    def sender(self, state: str, version: int) -> Sender:
        """What a device in this state puts on its packets."""
        own, anothers = (phone4(1), phone4(OWNER)) if version == 4 else (phone6(1), phone6(OWNER))
        foreign = "198.51.100.9" if version == 4 else "2001:db8:9::9"
        source = {"foreign IP": foreign, "another's IP": anothers}.get(state, own)
        mac = phone_mac(OWNER) if state == "copied MAC" else phone_mac(1)
        return Sender(str(mac), source, str(bridge_mac(self.camp.config)))

    def close(self) -> None:
        """Listen no longer."""
        for ears in (*self.phones, self.judge.internet):
            ears.close()
        self.kernel.close()


def _populate(camp: Camp) -> None:
    for port in (22, 53, 80, 443, 853):
        camp.listen(camp.net, socket.SOCK_STREAM, port, "internet")
    for port in (443, 853, 4000):
        camp.listen(camp.net, socket.SOCK_DGRAM, port, "internet")
    for port, word in ((80, "portal"), (443, "portal"), (8081, "offline"), (22, "box-shell")):
        camp.listen(camp.box, socket.SOCK_STREAM, port, word)
    camp.listen(camp.box, socket.SOCK_DGRAM, 4000, "box-other")
    camp.listen(camp.phones[2], socket.SOCK_STREAM, 9000, "phone")
    # The kernel's own reverse path filter would stop foreign addresses as well: here the rules have to.
    camp.box.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/conf/br-lan/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter")
    # Where the host loaded br_netfilter, frames between phones get an answer besides; without it they only end.
    for family in ("ip", "ip6"):
        camp.box.run("sh", "-c", f"f=/proc/sys/net/bridge/bridge-nf-call-{family}tables; [ ! -e $f ] || echo 0 >$f")
    for phone in camp.phones:
        assert reaches(phone, BOX4) and reaches(phone, BOX6)


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with ExitStack() as stack:
        camp = Camp("denym", phones=3)
        stack.callback(camp.close)
        camp.plug_in_first()
        place = Place(camp, "campbox-test-deny")
        stack.callback(place.close)
        place.start()
        camp.plug_in()
        start_names(place, stack)
        _populate(camp)
        stack.callback(serve_names(camp.net).end)
        tried = Matrix(place)
        stack.callback(tried.close)
        tried.try_all()
        yield tried


@pytest.mark.parametrize(("row", "state", "version"), list(EXPECTED), ids=lambda part: str(part).replace(" ", "-"))
def test_the_cell_is_as_stated(matrix: Matrix, row: str, state: str, version: int) -> None:
    cell = matrix.cells[row, state, version]
    assert matrix.judge.outcome(cell) == EXPECTED[row, state, version]


def test_a_copied_mac_gains_no_second_share(matrix: Matrix) -> None:
    """Both devices are one person to the box: one mark, so one share and one count."""
    before, copied = matrix.shares["captive"], matrix.shares["copied MAC"]
    assert before == (set(), 1) and len(copied[0]) == 1 and copied[1] == 1


SOURCES = ["0.0.0.0", "127.0.0.1", "224.0.0.1", BOX4, NET4, "::", "::1", "fe80::1", "ff02::1", BOX6, NET6]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_cannot_be_a_phone_goes_nowhere_even_for_the_admitted(matrix: Matrix, source: str) -> None:
    assert matrix.place.ask("admit", phone4(1))["ok"]
    version = 6 if ":" in source else 4
    strange, right = (Cell("UDP 4000", "admitted", version, 1000 + 2 * SOURCES.index(source) + n) for n in (0, 1))
    own = matrix.sender("admitted", version)
    for cell, sender in ((strange, dataclasses.replace(own, source=source)), (right, own)):
        for frame in frames(cell, sender):
            matrix.phones[0].send(frame)
    assert until(lambda: matrix.judge.internet.heard(right.word)), "or nothing would be proved"
    assert not matrix.judge.internet.heard(strange.word)
