"""P What stands in the outbox, read with suspicion: a card that ages hands back other bytes than it was given.

A row passes here exactly when the hub would take it: one that the hub refuses would be offered for ever, and with it all after it.
"""

from __future__ import annotations

from typing import Any

from appliance.errors import BadInput
from telemetry.message import TRUSTS, Row, decode_values
from telemetry.metrics import Fewer
from telemetry.noise import Released
from telemetry.strict import MESSAGE_LIMIT, bad, unpack, whole

BODY_LIMIT = MESSAGE_LIMIT // 2
"""Bytes of the values of one row: a message with this row alone must fit through the broker."""
BOOT_BYTES, JOURNAL_BYTES, SECRET_BYTES = 16, 8, 32


def row(columns: tuple[Any, ...]) -> tuple[bytes, Row]:
    """Boot and row from ``(sequence, uptime, wall, trust, body, boot)`` as the file holds them. Raises BadInput."""
    sequence, uptime, wall, trust, body, boot = columns
    if not isinstance(boot, bytes) or len(boot) != BOOT_BYTES:
        raise bad(f"the boot is not {BOOT_BYTES} bytes")
    if trust not in TRUSTS:
        raise bad("an unknown trust in the clock")
    return boot, Row(whole(sequence), whole(uptime), whole(wall), trust, decode_values(_body(body), {}))


def release(period: Any, body: Any) -> Released:
    """What was told of a count. Raises BadInput."""
    if not isinstance(period, str):
        raise bad("the period is no text")
    values = decode_values(_body(body), {})
    if not values:
        return Released(period, None)
    value = values.get(0)
    if len(values) != 1 or not isinstance(value, int | Fewer):
        raise bad("a release that is no count")
    return Released(period, value)


def _body(body: Any) -> Any:
    if not isinstance(body, bytes) or len(body) > BODY_LIMIT:
        raise BadInput("not the bytes of a row", mend="see docs/protocol.cddl")
    return unpack(body)
