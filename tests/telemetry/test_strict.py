"""The checks every value from outside goes through: both sides of each bound."""

from __future__ import annotations

import contextlib
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from telemetry import strict
from telemetry.metrics import WHOLE_LIMIT
from telemetry.strict import MESSAGE_LIMIT, SECONDS_LIMIT, octets, seconds, signed, text, unpack, whole


def bytes_of(length: int) -> bytes:
    """A CBOR byte string that is so many bytes long with its head (RFC 8949 section 3)."""
    made = b"\x5a" + (length - 5).to_bytes(4, "big") + bytes(length - 5)
    assert len(made) == length
    return made


def test_a_message_is_at_most_128_kib() -> None:
    assert MESSAGE_LIMIT == 131_072
    assert len(unpack(bytes_of(131_072))) == 131_067
    with pytest.raises(BadInput):
        unpack(bytes_of(131_073))


def test_six_lists_in_each_other_are_read_and_seven_are_not() -> None:
    assert unpack(b"\x81" * 6 + b"\x07") == [[[[[[7]]]]]]
    with pytest.raises(BadInput):
        unpack(b"\x81" * 7 + b"\x07")


@pytest.mark.parametrize(
    "tag", [0, 1, 2, 3, 4, 5, 6, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 9999, 43000, 55799]
)
@pytest.mark.parametrize("inner", [0, "2026-11-22T01:02:03Z", b"\x01" * 16, [1, 2], {1: 2}], ids=str)
def test_no_tag_is_read_whatever_it_is_put_on(tag: int, inner: Any) -> None:
    """A library that made a date, a number of any size or a reference of it would do so before anything is checked."""
    wire = cbor2.dumps(inner)
    assert unpack(wire) == inner
    with pytest.raises(BadInput):
        unpack(cbor2.dumps(cbor2.CBORTag(tag, inner)))
    with pytest.raises(BadInput):
        unpack(cbor2.dumps([cbor2.CBORTag(tag, inner)]))


@pytest.mark.parametrize("wire", [b"\x00\x00", b"\x9f\x00\xff", b"\x5f\x41\x00\xff", b"\xa2\x01\x00\x01\x01", b"\x82\x00", b"\xff"])
def test_one_item_of_definite_length_and_nothing_behind_it(wire: bytes) -> None:
    with pytest.raises(BadInput):
        unpack(wire)


def alike(count: int) -> list[tuple[int, int]]:
    """Pairs of whole numbers with one hash in every process: it has no secret (CPython's tupleobject.c)."""
    whole, first, second, third = 2**64, 11400714785074694791, 14029467366897019727, 2870177450012600261
    undone, found = pow(second, -1, whole), list[tuple[int, int]]()
    for left in range(100 * count):
        mixed = (third + left * second) % whole
        mixed = ((mixed << 31) | (mixed >> 33)) % whole * first
        right = (12345 - mixed) * undone % whole
        right -= whole if right >= whole // 2 else 0
        if abs(right) < 2**61 - 1 and right != -1:
            found.append((left, right))
        if len(found) == count:
            break
    return found


ALIKE = alike(400)
LISTS_AS_KEYS = b"\xb9" + len(ALIKE).to_bytes(2, "big") + b"".join(cbor2.dumps(list(pair)) + b"\0" for pair in ALIKE)
MAPS_AS_KEYS = b"\xb9" + len(ALIKE).to_bytes(2, "big") + b"".join(cbor2.dumps({1: list(pair)}) + b"\0" for pair in ALIKE)


@pytest.mark.parametrize("keys", [LISTS_AS_KEYS, MAPS_AS_KEYS], ids=["lists", "maps"])
@pytest.mark.parametrize(
    "before",
    [
        "", "a0", "a105", "a10082", "8205", "a20001018105", "a20063616263018185010203", "a200581961" + "61" * 24 + "0181", "d864",
        "83fb3ff8000000000000f5", "8219ffff", "821affffffff", "821bffffffffffffffff", "82387f", "82f8ff", "8281a10000", "82a0",
        "9f05",
        "bf00", "825f4161ff", "c0", "d9d9f7", "82c100", "82fc", "821c", "82d81800", "82ff", "9bffffffffffffffff", "820081f6",
    ],
)  # fmt: skip
def test_h1_keys_that_all_have_the_same_hash_are_refused_before_they_are_hashed(
    before: str, keys: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8,500 of them in one message took a second: each is compared with all before it."""
    assert len({hash(pair) for pair in ALIKE}) == 1
    wire, read = bytes.fromhex(before) + keys, list[Any]()
    monkeypatch.setattr(strict, "_no_tag", lambda value, *_: read.append(value))

    def seen(found: Any, _immutable: bool) -> Any:
        read.append(found)
        return found

    decoder = cbor2.CBORDecoder
    monkeypatch.setattr(cbor2, "CBORDecoder", lambda *args, **words: decoder(*args, **words, object_hook=seen))
    with pytest.raises(BadInput):
        unpack(wire)
    assert [found for found in read if len(found) > 100] == []


SINGLE = (st.integers(-(2**64), 2**64 - 1), st.text(max_size=40), st.binary(max_size=40), st.booleans(), st.none(), st.floats())
PLAIN = st.recursive(
    st.one_of(*SINGLE),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.integers(0, 2**64 - 1), inner, max_size=30), max_leaves=40,
)  # fmt: skip


@given(value=PLAIN, long=st.booleans())
def test_what_has_numbers_as_keys_is_read_however_long_it_is(value: Any, long: bool) -> None:
    wire = cbor2.dumps([bytes(5_000 if long else 0), value])
    assert strict._is_cheap(wire)
    with contextlib.suppress(BadInput):
        assert cbor2.dumps(unpack(wire)) == wire


OTHER_KEYS = st.one_of(st.text(), st.binary(), st.floats(), st.none(), st.tuples(st.integers()))


@given(inner=PLAIN, key=OTHER_KEYS, where=st.integers(0, 3))
def test_what_has_another_key_anywhere_is_refused(inner: Any, key: Any, where: int) -> None:
    worst: Any = {1: inner, key: 0}
    for _ in range(where):
        worst = [inner, {3: worst}, inner]
    assert not strict._is_cheap(cbor2.dumps(worst))


@pytest.mark.parametrize("value", [0, 1, -1, WHOLE_LIMIT, -WHOLE_LIMIT])
def test_whole_numbers_of_both_signs_up_to_the_limit(value: int) -> None:
    assert signed(value) == value


@pytest.mark.parametrize("untrusted", [WHOLE_LIMIT + 1, -WHOLE_LIMIT - 1, True, False, 1.0, "1", None, b"1", [1]])
def test_no_other_value_is_a_signed_number(untrusted: Any) -> None:
    with pytest.raises(BadInput):
        signed(untrusted)
    with pytest.raises(BadInput):
        whole(untrusted)


def test_a_limit_that_is_given_holds_on_its_own_side() -> None:
    assert signed(5, 5) == whole(5, 5) == 5 and signed(-5, 5) == -5 and whole(0, 5) == 0 and whole(WHOLE_LIMIT) == WHOLE_LIMIT
    for call, value in ((signed, 6), (signed, -6), (whole, 6), (whole, -1)):
        with pytest.raises(BadInput):
            call(value, 5)


def test_seconds_end_where_no_date_can_be_made_of_them() -> None:
    assert SECONDS_LIMIT == 2**40 and seconds(2**40) == 2**40 and seconds(0) == 0
    for untrusted in (2**40 + 1, -1, True, 1.5):
        with pytest.raises(BadInput):
            seconds(untrusted)


@pytest.mark.parametrize("untrusted", [b"abc", b"abcde", b"", "abcd", None, [1, 2, 3, 4]])
def test_a_byte_string_has_exactly_its_length(untrusted: Any) -> None:
    assert octets({7: b"abcd"}, 7, 4) == b"abcd"
    with pytest.raises(BadInput):
        octets({7: untrusted}, 7, 4)
    with pytest.raises(BadInput):
        octets({8: b"abcd"}, 7, 4)


@pytest.mark.parametrize("untrusted", ["", "abcde", b"abc", None, 1, ["a"]])
def test_a_text_has_one_letter_at_least_and_no_more_than_its_limit(untrusted: Any) -> None:
    assert text({7: "a"}, 7, 4) == "a" and text({7: "abcd"}, 7, 4) == "abcd"
    with pytest.raises(BadInput):
        text({7: untrusted}, 7, 4)
    with pytest.raises(BadInput):
        text({8: "abcd"}, 7, 4)
