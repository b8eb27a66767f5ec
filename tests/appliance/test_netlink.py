"""Attributes of netlink messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.netlink import attribute, attributes, nested


def test_an_attribute_is_padded_and_says_its_length() -> None:
    assert attribute(3, b"lo\0") == b"\x07\x00\x03\x00lo\0\0"


def test_nested_attributes_come_back() -> None:
    packed = nested(2, attribute(1, b"abc"), attribute(7, b"")) + attribute(9, b"x")
    outer = attributes(packed)
    assert attributes(outer[2]) == {1: b"abc", 7: b""} and outer[9] == b"x"


@given(st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=60)))
def test_what_is_packed_is_read(values: dict[int, bytes]) -> None:
    assert attributes(b"".join(attribute(kind, data) for kind, data in values.items())) == values


@given(st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=60)), st.binary(max_size=300))
def test_no_bytes_do_harm_and_what_stands_before_them_is_read(values: dict[int, bytes], data: bytes) -> None:
    found = attributes(data)
    assert all(0 <= kind <= 0x3FFF and value in data for kind, value in found.items())
    before = b"".join(attribute(kind, value) for kind, value in values.items())
    assert attributes(before + data) == values | found
