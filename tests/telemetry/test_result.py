"""up/result: there and back, as docs/protocol.cddl says; nothing hostile gets through; and when it is worth telling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cbor2
import pycddl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.errors import BadInput
from appliance.values import BoxId
from telemetry import message, result
from telemetry.message import Ack, Batch, Row
from telemetry.metrics import TEXT_LIMIT
from telemetry.result import MOST_LINES, TOLD_AGAIN, Line, Result, is_news, lines_of

CDDL = (Path(__file__).resolve().parents[2] / "docs" / "protocol.cddl").read_text("utf-8")
SCHEMA = pycddl.Schema(f"root = result\n{CDDL}")
BOX, BOOT, JOURNAL = BoxId("camp-1"), b"b" * 16, b"j" * 8
LINES = (Line("power", None, "no sensor", ""), Line("uplink", False, "nothing is plugged in", "Plug it in."))
ONE = Result(BOX, BOOT, JOURNAL, 1, 60, 1_800_000_000, "floor", LINES)
FACTS: dict[str, Any] = {
    "state": "failed", "at": 60, "seconds": 2.0,
    "checks": [{"name": line.name, "ok": line.ok, "what": line.what, "mend": line.mend} for line in LINES],
}  # fmt: skip

whole = st.integers(0, 2**40)
texts = st.text(st.characters(codec="utf-8"), max_size=TEXT_LIMIT)
lines = st.builds(Line, st.text("abcxyz", max_size=40), st.none() | st.booleans(), texts, texts)
results = st.builds(
    Result, st.just(BOX), st.just(BOOT), st.binary(min_size=8, max_size=8), whole, whole, whole,
    st.sampled_from(["none", "floor", "synced"]), st.lists(lines, min_size=1, max_size=MOST_LINES).map(tuple), st.none() | whole,
)  # fmt: skip


@given(results)
def test_a_result_comes_back_as_it_was_and_is_what_the_description_says(sent: Result) -> None:
    wire = result.encode(sent)
    SCHEMA.validate_cbor(wire)
    assert result.decode(wire) == sent


@pytest.mark.parametrize("other", [Ack(JOURNAL, 7), Batch(BOX, BOOT, JOURNAL, (Row(1, 2, 3, "none", {1: 2}),))])
def test_it_is_told_apart_from_other_messages(other: Ack | Batch) -> None:
    wire = message.encode(other)
    with pytest.raises(pycddl.ValidationError):
        SCHEMA.validate_cbor(wire)
    with pytest.raises(BadInput):
        result.decode(wire)
    for decode in (message.decode_telemetry, message.decode_birth, message.decode_ack):
        with pytest.raises(BadInput):
            decode(result.encode(ONE))


def changed(**fields: Any) -> bytes:
    told = cbor2.loads(result.encode(ONE))
    return cbor2.dumps({**told, **{int(key[1:]): value for key, value in fields.items()}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"f0": 2}, {"f2": b"short"}, {"f3": b""}, {"f12": "weather"}, {"f12": 7}, {"f13": [1, 2, 3]}, {"f13": [1, 2, 3, 3]},
        {"f13": [-1, 2, 3, 0]}, {"f13": [True, 2, 3, 0]}, {"f14": []}, {"f14": [["a", True, "b"]]}, {"f14": [["a", 1, "b", "c"]]},
        {"f14": [["a", True, "b" * 201, ""]]}, {"f14": [["a" * 41, True, "b", ""]]}, {"f14": [["a", True, 7, ""]]},
        {"f14": [["a", True, "b", ""]] * (MOST_LINES + 1)}, {"f15": 1},
    ],
)  # fmt: skip
def test_what_is_not_as_described_is_refused(wrong: dict[str, Any]) -> None:
    assert result.decode(changed()) == ONE
    with pytest.raises(BadInput):
        result.decode(changed(**wrong))


@given(st.binary(max_size=400))
@example(b"")
def test_junk_is_refused_and_nothing_else_happens(junk: bytes) -> None:
    with pytest.raises(BadInput):
        result.decode(junk)


nested = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | st.binary(max_size=16),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 15), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=50)
@given(st.dictionaries(st.integers(1, 14), nested, max_size=6))
def test_well_formed_nonsense_is_read_as_what_it_is_or_refused(fields: dict[int, Any]) -> None:
    try:
        read = result.decode(cbor2.dumps({**cbor2.loads(result.encode(ONE)), **fields}))
    except BadInput:
        return
    SCHEMA.validate_cbor(result.encode(read))


def test_the_lines_come_from_a_finished_self_test_alone() -> None:
    assert lines_of(FACTS) == LINES
    assert lines_of({**FACTS, "state": "running"}) == lines_of({}) == ()
    assert lines_of({**FACTS, "checks": [{"name": "power"}]}) == lines_of({**FACTS, "checks": "power"}) == ()
    long = lines_of({**FACTS, "checks": [{"name": "x", "ok": True, "what": "w" * 900, "mend": ""}] * 90})
    assert len(long) == MOST_LINES and len(long[0].what) == TEXT_LIMIT


def test_only_news_is_told() -> None:
    mended = (LINES[0], Line("uplink", True, "reachable", ""))
    other_words = (LINES[0], Line("uplink", False, "the volume is used up", "Pay."))
    assert is_news(None, BOOT, 60, LINES)
    assert is_news(ONE, b"c" * 16, 60, LINES), "another boot"
    assert is_news(ONE, BOOT, 120, mended)
    assert not is_news(ONE, BOOT, 120, other_words) and not is_news(ONE, BOOT, 120, ())
    assert is_news(ONE, BOOT, 60 + TOLD_AGAIN, LINES)
