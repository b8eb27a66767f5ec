"""E The hub's store of reports, as the pages read it."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from appliance.errors import BadInput
from telemetry.dashboard.report_store import as_object
from telemetry.message import decode_values
from telemetry.metrics import BY_NAME, Value, from_json, named
from telemetry.strict import unpack

Point = tuple[float, dict[str, Value]]
"""(seconds since 1970, values by name)."""
_COLUMNS = "box, site, software, first_seen, last_seen, online, measured, latest, selftest"
"""Not the one that is made from ``latest``: a row whose JSON is spoiled would make the whole question fail."""


class ReportReader:
    """The reading side, over one connection (see report_store.connect)."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def version(self) -> int:
        """A number that changes when another connection has changed the store."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def boxes(self, *, limit: int = -1, offset: int = 0) -> list[dict[str, Any]]:
        """What is known of each box, those out of touch first, then by name."""
        query = f"SELECT {_COLUMNS} FROM boxes ORDER BY online, box LIMIT ? OFFSET ?"
        return [self._box(row) for row in self._rows(query, (limit, offset))]

    def box(self, name: str) -> dict[str, Any] | None:
        """What is known of one box."""
        return next((self._box(row) for row in self._rows(f"SELECT {_COLUMNS} FROM boxes WHERE box = ?", (name,))), None)

    def counts(self, quiet_before: float, gone_before: float) -> dict[str, int]:
        """How many boxes there are, are silent (see incidents.is_silent), and refused their catalogue."""
        query = (
            "SELECT count(*) AS boxes, coalesce(sum(last_seen < ? OR (NOT online AND last_seen < ?)), 0) AS silent,"
            " coalesce(sum(CASE WHEN json_valid(latest) THEN catalogue_state END IS 'refused'), 0) AS refused FROM boxes"
        )
        return self._rows(query, (quiet_before, gone_before))[0]

    def refusals(self) -> list[dict[str, Any]]:
        """Counts of what was refused, the newest first."""
        return self._counted(self._rows("SELECT box, reason, count, last FROM refusals ORDER BY last DESC LIMIT 200", ()))

    def over_budget(self, since: float) -> list[dict[str, Any]]:
        """Boxes that sent more than their share at some time since then (see inbox.py), with how often; the newest first."""
        query = "SELECT box, count, last FROM refusals WHERE reason = 'over-budget' AND last >= ? ORDER BY last DESC LIMIT 200"
        return self._counted(self._rows(query, (since,)))

    def series(self, box: str, since: float) -> list[Point]:
        """(time, values by name) of the kept rows of a box, oldest first."""
        return self._points("SELECT at, body FROM reports WHERE box = ? AND at >= ? ORDER BY at", (box, since))

    def live_points(self, box: str, after: int, since: float) -> tuple[int, list[Point]]:
        """Live points after the point numbered ``after``, and the number of the last."""
        newest = self._db.execute("SELECT coalesce(max(id), 0) FROM live WHERE box = ?", (box,)).fetchone()[0]
        query = "SELECT at, body FROM live WHERE box = ? AND id > ? AND id <= ? AND at >= ? ORDER BY id"
        return max(after, newest), self._points(query, (box, after, newest, since))

    def keys(self, box: str) -> list[tuple[bytes, int]]:
        """(boot, sequence) of every kept row of a box."""
        return list(self._db.execute("SELECT boot, sequence FROM reports WHERE box = ? ORDER BY boot, sequence", (box,)))

    def _points(self, query: str, values: tuple[Any, ...]) -> list[Point]:
        return [
            (at, found) for at, body in self._db.execute(query, values) if _is_number(at) and (found := _values(body)) is not None
        ]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        cursor = self._db.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _counted(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of refusals that can be read: the others stop no page."""
        texts = ("box", "reason")
        whole = (row for row in rows if _is_number(row["count"]) and _is_number(row["last"]))
        return [{**row, **{name: _text(row[name]) for name in texts if name in row}} for row in whole]

    def _box(self, row: dict[str, Any]) -> dict[str, Any]:
        latest = {name: from_json(value) for name, value in as_object(row["latest"]).items() if _is_told(name, value)}
        texts = {name: _text(row[name]) for name in ("box", "site", "software")}
        times = {name: row[name] if _is_number(row[name]) else 0.0 for name in ("first_seen", "last_seen", "measured")}
        return {**texts, **times, "online": bool(row["online"]), "latest": latest, "selftest": _selftest(row["selftest"])}


def _values(body: Any) -> dict[str, Value] | None:
    """The values of a row by name; None of one that cannot be read."""
    try:
        return named(decode_values(unpack(body), {}))
    except (BadInput, TypeError):
        return None


def _is_number(value: Any) -> bool:
    """Whether it can be shown and reckoned with: no text, no NaN, nothing too large for a float."""
    return isinstance(value, (int, float)) and abs(value) <= sys.float_info.max


def _is_told(name: str, value: Any) -> bool:
    """Whether this is a value of this metric as ``to_json`` writes it."""
    if isinstance(value, dict):
        return set(value) == {"fewer_than"} and isinstance(value["fewer_than"], int) and _is_number(value["fewer_than"])
    of_text = name in BY_NAME and BY_NAME[name].kind == "text"
    return isinstance(value, str) if of_text else _is_number(value)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _selftest(untrusted: Any) -> dict[str, Any] | None:
    """The last self-test with those of its lines that are whole; None where there is none, or nobody knows of when it is."""
    told = as_object(untrusted)
    if not _is_number(told.get("at")) or not isinstance(told.get("checks"), list):
        return None
    return {"at": told["at"], "checks": [line for line in told["checks"] if _is_line(line)]}


def _is_line(untrusted: Any) -> bool:
    if not isinstance(untrusted, dict) or not (untrusted.get("ok", 0) is None or isinstance(untrusted.get("ok"), bool)):
        return False
    return all(isinstance(untrusted.get(name), str) for name in ("name", "what", "mend"))
