"""E The hub's store of reports, as the pages read it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from telemetry.message import decode_values
from telemetry.metrics import Value, from_json, named
from telemetry.strict import unpack

Point = tuple[float, dict[str, Value]]
"""(seconds since 1970, values by name)."""


class ReportReader:
    """The reading side, over one connection (see report_store.connect)."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def version(self) -> int:
        """A number that changes when another connection has changed the store."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def boxes(self, *, limit: int = -1, offset: int = 0) -> list[dict[str, Any]]:
        """What is known of each box, those out of touch first, then by name."""
        query = "SELECT * FROM boxes ORDER BY online, box LIMIT ? OFFSET ?"
        return [self._box(row) for row in self._rows(query, (limit, offset))]

    def box(self, name: str) -> dict[str, Any] | None:
        """What is known of one box."""
        return next((self._box(row) for row in self._rows("SELECT * FROM boxes WHERE box = ?", (name,))), None)

    def counts(self, quiet_before: float, gone_before: float) -> dict[str, int]:
        """How many boxes there are, are silent (see incidents.is_silent), and refused their catalogue."""
        query = (
            "SELECT count(*) AS boxes, coalesce(sum(last_seen < ? OR (NOT online AND last_seen < ?)), 0) AS silent,"
            " coalesce(sum(catalogue_state IS 'refused'), 0) AS refused FROM boxes"
        )
        return self._rows(query, (quiet_before, gone_before))[0]

    def refusals(self) -> list[dict[str, Any]]:
        """Counts of what was refused, the newest first."""
        return self._rows("SELECT box, reason, count, last FROM refusals ORDER BY last DESC LIMIT 200", ())

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
        return [(at, named(decode_values(unpack(body), {}))) for at, body in self._db.execute(query, values)]

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        cursor = self._db.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _box(self, row: dict[str, Any]) -> dict[str, Any]:
        shown = ("box", "site", "software", "first_seen", "last_seen", "measured")
        latest = {name: from_json(value) for name, value in json.loads(row["latest"]).items()}
        told = json.loads(row["selftest"])
        selftest = {"at": told["at"], "checks": told["checks"]} if told else None
        return {**{name: row[name] for name in shown}, "online": bool(row["online"]), "latest": latest, "selftest": selftest}
