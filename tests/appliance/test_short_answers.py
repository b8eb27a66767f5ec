"""What the kernel answers and is not whole hides nothing else: neighbours, interfaces, queues, classes, connections."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import CommandFailed
from appliance.fairness import counters, shaper
from appliance.fairness.counters import ROOT, TC
from appliance.fairness.plan import PERSON_CLASSES
from appliance.gate import conntrack, links, neighbours
from appliance.netlink import attribute, nested

NEIGHBOUR = struct.pack("=BxxxiHBB", socket.AF_INET, 7, 2, 0, 1)
WHOLE = NEIGHBOUR + attribute(1, bytes([10, 44, 0, 11])) + attribute(2, bytes([2, 0, 0, 0, 0, 1]))
LINK = struct.pack("=BxHiII", 0, 1, 7, 0, 0)
QUEUE = TC.pack(0, 7, 1 << 16, ROOT, 0) + attribute(1, b"htb\0") + nested(7, attribute(3, struct.pack("=3I", 1, 20, 3)))
CLASS = TC.pack(0, 7, (1 << 16) + PERSON_CLASSES + 5, 1 << 16, 0) + attribute(1, b"htb\0")
CONNECTION = (
    struct.pack(">BBH", socket.AF_INET, 0, 0) + nested(1, nested(1, attribute(1, bytes([10, 44, 0, 11])))) + attribute(12, b"id1!")
)


class Answers:
    """A netlink that lists these."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies, self.told = bodies, list[Any]()

    def dump(self, kind: int, body: bytes) -> Iterator[bytes]:
        yield from self.bodies

    def get(self, kind: int, body: bytes) -> bytes:
        return self.bodies[0]

    def tell(self, messages: list[Any], **_: Any) -> None:
        self.told += messages


def made(kind: type, answers: Answers, **more: Any) -> Any:
    """One that asks them."""
    one = object.__new__(kind)
    one.__dict__ |= {"_netlink": answers, **more}
    return one


@given(cut=st.integers(0, len(WHOLE) - 1))
def test_r7_a_neighbour_that_is_not_whole_hides_none(cut: int) -> None:
    people = made(neighbours.Neighbours, Answers(WHOLE[:cut], WHOLE))
    found = list(people._all())
    assert (7, ipaddress.ip_address("10.44.0.11"), found[-1][2]) == found[-1]
    assert people._netlink.get(0, b"") == WHOLE[:cut]


def test_r7_a_neighbour_of_an_address_that_is_none_is_nobody() -> None:
    odd = NEIGHBOUR + attribute(1, b"12345") + attribute(2, bytes(6))
    assert neighbours._read(odd) is None and neighbours._read(NEIGHBOUR) is None


@given(cut=st.integers(0, len(LINK) + 24))
def test_r7_an_interface_that_is_not_whole_is_a_refusal(cut: int) -> None:
    body = (LINK + attribute(3, b"eth1\0") + attribute(23, bytes(9)))[:cut]
    try:
        assert links._read(body).index == 7
    except CommandFailed:
        assert cut < len(LINK)


@given(cut=st.integers(0, len(QUEUE) - 1))
def test_r7_a_queue_that_is_not_whole_hides_none(cut: int) -> None:
    found = list(counters.queues(Answers(QUEUE[:cut], QUEUE), 7))  # type: ignore[arg-type]
    assert found[-1] == counters.Queue(1 << 16, ROOT, "htb", 20, 3)


@given(cut=st.integers(0, len(CLASS) - 1))
def test_r7_a_class_that_is_not_whole_hides_none(cut: int) -> None:
    assert list(made(shaper.Shaper, Answers(CLASS[:cut], CLASS), _index=7)._classes()) == [5]


@given(cut=st.integers(0, len(CONNECTION) - 1))
def test_r7_a_connection_that_is_not_whole_hides_none(cut: int) -> None:
    table = made(conntrack.Conntrack, Answers(CONNECTION[:cut], CONNECTION))
    found = list(table._found(socket.AF_UNSPEC, b""))
    assert found[-1].source == bytes([10, 44, 0, 11]) and found[-1].identity == b"id1!"


def test_an_answer_that_is_empty_is_none_of_them() -> None:
    assert list(made(neighbours.Neighbours, Answers(b""))._all()) == []
    assert list(counters.queues(Answers(b""), 7)) == []  # type: ignore[arg-type]
    with pytest.raises(CommandFailed):
        links._read(b"")
