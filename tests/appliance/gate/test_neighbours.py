"""Who counts as a device on the LAN, from the kernel's own messages."""

from __future__ import annotations

import socket
import struct

import pytest

from appliance.gate import neighbours
from appliance.netlink import attribute
from appliance.values import SELFTEST_PHONE, Mac

PHONE = Mac("02:00:00:00:00:09")


def entry(mac: Mac, state: int = 0x02) -> bytes:
    head = struct.pack("=BxxxiHBB", socket.AF_INET, 3, state, 0, 0)
    return head + attribute(1, bytes((10, 44, 3, 7))) + attribute(2, bytes.fromhex(mac.text.replace(":", "")))


def test_a_device_is_read_with_its_address() -> None:
    found = neighbours._read(entry(PHONE))
    assert found is not None and (found[0], str(found[1]), found[2]) == (3, "10.44.3.7", PHONE)


@pytest.mark.parametrize("state", [0x01, 0x20, 0x40])
def test_one_that_does_not_answer_is_none(state: int) -> None:
    assert neighbours._read(entry(PHONE, state)) is None


def test_the_phone_of_the_self_test_is_nobody() -> None:
    """So it is never greeted during the grace, never admitted, and no count of people holds it."""
    assert neighbours._read(entry(SELFTEST_PHONE)) is None
