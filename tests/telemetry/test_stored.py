"""Bytes that a card gives back changed: whatever stands in a row, a release or a fact, the rest goes on. Real SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import facts
from appliance.clock import Moment
from appliance.errors import BadInput
from appliance.layout import Layout
from appliance.values import BoxId
from telemetry import message, sensors, station, stored
from telemetry.message import Ack, Batch, Row
from telemetry.metrics import BY_NAME, Fewer, measure
from telemetry.noise import UNKNOWN, Released
from telemetry.outbox import Outbox
from telemetry.schedule import Pace
from telemetry.station import Station
from telemetry.strict import MESSAGE_LIMIT
from tests.telemetry.test_agent import World
from tests.telemetry.test_outbox import BOOT, LATER, fill

GOOD = cbor2.dumps({1: 5, 20: "cake"})
POISON: dict[str, dict[str, Any]] = {
    "no CBOR": {"body": b"\xff\xff\xff"},
    "empty": {"body": b""},
    "cut": {"body": GOOD[:-2]},
    "bytes after the end": {"body": GOOD + b"\x00"},
    "a list": {"body": cbor2.dumps([1, 2])},
    "a null": {"body": cbor2.dumps(None)},
    "a tag": {"body": b"\xc1\x00"},
    "deep": {"body": b"\x81" * 500 + b"\x00"},
    "floats": {"body": cbor2.dumps({1: 0.5})},
    "names for numbers": {"body": cbor2.dumps({"a": 1})},
    "too large a number": {"body": cbor2.dumps({1: 2**70})},
    "too many values": {"body": cbor2.dumps(dict.fromkeys(range(300), 1))},
    "a long text": {"body": cbor2.dumps({20: "x" * 5000})},
    "a text for a body": {"body": "a text"},
    "a number for a body": {"body": 4711},
    "huge": {"body": b"\x00" * 3_000_000},
    "larger than a message": {"body": cbor2.dumps({n: "\u1200" * 190 for n in range(250)})},
    "a short boot": {"boot": b"b"},
    "a long boot": {"boot": b"b" * 1000},
    "a text for a boot": {"boot": "b" * 16},
    "an unknown trust": {"trust": "gospel"},
    "a blob for a trust": {"trust": b"floor"},
    "a text for a time": {"uptime": "noon"},
    "a time before the start": {"uptime": -5},
    "a fraction": {"wall": 0.5},
    "a blob for a clock": {"wall": b"\x00"},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.db.close()


def spoil(outbox: Outbox, sequence: int, columns: dict[str, Any]) -> None:
    with closing(sqlite3.connect(outbox.path)) as other, other:
        for name, value in columns.items():
            other.execute(f"UPDATE rows SET {name} = ? WHERE sequence = ?", (value, sequence))


@pytest.mark.parametrize("kind", POISON)
@pytest.mark.parametrize("place", ["the oldest", "in the middle", "the newest"])
def test_r5_an_unreadable_row_is_passed_over(path: Path, kind: str, place: str) -> None:
    outbox = Outbox(path)
    kept = fill(outbox, 9)
    bad = kept[{"the oldest": 0, "in the middle": 4, "the newest": 8}[place]]
    spoil(outbox, bad, POISON[kind])
    rest = [sequence for sequence in kept if sequence != bad]
    boot, rows = outbox.oldest()
    assert boot == BOOT and [row.sequence for row in rows] == rest
    assert (outbox.count(), outbox.unreadable) == (8, 1)
    outbox.oldest()
    assert outbox.unreadable == 1, "counted once"
    fill(outbox, 1)
    outbox.close()
    outbox = Outbox(path)
    assert (outbox.count(), outbox.unreadable) == (9, 1), "the mark and the count outlive a restart"
    outbox.acknowledge(Ack(outbox.journal, 2**62))
    assert outbox.count() == 0
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT sequence FROM rows").fetchall() == [(bad,)], "it stays for whoever wants to look"


def test_r5_text_that_is_no_utf8_is_passed_over(path: Path) -> None:
    outbox = Outbox(path)
    kept = fill(outbox, 3)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE rows SET trust = CAST(x'ff00ff' AS TEXT) WHERE sequence = ?", (kept[0],))
    assert [row.sequence for row in outbox.oldest()[1]] == kept[1:]


def test_r5_a_null_where_none_may_be_is_passed_over(path: Path) -> None:
    """The table forbids it; a flipped bit in a record's header does not ask the table."""
    outbox = Outbox(path)
    kept = fill(outbox, 3)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '')")
    with closing(sqlite3.connect(path)) as other, other:
        for column, sequence in zip(("body", "boot"), kept, strict=False):
            other.execute(f"UPDATE rows SET {column} = NULL WHERE sequence = ?", (sequence,))
    outbox.close()
    assert [row.sequence for row in Outbox(path).oldest()[1]] == kept[2:]


def test_r5_hundreds_in_front_do_not_hide_the_rest(path: Path) -> None:
    outbox = Outbox(path)
    kept = fill(outbox, 350) + fill(outbox, 2, LATER)
    for sequence in kept[:350]:
        spoil(outbox, sequence, POISON["no CBOR"])
    boot, rows = outbox.oldest()
    assert boot == LATER and [row.sequence for row in rows] == kept[350:]
    assert outbox.unreadable == 350


def test_r5_a_mark_that_cannot_be_kept_is_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full card: nothing can be written, and what stands there can still be sent."""
    outbox = Outbox(path)
    kept = fill(outbox, 3)
    spoil(outbox, kept[0], POISON["no CBOR"])
    outbox._db.execute("PRAGMA query_only = ON")
    assert [row.sequence for row in outbox.oldest()[1]] == kept[1:]
    assert (outbox.count(), outbox.unreadable) == (2, 1)


@pytest.mark.parametrize("kind", POISON)
def test_r5_batches_go_out_and_events_are_read_beside_an_unreadable_row(world: World, kind: str) -> None:
    world.steps()
    world.links[0].cut()
    for _ in range(12):
        world.steps(seconds=60)
    waiting = [row.sequence for row in world.outbox.oldest()[1]]
    spoil(world.outbox, waiting[0], POISON[kind])
    world.links[0].connect()
    world.steps()
    world.broker._publish_down("campbox/v1/camp-one/down/command", message.encode(message.Command(6)))
    for _ in range(8):
        world.steps(seconds=1)
    assert world.outbox.count() == 0
    assert any(isinstance(message.decode_telemetry(told), message.Live) for told in world.sent("t")), "the command was read"


@pytest.mark.parametrize(
    "columns",
    [
        {"body": b"\xff"}, {"body": b""}, {"body": "text"}, {"body": cbor2.dumps({0: "many"})}, {"body": cbor2.dumps({0: 1, 1: 2})},
        {"body": cbor2.dumps([1])}, {"body": b"\x00" * 1_000_000}, {"period": b"\x00"}, {"body": cbor2.dumps({5: 12})},
    ],
)  # fmt: skip
def test_r5_an_unreadable_release_withholds_that_count_until_the_period_ends(path: Path, columns: dict[str, Any]) -> None:
    outbox = Outbox(path)
    outbox.keep_release("people_online", Released("boot/1", 20))
    outbox.keep_release("people_active", Released("boot/1", Fewer(10)))
    with closing(sqlite3.connect(path)) as other, other:
        for name, value in columns.items():
            other.execute(f"UPDATE releases SET {name} = ? WHERE name = 'people_online'", (value,))
    assert outbox.released("people_online") == UNKNOWN and outbox.unreadable == 1
    assert outbox.released("people_active") == Released("boot/1", Fewer(10))
    outbox.keep_release("people_online", Released("boot/1", None))
    assert outbox.released("people_online") == Released("boot/1", None) and outbox.unreadable == 1


@pytest.mark.parametrize("name", ["journal", "secret", "dropped", "lost", "unreadable", "anew"])
@pytest.mark.parametrize("value", [b"", b"x" * 5, b"\xff" * 8, "text", 5, b"\x00" * 2_000_000, None])
def test_r5_an_unreadable_fact_is_made_anew_and_every_row_kept(path: Path, name: str, value: Any) -> None:
    outbox = Outbox(path)
    kept, secret = fill(outbox, 3), outbox.secret
    outbox.keep_release("people_online", Released("boot/1", 20))
    outbox.close()
    with closing(sqlite3.connect(path)) as other, other:
        if value is None:
            other.execute("DELETE FROM facts WHERE name = ?", (name,))
        else:
            other.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))
    outbox = Outbox(path)
    assert [row.sequence for row in outbox.oldest()[1]] == kept
    assert len(outbox.journal) == 8 and len(outbox.secret) == 32
    fill(outbox, 2)
    assert outbox.acknowledge(Ack(outbox.journal, kept[-1])) == 3
    if name == "secret":
        assert outbox.secret != secret and outbox.released("people_online") == UNKNOWN, "another secret would tell another number"
    before = outbox.journal, outbox.secret
    outbox.close()
    outbox = Outbox(path)
    assert (outbox.journal, outbox.secret) == before, "and stays"


@given(
    st.tuples(
        *[st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20), st.binary(max_size=40))] * 6
    )
)
def test_what_is_read_is_what_the_hub_takes(columns: tuple[Any, ...]) -> None:
    """A row that passes and the hub refuses would be offered for ever, and with it all after it."""
    for body, boot, trust in ((columns[4], columns[5], columns[3]), (GOOD, BOOT, "floor")):
        try:
            read_boot, row = stored.row((*columns[:3], trust, body, boot))
        except BadInput:
            continue
        batch = Batch(BoxId("camp-one"), read_boot, b"j" * 8, (row,))
        assert message.decode_telemetry(message.encode(batch)) == batch


@given(
    st.dictionaries(st.integers(0, 65_535), st.one_of(st.integers(-(2**63) + 1, 2**63 - 1), st.text(max_size=200)), max_size=256)
)
def test_a_row_that_is_read_fits_through_the_broker(values: dict[int, int | str]) -> None:
    body = cbor2.dumps(values)
    try:
        boot, row = stored.row((1, 2, 3, "floor", body, BOOT))
    except BadInput:
        assert len(body) > stored.BODY_LIMIT
        return
    assert len(message.encode(Batch(BoxId("camp-one"), boot, b"j" * 8, (row,)))) < MESSAGE_LIMIT


def test_a_good_row_comes_back_whole() -> None:
    assert stored.row((7, 60, 1_800_000_000, "floor", GOOD, BOOT)) == (BOOT, Row(7, 60, 1_800_000_000, "floor", {1: 5, 20: "cake"}))
    assert stored.release("boot/1", cbor2.dumps({0: [10]})) == Released("boot/1", Fewer(10))
    assert stored.release("boot/1", cbor2.dumps({})) == Released("boot/1", None)


def test_r5_an_unreadable_row_is_told_on_the_box_and_to_the_hub(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = Layout.under(tmp_path, tmp_path)
    layout.facts_dir.mkdir(parents=True)
    world.station.layout = layout
    spoil(world.outbox, fill(world.outbox, 1)[0], POISON["cut"])
    world.steps()
    assert facts.read(layout, "telemetry") == {"state": "storing", "why": "", "lost": 0, "unreadable": 1, "identity": ""}
    monkeypatch.setattr(sensors, "gate", lambda _layout: {})
    reading = Station(layout, world.outbox, BOOT, Pace(60), 10).read("row")
    assert measure(reading)[BY_NAME["outbox_unreadable"].number] == 1


def test_r5_an_unreadable_release_does_not_stop_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more of that count is told in this period; the other counts are, and in the next period all of them."""
    uptime = [100.0]
    monkeypatch.setattr(sensors, "gate", lambda _layout: {"ok": True, "people_online": 500, "active_people": 300})
    monkeypatch.setattr(station.clock, "now", lambda: Moment(1_900_000_000.0, uptime[0], "synced"))
    outbox = Outbox(tmp_path / "outbox.sqlite")
    taker = Station(Layout.under(tmp_path, tmp_path), outbox, BOOT, Pace(60), 10)
    first = taker.read("row").people
    assert set(first) == {"people_online", "people_active"}
    with closing(sqlite3.connect(outbox.path)) as other, other:
        other.execute("UPDATE releases SET body = x'ff' WHERE name = 'people_online'")
    for _ in range(3):
        assert taker.read("row").people == {"people_active": first["people_active"]}
    outbox.close()
    outbox = Outbox(outbox.path)
    taker = Station(taker.layout, outbox, BOOT, Pace(60), 10)
    assert taker.read("row").people == {"people_active": first["people_active"]}, "nor after a restart"
    uptime[0] += 900
    assert set(taker.read("row").people) == {"people_online", "people_active"}


@pytest.mark.parametrize(
    ("columns", "good"),
    [
        ({}, True), ({"boot": b"b" * 15}, False), ({"boot": b"b" * 17}, False), ({"boot": "b" * 16}, False),
        ({"trust": "none"}, True),
        ({"trust": ""}, False), ({"sequence": -1}, False), ({"sequence": 0}, True), ({"uptime": -1}, False), ({"wall": -1}, False),
        ({"sequence": None}, False), ({"body": "text"}, False), ({"body": None}, False), ({"uptime": True}, False),
    ],
)  # fmt: skip
def test_a_row_passes_when_each_of_its_columns_does(columns: dict[str, Any], good: bool) -> None:
    told = {"sequence": 5, "uptime": 60, "wall": 70, "trust": "floor", "body": GOOD, "boot": BOOT} | columns
    if good:
        boot, row = stored.row(tuple(told.values()))
        assert (boot, row.values) == (BOOT, {1: 5, 20: "cake"})
        assert (row.sequence, row.uptime, row.wall, row.trust) == tuple(
            told[name] for name in ("sequence", "uptime", "wall", "trust")
        )
    else:
        with pytest.raises(BadInput):
            stored.row(tuple(told.values()))


def test_a_body_of_the_largest_size_is_read_and_one_longer_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = list[int]()

    def unpack(body: bytes) -> dict[int, int]:
        looked.append(len(body))
        return {0: 17}

    monkeypatch.setattr(stored, "unpack", unpack)
    assert stored.release("p", bytes(stored.BODY_LIMIT)) == Released("p", 17)
    with pytest.raises(BadInput):
        stored.release("p", bytes(stored.BODY_LIMIT + 1))
    assert looked == [stored.BODY_LIMIT] and stored.BODY_LIMIT * 2 == MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("period", "values", "told"),
    [
        ("p/1", {}, Released("p/1", None)), ("p/1", {0: 17}, Released("p/1", 17)), ("", {0: [10]}, Released("", Fewer(10))),
        ("p/1", {0: 0}, Released("p/1", 0)), (b"p", {0: 17}, None), (None, {0: 17}, None), ("p/1", {1: 17}, None),
        ("p/1", {0: 17, 1: 5}, None), ("p/1", {0: "17"}, None),
    ],
)  # fmt: skip
def test_a_release_is_one_count_or_none_of_a_named_period(period: Any, values: dict[int, Any], told: Released | None) -> None:
    if told is not None:
        assert stored.release(period, cbor2.dumps(values)) == told
    else:
        with pytest.raises(BadInput):
            stored.release(period, cbor2.dumps(values))
