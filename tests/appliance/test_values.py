"""P Strings become values at the door, or are refused with a mend."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from appliance.values import BoxId, Mac, Rate, parse_duration, parse_ip

READERS = [Mac.parse, parse_ip, BoxId, Rate.parse, parse_duration]


@pytest.mark.parametrize("read", READERS)
@given(
    text=st.one_of(
        st.text(),
        st.from_regex(r"[0-9]*\.?[0-9]*\s*(mbit|gbit|h|d)", fullmatch=True),
        st.ip_addresses().map(str),
        st.from_regex(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{1,2}){5}", fullmatch=True),
        st.from_regex(r"[a-z0-9-]{1,70}", fullmatch=True),
        st.text("0123456789abcdef:.%/-", max_size=45),
    )
)
def test_any_text_becomes_a_value_or_is_refused_with_a_mend(read: type[BoxId], text: str) -> None:
    try:
        read(text)
    except BadInput as error:
        assert error.what
        assert error.mend


@pytest.mark.parametrize(("read", "text"), [(Rate.parse, "9" * 5000 + "mbit"), (parse_duration, "9" * 5000 + "d")])
def test_numbers_of_absurd_length_are_refused(read: type[BoxId], text: str) -> None:
    with pytest.raises(BadInput):
        read(text)


def test_an_ethernet_address_is_read_in_every_usual_spelling() -> None:
    assert Mac.parse(" 02-AB-00-00-00-0F ") == Mac("02:ab:00:00:00:0f")
    with pytest.raises(BadInput):
        Mac("02:AB:00:00:00:0F")


def test_an_ethernet_address_never_shows_in_a_log() -> None:
    mac = Mac("02:ab:00:00:00:0f")
    assert "02" not in f"{mac!r} {[mac]} { ({'mac': mac}) }"


def test_a_refused_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(BadInput) as caught:
        Mac.parse("02:ab:00:00:00:zz")
    assert "ab" not in str(caught.value)


def test_a_mapped_address_is_the_ipv4_one_and_a_zone_is_refused() -> None:
    assert parse_ip("::ffff:10.0.0.1") == ipaddress.ip_address("10.0.0.1")
    with pytest.raises(BadInput):
        parse_ip("fe80::1%eth0")


@given(st.ip_addresses())
def test_every_address_is_read_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    assert parse_ip(str(address)) == (mapped or address)


@given(st.integers(1_000, 100_000_000_000))
def test_a_rate_reads_what_it_writes(bits: int) -> None:
    assert Rate.parse(str(Rate(bits))) == Rate(bits)


@pytest.mark.parametrize(
    ("text", "bits"), [("10mbit", 10_000_000), ("1.5 Mbit", 1_500_000), ("512kbit", 512_000), ("1gbit", 10**9)]
)
def test_rates(text: str, bits: int) -> None:
    assert Rate.parse(text).bits_per_second == bits


@pytest.mark.parametrize("text", ["", "10", "10mbps", "-1mbit", "0mbit", "999bit", "101gbit", "1e3mbit", "nanmbit"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(BadInput):
        Rate.parse(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30min", 1800), ("8h", 28_800), ("2d", 172_800)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["0h", "1", "h", "1.5h", "-1h", "1 week"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadInput):
        parse_duration(text)


@pytest.mark.parametrize("text", ["ab", "-ab", "ab-", "Abc", "a" * 33, "a/b", "a+b", "a#b", "übung", "abc\n"])
def test_what_is_no_box_id(text: str) -> None:
    with pytest.raises(BadInput):
        BoxId(text)


@pytest.mark.parametrize("text", ["hub-ingest", "hub-anything"])
def test_no_box_takes_a_name_of_the_hubs_own(text: str) -> None:
    with pytest.raises(BadInput, match="of the hub's own"):
        BoxId(text)
