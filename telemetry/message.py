"""P What travels between box and hub: values <-> CBOR (RFC 8949). The description is docs/protocol.cddl.

Decoding takes nothing for granted: size, depth, tags, types, ranges and trailing bytes are checked; anything else is BadInput.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from appliance.errors import BadInput
from appliance.moment import Trust
from appliance.values import BoxId
from telemetry.metrics import TEXT_LIMIT, WHOLE_LIMIT, Fewer

VERSION = 1
MESSAGE_LIMIT = 131_072
"""Bytes of one message; the broker refuses more as well."""
ROWS_LIMIT = 500
"""Rows of one batch."""
_DEPTH = 6
_TRUSTS: tuple[Trust, ...] = ("none", "floor", "synced")
_VERSION, _BOX, _BOOT, _JOURNAL, _SENT, _ROWS, _LIVE, _UPTO, _SECONDS, _SITE, _SOFTWARE, _SESSION = range(12)
_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""Tags the library would turn into values of its own (dates, regular expressions ...): we use none."""

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
    """

    box: BoxId
    boot: bytes
    journal: bytes
    rows: tuple[Row, ...]
    sent: int | None = None


@dataclass(frozen=True)
class Live:
    """One measurement to look at now: not kept in the outbox, not acknowledged, sequence 0."""

    box: BoxId
    boot: bytes
    row: Row


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
    """The hub asks for live measurements for so many seconds."""

    live_seconds: int


def encode_values(values: Mapping[int, Wire]) -> dict[int, Any]:
    """Values as CBOR writes them: ``Fewer(10)`` is ``[10]``."""
    return {number: [value.than] if isinstance(value, Fewer) else value for number, value in values.items()}


def _encode_row(row: Row, before: Row = NOTHING) -> list[Any]:
    """A row as the difference to the row before; ``null`` is a value that is gone."""
    changed = {n: _step(before.values.get(n), value) for n, value in row.values.items() if before.values.get(n) != value}
    gone = {number: None for number in before.values if number not in row.values}
    steps = [row.sequence - before.sequence, row.uptime - before.uptime, row.wall - before.wall]
    return [*steps, _TRUSTS.index(row.trust), {**encode_values(changed), **gone}]


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
            fields: dict[int, Any] = {_BOX: str(message.box), _BOOT: message.boot, _JOURNAL: message.journal, _ROWS: rows}
            if message.sent is not None:
                fields[_SENT] = message.sent
        case Live():
            fields = {_BOX: str(message.box), _BOOT: message.boot, _LIVE: _encode_row(message.row)}
        case Birth():
            fields = {_BOX: str(message.box), _BOOT: message.boot, _SITE: message.site, _SOFTWARE: message.software}
            fields[_SESSION] = message.session
        case Death():
            fields = {_BOX: str(message.box), _SESSION: message.session}
        case Ack():
            fields = {_JOURNAL: message.journal, _UPTO: message.upto}
        case Command():
            fields = {_SECONDS: message.live_seconds}
    return {_VERSION: VERSION, **fields}


def decode_telemetry(untrusted: bytes) -> Batch | Live:
    """What stands in up/t. Raises BadInput."""
    fields = _open(untrusted)
    box, boot = BoxId(_text(fields, _BOX, 32)), _bytes(fields, _BOOT, 16)
    if _LIVE in fields:
        _only(fields, _BOX, _BOOT, _LIVE)
        return Live(box, boot, _decode_row(fields[_LIVE]))
    _only(fields, _BOX, _BOOT, _JOURNAL, _SENT, _ROWS)
    sent = _whole(fields[_SENT]) if _SENT in fields else None
    return Batch(box, boot, _bytes(fields, _JOURNAL, 8), _decode_rows(fields.get(_ROWS)), sent)


def decode_birth(untrusted: bytes) -> Birth:
    """What stands in up/birth. Raises BadInput."""
    fields = _only(_open(untrusted), _BOX, _BOOT, _SITE, _SOFTWARE, _SESSION)
    box, session = BoxId(_text(fields, _BOX, 32)), _bytes(fields, _SESSION, 8)
    return Birth(box, _bytes(fields, _BOOT, 16), session, _text(fields, _SITE, TEXT_LIMIT), _text(fields, _SOFTWARE, 40))


def decode_death(untrusted: bytes) -> Death:
    """What stands in up/death. Raises BadInput."""
    fields = _only(_open(untrusted), _BOX, _SESSION)
    return Death(BoxId(_text(fields, _BOX, 32)), _bytes(fields, _SESSION, 8))


def decode_ack(untrusted: bytes) -> Ack:
    """What stands in down/ack. Raises BadInput."""
    fields = _only(_open(untrusted), _JOURNAL, _UPTO)
    return Ack(_bytes(fields, _JOURNAL, 8), _whole(fields.get(_UPTO)))


def decode_command(untrusted: bytes) -> Command:
    """What stands in down/command. Raises BadInput."""
    fields = _only(_open(untrusted), _SECONDS)
    return Command(_whole(fields.get(_SECONDS), 3600))


def decode_values(untrusted: Any, before: Mapping[int, Wire]) -> dict[int, Wire]:
    """The values of a row, laid over those of the row before. Raises BadInput."""
    if not isinstance(untrusted, dict) or len(untrusted) > 256:
        raise _bad("values are not a map of at most 256")
    values = dict(before)
    for number, step in untrusted.items():
        old = values.get(_whole(number, 65_535))
        if step is None:
            values.pop(number, None)
        elif isinstance(old, int):
            read = _value(step, 2 * WHOLE_LIMIT)
            values[number] = _signed(old + read) if isinstance(read, int) else read
        else:
            values[number] = _value(step)
    return values


def unpack(untrusted: bytes) -> Any:
    """One CBOR item, nothing after it, no tags, no indefinite lengths, no repeated keys, not deep. Raises BadInput."""
    if len(untrusted) > MESSAGE_LIMIT:
        raise _bad(f"longer than {MESSAGE_LIMIT} bytes")
    stream = io.BytesIO(untrusted)
    try:
        decoder = cbor2.CBORDecoder(
            stream, tag_hook=_no_tag, semantic_decoders=dict.fromkeys(_TAGS, _no_tag), max_depth=_DEPTH,
            allow_indefinite=False, allow_duplicate_keys=False, read_size=1,
        )  # fmt: skip
        item = decoder.decode()
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise _bad("not CBOR") from error
    if stream.read(1):
        raise _bad("bytes after the end")
    return item


def _no_tag(*_: Any) -> Any:
    raise _bad("a tag")


def _open(untrusted: bytes) -> dict[int, Any]:
    fields = unpack(untrusted)
    if not isinstance(fields, dict) or fields.get(_VERSION) != VERSION or isinstance(fields.get(_VERSION), (bool, float)):
        raise _bad("not a map of version 1")
    return fields


def _only(fields: dict[int, Any], *known: int) -> dict[int, Any]:
    if any(isinstance(key, (bool, float)) or key not in (_VERSION, *known) for key in fields):
        raise _bad("an unknown field")
    return fields


def _decode_rows(untrusted: Any) -> tuple[Row, ...]:
    if not isinstance(untrusted, list) or not 1 <= len(untrusted) <= ROWS_LIMIT:
        raise _bad(f"not 1 to {ROWS_LIMIT} rows")
    rows: list[Row] = []
    for item in untrusted:
        row = _decode_row(item, rows[-1] if rows else NOTHING)
        if rows and row.sequence <= rows[-1].sequence:
            raise _bad("rows out of order")
        rows.append(row)
    return tuple(rows)


def _decode_row(untrusted: Any, before: Row = NOTHING) -> Row:
    if not isinstance(untrusted, list) or len(untrusted) != 5:
        raise _bad("a row is not a list of five")
    sequence, uptime, wall = (
        _whole(_signed(step) + start)
        for step, start in zip(untrusted[:3], (before.sequence, before.uptime, before.wall), strict=True)
    )
    return Row(sequence, uptime, wall, _TRUSTS[_whole(untrusted[3], 2)], decode_values(untrusted[4], before.values))


def _value(untrusted: Any, limit: int = WHOLE_LIMIT) -> Wire:
    if isinstance(untrusted, str) and len(untrusted) <= TEXT_LIMIT:
        return untrusted
    if isinstance(untrusted, list) and len(untrusted) == 1:
        return Fewer(_whole(untrusted[0], 1_000_000))
    return _signed(untrusted, limit)


def _signed(untrusted: Any, limit: int = WHOLE_LIMIT) -> int:
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or abs(untrusted) > limit:
        raise _bad("a value that is neither whole number, short text nor [fewer than]")
    return untrusted


def _whole(untrusted: Any, limit: int = WHOLE_LIMIT) -> int:
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or not 0 <= untrusted <= limit:
        raise _bad(f"not a whole number from 0 to {limit}")
    return untrusted


def _bytes(fields: Mapping[int, Any], key: int, length: int) -> bytes:
    value = fields.get(key)
    if not isinstance(value, bytes) or len(value) != length:
        raise _bad(f"field {key} is not {length} bytes")
    return value


def _text(fields: Mapping[int, Any], key: int, limit: int) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value or len(value) > limit:
        raise _bad(f"field {key} is not a text of 1 to {limit} characters")
    return value


def _bad(problem: str) -> BadInput:
    return BadInput(problem, mend="see docs/protocol.cddl")
