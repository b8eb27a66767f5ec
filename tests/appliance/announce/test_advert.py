"""The advertisement byte for byte, its option for every URI, and no answer to what is no question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.announce.advert import advertisement, captive_portal_option, is_solicitation

URL = "https://portal.example.org/api/captive"


def test_the_whole_message() -> None:
    assert advertisement(URL).hex(" ", 4) == (
        "86000000 40400708 00000000 00000000 25056874 7470733a 2f2f706f 7274616c 2e657861 6d706c65 2e6f7267 2f617069 2f636170"
        " 74697665"
    )


def test_the_option_is_padded_with_nul_to_units_of_eight() -> None:
    assert captive_portal_option("https://a.bc/d") == b"\x25\x02https://a.bc/d"
    assert captive_portal_option("https://a.bc/de") == b"\x25\x03https://a.bc/de" + b"\0" * 7


@given(st.text(st.characters(codec="ascii", min_codepoint=33), max_size=2_038))
def test_any_uri_that_fits_can_be_read_back(url: str) -> None:
    option = captive_portal_option(url)
    assert option[0] == 37 and len(option) == option[1] * 8
    assert option[2:].rstrip(b"\0").decode() == url and len(option) - len(url) - 2 < 8


def test_a_uri_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        captive_portal_option("x" * 2_039)


def test_it_never_ends_the_default_route() -> None:
    assert int.from_bytes(advertisement(URL)[6:8], "big") == 1800


@pytest.mark.parametrize(
    ("message", "hops", "valid"),
    [
        (bytes(8), 255, False),
        (b"\x85" + bytes(7), 255, True),
        (b"\x85" + bytes(7), 64, False),
        (b"\x85\x01" + bytes(6), 255, False),
        (b"\x85" + bytes(6), 255, False),
        (b"\x85" + bytes(7) + b"\x01\x01" + bytes(6), 255, True),
        (b"\x85" + bytes(7) + b"\x01\x00" + bytes(6), 255, False),
        (b"\x85" + bytes(7) + b"\x01\x02" + bytes(6), 255, False),
    ],
)
def test_only_a_valid_solicitation_is_answered(message: bytes, hops: int, valid: bool) -> None:
    assert is_solicitation(message, hops) is valid


OPTIONS = st.lists(
    st.tuples(st.integers(0, 255), st.integers(1, 3)).flatmap(
        lambda head: st.binary(min_size=head[1] * 8 - 2, max_size=head[1] * 8 - 2).map(lambda body: bytes(head) + body)
    ),
    max_size=4,
).map(b"".join)


@given(st.binary(min_size=6, max_size=6), OPTIONS, st.integers(1, 7), st.integers(0, 254))
def test_a_solicitation_is_valid_whole_and_from_this_link_and_in_no_other_way(
    rest: bytes, options: bytes, cut: int, hops: int
) -> None:
    message = b"\x85\0" + rest + options
    assert is_solicitation(message, 255)
    assert not is_solicitation(message, hops)
    assert not is_solicitation(message[:-cut], 255)
    assert not is_solicitation(message + b"\x01\0" + bytes(6), 255), "an option without a length"


@given(st.binary(max_size=200), st.integers(0, 255))
def test_no_bytes_break_the_reading(message: bytes, hops: int) -> None:
    for one in (message, b"\x85\0" + message):
        assert not is_solicitation(one, hops) or (hops, one[:2], len(one) % 8) == (255, b"\x85\0", 0)
