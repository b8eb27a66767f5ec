"""Messages, one bound at a time: what is just within it is read, what is just beyond is refused."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from appliance.errors import BadInput
from telemetry import message
from telemetry.message import Ack, Batch, Birth, Command, Live, Row
from telemetry.metrics import TEXT_LIMIT, WHOLE_LIMIT, Fewer
from tests.telemetry.test_message import BOOT, BOX, FIXED, JOURNAL, SESSION, telemetry


def read(*rows: list[Any], known: set[int] | None = None, room: int | None = None) -> Batch:
    found = message.decode_telemetry(telemetry(_5=list(rows)), known, room)
    assert isinstance(found, Batch)
    return found


def refused(*rows: Any, known: set[int] | None = None) -> None:
    with pytest.raises(BadInput):
        message.decode_telemetry(telemetry(_5=list(rows)), known)


def test_a_batch_has_at_most_five_hundred_rows() -> None:
    steps = [[1, 0, 0, 0, {}]] * 500
    assert message.ROWS_LIMIT == 500 and [row.sequence for row in read(*steps).rows] == list(range(1, 501))
    refused(*steps, [1, 0, 0, 0, {}])


def test_a_row_has_at_most_256_values_as_written_and_as_unfolded() -> None:
    assert message.VALUES_LIMIT == 256
    full = {n: 1 for n in range(256)}
    assert len(read([1, 0, 0, 0, full]).rows[0].values) == 256
    refused([1, 0, 0, 0, full | {256: 1}])
    refused([1, 0, 0, 0, full], [1, 0, 0, 0, {256: 1}])
    assert len(read([1, 0, 0, 0, full], [1, 0, 0, 0, {0: None, 256: 1}]).rows[1].values) == 256
    refused([1, 0, 0, 0, full | {256: 1}], known={1})
    assert read([1, 0, 0, 0, full], [1, 0, 0, 0, {256: 1}], known={1}).rows[1].values == {1: 1}


@pytest.mark.parametrize("number", [-1, 65_536, "1", True, 1.0, None])
def test_a_metric_is_a_number_of_sixteen_bits(number: Any) -> None:
    assert set(read([1, 0, 0, 0, {0: 1, 65_535: 1}]).rows[0].values) == {0, 65_535}
    refused([1, 0, 0, 0, {number: 1}])
    refused([1, 0, 0, 0, {number: 1}], known={1})


@pytest.mark.parametrize("start", [WHOLE_LIMIT, -WHOLE_LIMIT])
def test_a_step_may_lead_to_the_limit_and_no_further(start: int) -> None:
    one = 1 if start > 0 else -1
    assert read([1, 0, 0, 0, {1: start - one}], [1, 0, 0, 0, {1: one}]).rows[1].values == {1: start}
    refused([1, 0, 0, 0, {1: start}], [1, 0, 0, 0, {1: one}])


def test_a_value_of_another_kind_replaces_and_is_no_step() -> None:
    rows = read(
        [1, 0, 0, 0, {1: 5, 2: "a", 3: [10]}], [1, 0, 0, 0, {1: "b", 2: 7, 3: 4}], [1, 0, 0, 0, {1: None, 4: None, 3: 1}]
    ).rows
    assert [row.values for row in rows] == [{1: 5, 2: "a", 3: Fewer(10)}, {1: "b", 2: 7, 3: 4}, {2: 7, 3: 5}]


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("x" * TEXT_LIMIT, True), ("x" * (TEXT_LIMIT + 1), False), ("", True), ([0], True), ([1_000_000], True),
        ([1_000_001], False),
        ([-1], False), ([], False), ([1, 1], False), (["1"], False), (b"x", False), (WHOLE_LIMIT, True), (-WHOLE_LIMIT, True),
        (-WHOLE_LIMIT - 1, False), ({}, False),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_a_value_is_a_whole_number_a_short_text_or_fewer_than(value: Any, taken: bool) -> None:
    if taken:
        assert read([1, 0, 0, 0, {1: value}]).rows[0].values == {1: Fewer(value[0]) if isinstance(value, list) else value}
    else:
        refused([1, 0, 0, 0, {1: value}])


def test_each_row_steps_on_from_the_one_before_it() -> None:
    rows = read([3, 40, 500, 2, {}], [2, 0, -500, 0, {}], [1, 60, 7, 1, {}]).rows
    assert [(row.sequence, row.uptime, row.wall, row.trust) for row in rows] == [
        (3, 40, 500, "synced"), (5, 40, 0, "none"), (6, 100, 7, "floor"),
    ]  # fmt: skip


@pytest.mark.parametrize("row", [[0, 0, 0, 0, {}], [-1, 0, 0, 0, {}], [1, -1, 0, 0, {}], [1, 0, -1, 0, {}]])
def test_a_second_row_lies_after_the_first_and_no_time_below_zero(row: list[Any]) -> None:
    refused([5, 0, 0, 0, {}], row)


@pytest.mark.parametrize(
    ("first", "taken"),
    [
        ([0, 0, 0, 0, {}], True), ([1, 2**40, 2**40, 2, {}], True), ([1, 2**40 + 1, 0, 0, {}], False),
        ([1, 0, 2**40 + 1, 0, {}], False), ([1, 0, 0, 3, {}], False), ([1, 0, 0, -1, {}], False), ([1, 0, 0, True, {}], False),
        ([1, 0, 0, 0, {}, 0], False), ([1, 0, 0, 0, []], False), ([1, 0, 0, 0, None], False), ([1.0, 0, 0, 0, {}], False),
        ([True, 0, 0, 0, {}], False), ({}, False), (None, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_row_is_five_things_within_their_bounds(first: Any, taken: bool) -> None:
    if taken:
        assert len(read(first).rows) == 1
    else:
        refused(first)


def test_what_is_not_known_is_left_out_and_said() -> None:
    rows = ([1, 0, 0, 0, {1: 5, 9: 6}], [1, 0, 0, 0, {1: 1}])
    assert not read(*rows).unknown and not read(*rows, known={1, 9}).unknown
    some = read(*rows, known={1, 2})
    assert some.unknown and [row.values for row in some.rows] == [{1: 5}, {1: 6}]
    assert read(rows[1], rows[0], known={1}).unknown, "also when it stands in a later row only"
    live = telemetry(_6=rows[0])
    fields = {key: value for key, value in cbor2.loads(live).items() if key not in (3, 5)}
    assert message.decode_telemetry(cbor2.dumps(fields), {1}) == Live(BOX, BOOT, Row(1, 0, 0, "none", {1: 5}), True)
    assert not message.decode_telemetry(cbor2.dumps(fields), {1, 9}).unknown


def test_as_many_rows_are_read_as_there_is_room_for_and_one_in_any_case() -> None:
    """A row costs 150 and each of its values 3 (telemetry/room.py)."""
    rows = ([1, 0, 0, 0, {1: 5}], [1, 0, 0, 0, {2: 5}], [1, 0, 0, 0, {}])
    costs = [153, 153 + 156, 153 + 156 + 156]
    for count, cost in enumerate(costs, 1):
        assert len(read(*rows, room=cost).rows) == count
        assert len(read(*rows, room=cost - 1).rows) == max(1, count - 1)
    assert len(read(*rows, room=0).rows) == 1 and len(read(*rows).rows) == 3


def test_a_live_measurement_has_no_journal_and_no_rows_beside_it() -> None:
    plain = {0: 1, 1: "camp-1", 2: BOOT, 6: [0, 2, 3, 0, {1: 5}]}
    assert message.decode_telemetry(cbor2.dumps(plain)) == Live(BOX, BOOT, Row(0, 2, 3, "none", {1: 5}))
    for more in ({3: JOURNAL}, {4: 7}, {5: []}, {7: 1}):
        with pytest.raises(BadInput):
            message.decode_telemetry(cbor2.dumps(plain | more))


@pytest.mark.parametrize("version", [0, 2, 1.0, True, "1", None])
def test_another_version_is_not_guessed_at(version: Any) -> None:
    with pytest.raises(BadInput):
        message.opened(cbor2.dumps({0: version, 1: "x"}))
    assert message.opened(cbor2.dumps({0: 1, 1: "x"})) == {0: 1, 1: "x"}
    with pytest.raises(BadInput):
        message.opened(cbor2.dumps([1]))


@pytest.mark.parametrize("key", [True, 1.0, 8, "1", -1])
def test_a_field_is_known_by_its_number_alone(key: Any) -> None:
    assert message.only({0: 1, 7: 2}, 7) == {0: 1, 7: 2}
    with pytest.raises(BadInput):
        message.only({0: 1, key: 2}, 1, 7)


def test_when_it_was_sent_is_told_only_while_the_boot_runs() -> None:
    assert message.decode_telemetry(telemetry()).sent is None  # type: ignore[union-attr]
    for sent in (0, 2**40):
        assert message.decode_telemetry(telemetry(_4=sent)).sent == sent  # type: ignore[union-attr]
    batch = Batch(BOX, BOOT, JOURNAL, (Row(1, 2, 3, "none", {}),))
    assert 4 not in cbor2.loads(message.encode(batch)), "nothing stands for not told"
    with pytest.raises(BadInput):
        message.decode_telemetry(telemetry(_4=2**40 + 1))


@pytest.mark.parametrize(
    ("field", "value", "taken"),
    [
        (1, "a" * 32, True), (1, "a" * 33, False), (2, b"b" * 15, False), (2, b"b" * 17, False), (9, "x" * TEXT_LIMIT, True),
        (9, "x" * (TEXT_LIMIT + 1), False), (9, "", False), (10, "1" * 40, True), (10, "1" * 41, False), (10, "", False),
        (11, b"s" * 7, False), (11, b"s" * 9, False), (3, JOURNAL, False),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_a_birth_keeps_its_bounds(field: int, value: Any, taken: bool) -> None:
    fields = {**cbor2.loads(message.encode(FIXED["birth"])), field: value}  # type: ignore[arg-type]
    if taken:
        assert isinstance(message.decode_birth(cbor2.dumps(fields)), Birth)
    else:
        with pytest.raises(BadInput):
            message.decode_birth(cbor2.dumps(fields))


@pytest.mark.parametrize(("field", "value"), [(1, "a" * 33), (11, b"s" * 7), (11, b"s" * 9), (2, BOOT)])
def test_a_death_keeps_its_bounds(field: int, value: Any) -> None:
    with pytest.raises(BadInput):
        message.decode_death(cbor2.dumps({0: 1, 1: "camp-1", 11: SESSION, field: value}))


@pytest.mark.parametrize(
    ("field", "value"), [(3, b"j" * 7), (3, b"j" * 9), (7, -1), (7, None), (7, WHOLE_LIMIT + 1), (1, "camp-1")]
)
def test_an_acknowledgement_keeps_its_bounds(field: int, value: Any) -> None:
    assert message.decode_ack(cbor2.dumps({0: 1, 3: JOURNAL, 7: 0})) == Ack(JOURNAL, 0)
    with pytest.raises(BadInput):
        message.decode_ack(cbor2.dumps({0: 1, 3: JOURNAL, 7: 9, field: value}))


def test_a_command_keeps_its_bounds() -> None:
    assert message.decode_command(cbor2.dumps({0: 1, 8: 3600})) == Command(3600)
    assert message.decode_command(cbor2.dumps({0: 1, 8: 0})) == Command(0)
    assert message.decode_command(cbor2.dumps({0: 1, 15: WHOLE_LIMIT})) == Command(published=WHOLE_LIMIT)
    for fields in ({8: 3601}, {8: -1}, {15: WHOLE_LIMIT + 1}, {15: -1}, {8: None}, {7: 1}, {}):
        with pytest.raises(BadInput):
            message.decode_command(cbor2.dumps({0: 1, **fields}))
