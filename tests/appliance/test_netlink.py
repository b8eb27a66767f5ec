"""Attributes of netlink messages, and answers that are late, lost, cut off or refused."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import CommandFailed
from appliance.netlink import Message, attribute, attributes, nested
from tests.fakes.netlink import DONE, ERROR, INTERRUPTED, Script, code, message, netlink


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


def whole(sequence: int) -> list[bytes | OSError]:
    return [message(16, sequence, b"one ") + message(16, sequence, b"two "), message(DONE, sequence, bytes(4))]


REFUSALS: dict[str, Script] = {
    "timeout": lambda n: [],
    "timeout in the middle": lambda n: [message(16, n, b"one ")],
    "ENOBUFS": lambda n: [message(16, n, b"one "), OSError(errno.ENOBUFS, "No buffer space available")],
    "EBUSY": lambda n: [message(ERROR, n, code(errno.EBUSY))],
    "ENOMEM in the middle": lambda n: [message(16, n, b"one "), message(ERROR, n, code(errno.ENOMEM))],
    "a list that broke off": lambda n: [message(16, n, b"one "), message(DONE, n, code(errno.ENOMEM)[:4])],
    "nothing in a datagram": lambda n: [b""],
    "half a header": lambda n: [message(16, n, b"one ")[:10]],
    "a length of nothing": lambda n: [message(16, n, b"one ", says=0)],
    "a length beyond the end": lambda n: [message(16, n, b"one ", says=900)],
    "an error without a number": lambda n: [message(ERROR, n, b"")],
}


@pytest.mark.parametrize("script", REFUSALS.values(), ids=REFUSALS)
def test_r7_a_list_that_is_not_whole_is_one_refusal_and_the_next_question_is_answered(script: Script) -> None:
    it, _ = netlink(script, whole)
    with pytest.raises(CommandFailed):
        list(it.dump(16, b""))
    assert list(it.dump(16, b"")) == [b"one ", b"two "]


def test_r7_a_datagram_that_was_cut_is_a_refusal() -> None:
    it, socket = netlink(whole, whole)
    socket.cut = True
    with pytest.raises(CommandFailed, match="cut off"):
        list(it.dump(16, b""))
    socket.cut = False
    assert list(it.dump(16, b"")) == [b"one ", b"two "]


def changed(sequence: int) -> list[bytes | OSError]:
    return [message(16, sequence, b"one ", INTERRUPTED), message(DONE, sequence, bytes(4))]


def test_r7_a_list_that_changed_while_it_was_given_is_asked_for_again() -> None:
    it, socket = netlink(changed, changed, whole)
    assert list(it.dump(16, b"")) == [b"one ", b"two "] and len(socket.asked) == 3
    restless, _ = netlink(*[changed] * 9)
    with pytest.raises(CommandFailed, match="faster"):
        list(restless.dump(16, b""))


def test_what_is_left_of_an_earlier_question_is_not_taken_for_an_answer() -> None:
    it, _ = netlink(lambda n: [message(16, n - 1, b"old "), message(DONE, n - 1, bytes(4)), *whole(n)])
    assert list(it.dump(16, b"")) == [b"one ", b"two "]


def test_r7_an_acknowledgement_that_is_lost_is_a_refusal_and_the_next_deed_is_done() -> None:
    it, _ = netlink(
        lambda n: [message(ERROR, n - 1, code(0))], lambda n: [message(ERROR, n - 1, code(0)), message(ERROR, n, code(0))]
    )
    with pytest.raises(CommandFailed):
        it.tell([Message(1, b""), Message(1, b"")])
    it.tell([Message(1, b""), Message(1, b"")])


def test_the_first_refusal_is_told_after_all_were_tried_and_what_is_forgiven_is_none() -> None:
    it, _ = netlink(lambda n: [message(ERROR, n - 1, code(errno.ENOENT)), message(ERROR, n, code(errno.EPERM))])
    with pytest.raises(CommandFailed, match="not permitted"):
        it.tell([Message(1, b""), Message(1, b"")], forgive=[FileNotFoundError])


def test_what_the_kernel_has_not_is_none_and_every_other_refusal_is_one() -> None:
    it, _ = netlink(
        lambda n: [message(ERROR, n, code(errno.ENOENT))],
        lambda n: [message(28, n, b"here"), message(ERROR, n, code(0))],
        lambda n: [message(ERROR, n, code(errno.EINVAL))],
    )
    assert it.get(30, b"") is None and it.get(30, b"") == b"here"
    with pytest.raises(CommandFailed):
        it.get(30, b"")
