"""P What a box found out about itself (up/result): lines <-> CBOR, and when they are worth telling again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cbor2

from appliance.errors import BadInput
from appliance.moment import Trust
from appliance.values import BoxId
from telemetry.message import BOOT, BOX, JOURNAL, SENT, TRUSTS, VERSION, only, opened
from telemetry.metrics import TEXT_LIMIT
from telemetry.strict import bad, octets, seconds, text, whole

KIND = "selftest"
MOST_LINES, LONGEST_NAME = 40, 40
TOLD_AGAIN = 86_400
"""Seconds after which lines are told again although nothing changed; until then ``selftest_failed`` says that they hold."""
_KIND, _MOMENT, _LINES = 12, 13, 14


@dataclass(frozen=True)
class Line:
    """One check: ``ok`` is None where there was nothing to check; ``what`` was found and how to ``mend`` it."""

    name: str
    ok: bool | None
    what: str
    mend: str


@dataclass(frozen=True)
class Result:
    """A self-test. ``journal`` names the file it waits in at the box, ``sequence`` counts there; acknowledged as rows are.

    ``sent`` is the uptime at sending, only when the boot is still running.
    """

    box: BoxId
    boot: bytes
    journal: bytes
    sequence: int
    uptime: int
    wall: int
    trust: Trust
    lines: tuple[Line, ...]
    sent: int | None = None


def encode(result: Result) -> bytes:
    """A result as it is published."""
    fields: dict[int, Any] = {
        0: VERSION,
        BOX: str(result.box),
        BOOT: result.boot,
        JOURNAL: result.journal,
        _KIND: KIND,
        _MOMENT: [result.sequence, result.uptime, result.wall, TRUSTS.index(result.trust)],
        _LINES: [[line.name, line.ok, line.what, line.mend] for line in result.lines],
    }
    if result.sent is not None:
        fields[SENT] = result.sent
    return cbor2.dumps(fields)


def decode(untrusted: bytes) -> Result:
    """What stands in up/result. Raises BadInput."""
    fields = only(opened(untrusted), BOX, BOOT, JOURNAL, SENT, _KIND, _MOMENT, _LINES)
    if text(fields, _KIND, LONGEST_NAME) != KIND:
        raise bad("a result of a kind that nobody here knows")
    moment, lines = fields.get(_MOMENT), fields.get(_LINES)
    if not isinstance(moment, list) or len(moment) != 4:
        raise bad("the moment is not a list of four")
    if not isinstance(lines, list) or not 1 <= len(lines) <= MOST_LINES:
        raise bad(f"not 1 to {MOST_LINES} lines")
    return Result(
        box=BoxId(text(fields, BOX, 32)),
        boot=octets(fields, BOOT, 16),
        journal=octets(fields, JOURNAL, 8),
        sequence=whole(moment[0]),
        uptime=seconds(moment[1]),
        wall=seconds(moment[2]),
        trust=TRUSTS[whole(moment[3], 2)],
        lines=tuple(_line(line) for line in lines),
        sent=seconds(fields[SENT]) if SENT in fields else None,
    )


def _line(untrusted: Any) -> Line:
    if not isinstance(untrusted, list) or len(untrusted) != 4:
        raise bad("a line is not a list of four")
    name, ok, what, mend = untrusted
    if not (ok is None or isinstance(ok, bool)):
        raise bad("neither true, false nor null")
    if not all(isinstance(part, str) and len(part) <= TEXT_LIMIT for part in (name, what, mend)) or len(name) > LONGEST_NAME:
        raise bad("a text that is none or too long")
    return Line(name, ok, what, mend)


def lines_of(facts: Mapping[str, Any]) -> tuple[Line, ...]:
    """The lines of a finished self-test from the facts it published; none while it runs, or from what is no self-test."""
    if facts.get("state") not in ("passed", "failed") or not isinstance(facts.get("checks"), list):
        return ()
    try:
        told = [[one["name"], one["ok"], one["what"][:TEXT_LIMIT], one["mend"][:TEXT_LIMIT]] for one in facts["checks"]]
        return tuple(_line(one) for one in told[:MOST_LINES])
    except (KeyError, TypeError, BadInput):
        return ()


def failed(lines: Iterable[Line]) -> int:
    """How many failed."""
    return sum(line.ok is False for line in lines)


def is_news(before: Result | None, boot: bytes, uptime: int, lines: tuple[Line, ...]) -> bool:
    """Whether to tell: another verdict, another boot, or a day later. Words that only count days or bytes are no news."""
    if not lines:
        return False
    if before is None or before.boot != boot:
        return True
    verdicts = [[(line.name, line.ok) for line in some] for some in (before.lines, lines)]
    return verdicts[0] != verdicts[1] or uptime - before.uptime >= TOLD_AGAIN
