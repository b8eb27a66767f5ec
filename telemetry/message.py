"""P What travels between box and hub: values <-> CBOR (RFC 8949). The description is docs/protocol.cddl.

Decoding takes nothing for granted: size, depth, tags, types, ranges and trailing bytes are checked; anything else is BadInput.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

import cbor2

from appliance.moment import Trust
from appliance.values import BoxId
from telemetry.metrics import TEXT_LIMIT, WHOLE_LIMIT, Fewer
from telemetry.room import ROW, change
from telemetry.strict import SECONDS_LIMIT, bad, octets, seconds, signed, text, unpack, whole

VERSION = 1
ROWS_LIMIT = 500
"""Rows of one batch."""
VALUES_LIMIT = 256
"""Values of one row, those carried on from the row before among them."""
TRUSTS: tuple[Trust, ...] = ("none", "floor", "synced")
_VERSION, BOX, BOOT, JOURNAL, SENT, _ROWS, _LIVE, _UPTO, _SECONDS, _SITE, _SOFTWARE, _SESSION = range(12)
_PUBLISHED = 15
"""12 to 14 are in telemetry/result.py."""
Wire = int | str | Fewer


@dataclass(frozen=True)
class Row:
    """One measurement. Its key is (box, boot, sequence); ``uptime`` and ``wall`` in whole seconds."""

    sequence: int
    uptime: int
    wall: int
    trust: Trust
    values: Mapping[int, Wire]


NOTHING = Row(0, 0, 0, "none", {})
"""What the first row of a batch is the difference to."""


@dataclass(frozen=True)
class Batch:
    """Rows of one boot, oldest first. ``journal`` names the outbox they stand in.

    ``sent`` is the uptime at sending, only when the boot is still running: it dates rows whose wall clock is not trusted.
    ``unknown``: whether values of unknown metrics were left out in reading.
    """

    box: BoxId
    boot: bytes
    journal: bytes
    rows: tuple[Row, ...]
    sent: int | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Live:
    """One measurement to look at now: not kept in the outbox, not acknowledged, sequence 0."""

    box: BoxId
    boot: bytes
    row: Row
    unknown: bool = False


@dataclass(frozen=True)
class Birth:
    """A box has connected. ``session`` is random and ties a later death to this connection."""

    box: BoxId
    boot: bytes
    session: bytes
    site: str
    software: str


@dataclass(frozen=True)
class Death:
    """The broker says that a connection is gone (MQTT will)."""

    box: BoxId
    session: bytes


@dataclass(frozen=True)
class Ack:
    """The hub has committed every row of ``journal`` up to and with ``upto``."""

    journal: bytes
    upto: int


@dataclass(frozen=True)
class Command:
    """The hub asks for live measurements for so many seconds, or tells which version its signed list of content has now."""

    live_seconds: int | None = None
    published: int | None = None


def encode_values(values: Mapping[int, Wire]) -> dict[int, Any]:
    """Values as CBOR writes them: ``Fewer(10)`` is ``[10]``."""
    return {number: [value.than] if isinstance(value, Fewer) else value for number, value in values.items()}


def _encode_row(row: Row, before: Row = NOTHING) -> list[Any]:
    """A row as the difference to the row before; ``null`` is a value that is gone."""
    changed = {n: _step(before.values.get(n), value) for n, value in row.values.items() if before.values.get(n) != value}
    gone = {number: None for number in before.values if number not in row.values}
    steps = [row.sequence - before.sequence, row.uptime - before.uptime, row.wall - before.wall]
    return [*steps, TRUSTS.index(row.trust), {**encode_values(changed), **gone}]


def _step(before: Wire | None, value: Wire) -> Wire:
    """A whole number as its step from the one in the row before, which is mostly shorter; anything else as it is."""
    return value - before if isinstance(value, int) and isinstance(before, int) else value


def encode(message: Batch | Live | Birth | Death | Ack | Command) -> bytes:
    """A message as it is published."""
    return cbor2.dumps(_as_map(message))


def _as_map(message: Batch | Live | Birth | Death | Ack | Command) -> dict[int, Any]:
    match message:
        case Batch():
            befores = [NOTHING, *message.rows[:-1]]
            rows = [_encode_row(row, before) for row, before in zip(message.rows, befores, strict=True)]
            fields: dict[int, Any] = {BOX: str(message.box), BOOT: message.boot, JOURNAL: message.journal, _ROWS: rows}
            if message.sent is not None:
                fields[SENT] = message.sent
        case Live():
            fields = {BOX: str(message.box), BOOT: message.boot, _LIVE: _encode_row(message.row)}
        case Birth():
            fields = {BOX: str(message.box), BOOT: message.boot, _SITE: message.site, _SOFTWARE: message.software}
            fields[_SESSION] = message.session
        case Death():
            fields = {BOX: str(message.box), _SESSION: message.session}
        case Ack():
            fields = {JOURNAL: message.journal, _UPTO: message.upto}
        case Command():
            asked = {_SECONDS: message.live_seconds, _PUBLISHED: message.published}
            fields = {number: value for number, value in asked.items() if value is not None}
    return {_VERSION: VERSION, **fields}


def decode_telemetry(untrusted: bytes, known: Set[int] | None = None, room: int | None = None) -> Batch | Live:
    """What stands in up/t. Raises BadInput.

    ``known``: the metrics that are read, all others are left out. ``room``: what the rows may cost (see telemetry/room.py): of a
    batch that costs more only the first rows are read, at least one.
    """
    fields = opened(untrusted)
    box, boot = BoxId(text(fields, BOX, 32)), octets(fields, BOOT, 16)
    reader = _RowReader(known, room)
    if _LIVE in fields:
        only(fields, BOX, BOOT, _LIVE)
        return Live(box, boot, reader.row(fields[_LIVE], NOTHING), reader.unknown)
    only(fields, BOX, BOOT, JOURNAL, SENT, _ROWS)
    sent = seconds(fields[SENT]) if SENT in fields else None
    rows = reader.rows(fields.get(_ROWS))
    return Batch(box, boot, octets(fields, JOURNAL, 8), rows, sent, reader.unknown)


def decode_birth(untrusted: bytes) -> Birth:
    """What stands in up/birth. Raises BadInput."""
    fields = only(opened(untrusted), BOX, BOOT, _SITE, _SOFTWARE, _SESSION)
    box, session = BoxId(text(fields, BOX, 32)), octets(fields, _SESSION, 8)
    return Birth(box, octets(fields, BOOT, 16), session, text(fields, _SITE, TEXT_LIMIT), text(fields, _SOFTWARE, 40))


def decode_death(untrusted: bytes) -> Death:
    """What stands in up/death. Raises BadInput."""
    fields = only(opened(untrusted), BOX, _SESSION)
    return Death(BoxId(text(fields, BOX, 32)), octets(fields, _SESSION, 8))


def decode_ack(untrusted: bytes) -> Ack:
    """What stands in down/ack. Raises BadInput."""
    fields = only(opened(untrusted), JOURNAL, _UPTO)
    return Ack(octets(fields, JOURNAL, 8), whole(fields.get(_UPTO)))


def decode_command(untrusted: bytes) -> Command:
    """What stands in down/command. Raises BadInput."""
    fields = only(opened(untrusted), _SECONDS, _PUBLISHED)
    if len(fields) != 2:  # the version and one wish
        raise bad("not one command")
    if _PUBLISHED in fields:
        return Command(published=whole(fields[_PUBLISHED], WHOLE_LIMIT))
    return Command(whole(fields[_SECONDS], 3600))


def decode_values(untrusted: Any, before: Mapping[int, Wire], known: Set[int] | None = None) -> dict[int, Wire]:
    """The values of a row, laid over those of the row before, without those that are not ``known``. Raises BadInput."""
    if not isinstance(untrusted, dict) or len(untrusted) > VALUES_LIMIT:
        raise bad(f"values are not a map of at most {VALUES_LIMIT}")
    values = dict(before)
    for number, step in untrusted.items():
        if type(number) is not int or not 0 <= number <= 65_535:
            raise bad("a metric is not a number from 0 to 65535")
        if known is not None and number not in known:
            continue
        old = values.get(number)
        if type(step) is int and type(old) is int:
            value = old + step
            if not -WHOLE_LIMIT <= value <= WHOLE_LIMIT:
                raise bad("a step that leads out of range")
            values[number] = value
        elif step is None:
            values.pop(number, None)
        else:
            values[number] = _value(step)
    if len(values) > VALUES_LIMIT:
        raise bad(f"a row unfolds to more than {VALUES_LIMIT} values")
    return values


def opened(untrusted: bytes) -> dict[int, Any]:
    """The fields of a message of this version. Raises BadInput."""
    fields = unpack(untrusted)
    if not isinstance(fields, dict) or fields.get(_VERSION) != VERSION or isinstance(fields.get(_VERSION), (bool, float)):
        raise bad("not a map of version 1")
    return fields


def only(fields: dict[int, Any], *known: int) -> dict[int, Any]:
    """The fields, when there are none but the version and the known ones. Raises BadInput."""
    if any(isinstance(key, (bool, float)) or key not in (_VERSION, *known) for key in fields):
        raise bad("an unknown field")
    return fields


class _RowReader:
    """Reads the rows of one message, each as the difference to the one before, as long as there is room."""

    def __init__(self, known: Set[int] | None, room: int | None) -> None:
        self._known, self._room = known, room
        self.unknown = False

    def rows(self, untrusted: Any) -> tuple[Row, ...]:
        if not isinstance(untrusted, list) or not 1 <= len(untrusted) <= ROWS_LIMIT:
            raise bad(f"not 1 to {ROWS_LIMIT} rows")
        rows: list[Row] = []
        before, weighs, spent = NOTHING, 0, 0
        for item in untrusted:
            row = self.row(item, before)
            if rows and row.sequence <= before.sequence:
                raise bad("rows out of order")
            weighs += change(item[4], before.values, row.values)
            spent += ROW + weighs
            if self._room is not None and spent > self._room and rows:
                break
            rows.append(row)
            before = row
        return tuple(rows)

    def row(self, untrusted: Any, before: Row) -> Row:
        if not isinstance(untrusted, list) or len(untrusted) != 5:
            raise bad("a row is not a list of five")
        sequence, uptime, wall = (
            whole(signed(step) + start)
            for step, start in zip(untrusted[:3], (before.sequence, before.uptime, before.wall), strict=True)
        )
        if max(uptime, wall) > SECONDS_LIMIT:
            raise bad("a time that nobody can have seen")
        values = decode_values(untrusted[4], before.values, self._known)
        if self._known is not None and not self.unknown:
            self.unknown = not untrusted[4].keys() <= self._known
        return Row(sequence, uptime, wall, TRUSTS[whole(untrusted[3], 2)], values)


def _value(untrusted: Any) -> Wire:
    if isinstance(untrusted, str) and len(untrusted) <= TEXT_LIMIT:
        return untrusted
    if isinstance(untrusted, list) and len(untrusted) == 1:
        return Fewer(whole(untrusted[0], 1_000_000))
    return signed(untrusted)
