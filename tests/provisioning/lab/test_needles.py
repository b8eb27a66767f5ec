"""The privacy scan must find a person in every spelling, and nobody where nobody is."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.lab import needles
from provisioning.lab.kinds import PHONE_KINDS, PLANTED, host_name, planted_search

MAC, V4, V6 = "02:ca:5b:01:aa:ff", "10.44.3.7", "fd5c:a3b0:77::ca:5bff:fe01:aaff"
DEVICE = [needles.planted(), *needles.of_device("phone-1", MAC, [V4, V6])]


@pytest.mark.parametrize(
    "content",
    [
        b"client 02:ca:5b:01:aa:ff asks",
        b"02:CA:5B:01:AA:FF",
        b"02-ca-5b-01-aa-ff",
        b"02ca5b01aaff",
        b"\x00\x01" + bytes.fromhex("02ca5b01aaff") + b"\x00",
        b'{"ip": "10.44.3.7"}',
        b"10.44.3.7:52100",
        b"mark 0a2c0307 set",
        b"[fd5c:a3b0:77::ca:5bff:fe01:aaff]",
        b"FD5C:A3B0:77::CA:5BFF:FE01:AAFF",
        ipaddress.ip_address(V6).packed,
        ipaddress.ip_address(V6).exploded.encode(),
        PHONE_KINDS[0].user_agent.encode(),
        host_name("campbox-phone-1").encode(),
        f"/en/services?q={planted_search('campbox-phone-1')}".encode(),
    ],
)
def test_every_spelling_is_found(content: bytes) -> None:
    assert needles.search("file", b"before\n" + content + b"\nafter", DEVICE)


@pytest.mark.parametrize("content", [b"", b"10.44.3.70", b"110.44.3.7", b"10.44.0.1 fd5c:a3b0:77::1", b"02:ca:5b:01:aa:fe", b"Zeb"])
def test_others_are_not_mistaken_for_it(content: bytes) -> None:
    assert needles.search("file", content, DEVICE) == []


PIECES = [
    *(text[n : n + 3].encode() for text in (MAC, MAC.upper().replace(":", "-")) for n in range(0, 17, 3)),
    bytes.fromhex(MAC.replace(":", "")), MAC.replace(":", "").encode(), MAC.replace(":", ".").encode(), V4.encode(), b"0A2C0307",
    V6.encode(), V6.upper().encode(), ipaddress.ip_address(V6).packed, ipaddress.ip_address(V6).exploded.upper().encode(),
    PLANTED.encode(), PLANTED.upper().encode(), b":", b".", b"-", b"0", b"f", b" ", b"\x02",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.sampled_from(DEVICE))
def test_looking_for_literals_first_hides_nothing_that_the_pattern_finds(content: bytes, needle: needles.Needle) -> None:
    hit = needle.pattern.search(content)
    assert [found.offset for found in needles.search("file", content, [needle])] == ([] if hit is None else [hit.start()])


def test_a_find_names_file_kind_and_place() -> None:
    (found,) = needles.search("store.sqlite", b"1234" + MAC.encode(), DEVICE)
    assert found == needles.Find("store.sqlite", "the MAC address of phone-1", 4)


def test_every_phone_carries_the_planted_word() -> None:
    assert all(PLANTED in kind.user_agent for kind in PHONE_KINDS)
