"""Messages: there and back, as docs/protocol.cddl says, and nothing hostile gets through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pycddl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from appliance.values import BoxId
from telemetry import message
from telemetry.message import Ack, Batch, Birth, Command, Death, Live, Row
from telemetry.metrics import TEXT_LIMIT, WHOLE_LIMIT, Fewer

CDDL = (Path(__file__).resolve().parents[2] / "docs" / "protocol.cddl").read_text("utf-8")
BOX, BOOT, JOURNAL, SESSION = BoxId("camp-1"), b"b" * 16, b"j" * 8, b"s" * 8
DECODERS: dict[str, Callable[[bytes], Any]] = {
    "telemetry": message.decode_telemetry, "birth": message.decode_birth, "death": message.decode_death,
    "ack": message.decode_ack, "command": message.decode_command,
}  # fmt: skip
SCHEMAS = {name: pycddl.Schema(f"root = {name}\n{CDDL}") for name in DECODERS}

whole = st.integers(0, 2**40)
texts = st.text(st.characters(codec="utf-8"), max_size=TEXT_LIMIT)
values = st.dictionaries(
    st.integers(0, 65_535),
    st.one_of(st.integers(-WHOLE_LIMIT, WHOLE_LIMIT), texts, st.builds(Fewer, st.integers(0, 1_000_000))),
    max_size=12,
)
trusts = st.sampled_from(["none", "floor", "synced"])
names = texts.filter(bool)
boxes = st.builds(BoxId, st.from_regex(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]", fullmatch=True))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    sequences = sorted(draw(st.sets(whole, min_size=1, max_size=8)))
    rows = tuple(Row(n, draw(whole), draw(whole), draw(trusts), draw(values)) for n in sequences)
    return Batch(draw(boxes), draw(st.binary(min_size=16, max_size=16)), JOURNAL, rows, draw(st.none() | whole))


MESSAGES = {
    "telemetry": batches() | st.builds(Live, boxes, st.just(BOOT), st.builds(Row, st.just(0), whole, whole, trusts, values)),
    "birth": st.builds(Birth, boxes, st.just(BOOT), st.just(SESSION), names, st.text("0123456789.", min_size=1, max_size=40)),
    "death": st.builds(Death, boxes, st.just(SESSION)),
    "ack": st.builds(Ack, st.just(JOURNAL), whole),
    "command": st.builds(Command, st.integers(0, 3600)) | st.builds(Command, st.none(), whole),
}  # fmt: skip


FIXED = {
    "telemetry": Batch(BOX, BOOT, JOURNAL, (Row(1, 2, 3, "none", {1: 2}),)),
    "birth": Birth(BOX, BOOT, SESSION, "North Gate", "0.1.0"),
    "death": Death(BOX, SESSION),
    "ack": Ack(JOURNAL, 7),
    "command": Command(30),
}


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_a_message_comes_back_as_it_was_and_is_what_the_description_says(name: str, data: st.DataObject) -> None:
    sent = data.draw(MESSAGES[name])
    wire = message.encode(sent)
    SCHEMAS[name].validate_cbor(wire)
    assert DECODERS[name](wire) == sent


@pytest.mark.parametrize("name", DECODERS)
def test_the_description_tells_messages_apart(name: str) -> None:
    """Else the test above could not fail."""
    for other, fixed in FIXED.items():
        if other != name:
            wire = message.encode(fixed)
            with pytest.raises(pycddl.ValidationError):
                SCHEMAS[name].validate_cbor(wire)
            with pytest.raises(BadInput):
                DECODERS[name](wire)


@pytest.mark.parametrize("name", DECODERS)
@given(junk=st.binary(max_size=400))
@example(junk=b"")
@example(junk=bytes.fromhex("9b0000ffffffffffff"))  # an array said to hold 2^48 items
@example(junk=bytes.fromhex("5b0000ffffffffffff41"))  # a byte string said to be 2^48 long
@example(junk=bytes.fromhex("81" * 300 + "00"))  # deep
@example(junk=bytes.fromhex("d823") + cbor2.dumps("(a+)+$"))  # a regular expression
@example(junk=bytes.fromhex("9f00ff"))  # indefinite length
@example(junk=bytes.fromhex("a2000100010101"))  # a key twice
@example(junk=bytes.fromhex("d81c81d81d00"))  # a list that holds itself
def test_junk_is_refused_and_nothing_else_happens(name: str, junk: bytes) -> None:
    with pytest.raises(BadInput):
        DECODERS[name](junk)


nested = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 12), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=50)
@given(fields=st.dictionaries(st.integers(0, 12), nested, max_size=8))
def test_well_formed_nonsense_is_read_as_what_it_is_or_refused(name: str, fields: dict[int, Any]) -> None:
    try:
        read = DECODERS[name](cbor2.dumps({**fields, 0: 1}))
    except BadInput:
        return
    SCHEMAS[name].validate_cbor(message.encode(read))


@given(batches(), st.data())
def test_a_flipped_bit_is_read_as_another_message_or_refused(batch: Batch, data: st.DataObject) -> None:
    wire = bytearray(message.encode(batch))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = message.decode_telemetry(bytes(wire))
    except BadInput:
        return
    assert read != batch or wire == message.encode(batch)
    SCHEMAS["telemetry"].validate_cbor(message.encode(read))


def telemetry(**changes: Any) -> bytes:
    row = [1, 2, 3, 0, {1: 5}]
    fields = {0: 1, 1: "camp-1", 2: BOOT, 3: JOURNAL, 5: [row]}
    return cbor2.dumps({**fields, **{int(key[1:]): value for key, value in changes.items()}})


def test_the_plain_batch_is_accepted() -> None:
    """Else the refusals below would say nothing."""
    assert message.decode_telemetry(telemetry()).box == BOX


@pytest.mark.parametrize(
    "wire",
    [
        telemetry(_0=2),
        telemetry(_0=True),
        telemetry(_1="Camp_1"),
        telemetry(_1="../x"),
        telemetry(_2=b"short"),
        telemetry(_3=None),
        telemetry(_5=[]),
        telemetry(_5=[[1, 2, 3, 0, {}], [0, 1, 1, 0, {}]]),
        telemetry(_5=[[1, 2, 3, 0, {1: 1.5}]]),
        telemetry(_5=[[1, 2, 3, 0, {1: "x" * 201}]]),
        telemetry(_5=[[1, 2, 3, 0, {1: [1, 2]}]]),
        telemetry(_5=[[1, 2, 3, 0, {1: True}]]),
        telemetry(_5=[[1, 2, 3, 0, {1: 2**63}]]),
        telemetry(_5=[[1, 2, 3, 0, {70_000: 1}]]),
        telemetry(_4=2**62),
        telemetry(_5=[[1, 2**62, 3, 0, {}]]),
        telemetry(_5=[[1, 2, 2**62, 0, {}]]),
        telemetry(_5=[[1, 2, 3, 0, {}], [1, 2**41, 3, 0, {}]]),
        telemetry(_5=[[1, 2, 3, 3, {}]]),
        telemetry(_5=[[-1, 2, 3, 0, {}]]),
        telemetry(_5=[[1, 2, 3, 0]]),
        telemetry(_5=[[n, 2, 3, 0, {}] for n in range(1, 502)]),
        telemetry(_9="more"),
        telemetry() + b"\0",
        telemetry(_5=[[1, 2, 3, 0, {n: "x" * 199 for n in range(200)}] for _ in range(4)]),
    ],
    ids=lambda wire: wire[:60].hex()[:40],
)
def test_what_is_almost_right_is_refused(wire: bytes) -> None:
    with pytest.raises(BadInput):
        message.decode_telemetry(wire)


def test_what_does_not_change_is_written_once() -> None:
    steady = {n: f"text {n}" for n in range(10)}
    rows = tuple(Row(n, n * 60, n * 60, "synced", {**steady, 99: n}) for n in range(1, 11))
    one, ten = (len(message.encode(Batch(BOX, BOOT, JOURNAL, some))) for some in (rows[:1], rows))
    assert ten - one < 9 * 16


def test_counters_are_written_as_steps() -> None:
    rows = tuple(Row(n, n * 60, n * 60, "synced", {14: 10**15 + n * 50}) for n in range(1, 11))
    one, ten = (len(message.encode(Batch(BOX, BOOT, JOURNAL, some))) for some in (rows[:1], rows))
    assert ten - one <= 9 * 12
    assert message.decode_telemetry(message.encode(Batch(BOX, BOOT, JOURNAL, rows))).rows == rows  # type: ignore[union-attr]


def test_steps_that_lead_out_of_range_are_refused() -> None:
    for step in (1, -2 * WHOLE_LIMIT - 1, 2**63):
        with pytest.raises(BadInput):
            message.decode_telemetry(telemetry(_5=[[1, 2, 3, 0, {1: WHOLE_LIMIT}], [1, 0, 0, 0, {1: step}]]))


def test_a_value_that_is_gone_stays_gone() -> None:
    rows = (Row(1, 1, 1, "synced", {1: 5, 2: 6}), Row(2, 2, 2, "synced", {2: 6}), Row(3, 3, 3, "synced", {2: 6, 3: Fewer(10)}))
    batch = Batch(BOX, BOOT, JOURNAL, rows)
    assert message.decode_telemetry(message.encode(batch)) == batch


@pytest.mark.parametrize("command", [Command(), Command(6, 7)])
def test_a_command_is_one_wish(command: Command) -> None:
    with pytest.raises(BadInput):
        message.decode_command(message.encode(command))
