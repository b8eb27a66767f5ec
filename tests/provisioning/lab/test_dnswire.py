"""A phone reads DNS answers from anybody: nothing in them may surprise it."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from provisioning.lab import dnswire

V4, V6 = ipaddress.ip_address("203.0.113.9"), ipaddress.ip_address("2001:db8::9")


def reply(identifier: int, name: str, kind: int, records: list[tuple[int, int, bytes]], code: int = 0) -> bytes:
    """A reply as a name server sends it: the question repeated, every record's name a pointer to it."""
    asked = dnswire.question(identifier, name, kind)[12:]
    body = b"".join(struct.pack("!HHHIH", 0xC00C, this, 1, ttl, len(data)) + data for this, ttl, data in records)
    return struct.pack("!6H", identifier, 0x8180 | code, 1, len(records), 0, 0) + asked + body


def test_addresses_of_the_kind_asked_for_are_read_with_the_shortest_ttl() -> None:
    cname = b"\x01x\x00"
    records = [(5, 1, cname), (dnswire.A, 60, V4.packed), (dnswire.A, 5, V4.packed), (dnswire.AAAA, 2, V6.packed)]
    answer = dnswire.read_answer(7, dnswire.A, reply(7, "www.example.org", dnswire.A, records))
    assert answer == dnswire.Answer(0, (V4, V4), 5)


def test_no_address_has_no_ttl_and_keeps_the_code() -> None:
    answer = dnswire.read_answer(7, dnswire.AAAA, reply(7, "nowhere.example", dnswire.AAAA, [], code=3))
    assert answer == dnswire.Answer(dnswire.NXDOMAIN, (), None)


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(BadInput):
        dnswire.read_answer(8, dnswire.A, reply(7, "www.example.org", dnswire.A, []))


def test_a_question_is_no_answer() -> None:
    with pytest.raises(BadInput):
        dnswire.read_answer(7, dnswire.A, dnswire.question(7, "www.example.org", dnswire.A))


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64, ".".join(["label"] * 60)])
def test_names_dns_cannot_carry_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        dnswire.question(1, name, dnswire.A)


@given(st.binary(max_size=200))
def test_noise_is_refused_and_never_breaks_the_reader(noise: bytes) -> None:
    try:
        answer = dnswire.read_answer(7, dnswire.A, b"\0\7\x80\0" + noise)
    except BadInput:
        return
    assert all(isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address)) for address in answer.addresses)


@given(st.integers(0, 4), st.integers(0, 120))
def test_a_reply_cut_short_is_refused(records: int, length: int) -> None:
    whole = reply(7, "www.example.org", dnswire.A, [(dnswire.A, 60, V4.packed)] * records)
    if length >= len(whole):
        assert len(dnswire.read_answer(7, dnswire.A, whole).addresses) == records
        return
    with pytest.raises(BadInput):
        dnswire.read_answer(7, dnswire.A, whole[:length])
