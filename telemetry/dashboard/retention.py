"""E Takes out of the store what is past the retention of its metric.

In pieces, each its own small transaction, so that reports which arrive meanwhile never wait long; a pass ends when nothing is due.
What cannot be read, and values of metrics that are no longer in the table, go with the shortest retention there is. What has no
date, or none that a calendar has, is as old as can be: nobody could say when its time is over.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cbor2

from appliance.errors import BadInput
from telemetry.dashboard.report_store import as_object, transaction
from telemetry.message import Wire, decode_values, encode_values
from telemetry.metrics import BY_NAME, BY_NUMBER, METRICS, Metric
from telemetry.strict import unpack

LIVE_KEPT = 900
"""Seconds that live points are kept."""
PIECE = 250
"""Reports of one small transaction: some ten milliseconds."""
EVERY, GRACE = 60.0, 600.0
"""Seconds between the beginnings of two passes; and how long past its time something may stand before it counts as overdue."""
MOST_PIECES = 40
"""Pieces of one turn, however free."""
COUNTED = 10_000
"""Overdue reports are counted up to here; it may be more."""
_DAY = 86_400
RESULT_KEPT = 90 * _DAY
"""Seconds that the lines of a box's last self-test are kept."""
_WATCHED_KEPT = _DAY
_KEY = "WHERE box = ? AND boot = ? AND sequence = ?"
_ROW = "box, boot, sequence, stripped, at, CAST(box AS BLOB), CAST(boot AS BLOB), CAST(sequence AS BLOB)"
_STANDS = "WHERE stripped = ? AND at = ? AND (CAST(box AS BLOB), CAST(boot AS BLOB), CAST(sequence AS BLOB)) = (?, ?, ?)"
"""The same row by the octets of its key, where that reads otherwise than it stands: a text that is no UTF-8."""
AHEAD = 120.0
"""Seconds that a date may lie ahead, as a box's clock may be a minute (dating.py). Beyond, the hub's own was ahead once."""
_NO_DATE = 1e11
"""Above it is none: seconds beyond the year 5000, and in SQLite texts and blobs, which are above every number
(sqlite.org/datatype3.html, "Sort Order")."""


def passing(db: sqlite3.Connection, now: float, *, sure: bool = True) -> Iterator[int]:
    """One whole pass: a piece each time, with how many rows it touched. It ends when nothing is due any more.

    ``sure``: the clock is synchronised, so what lies ahead of it was dated wrongly. Else the clock may be behind, as one without a
    battery is after a start, and what it calls the future is the truth: dated anew, all would soon be past its time and gone.
    """
    with transaction(db):
        _forget_last_words(db, now)
        if sure:
            _bring_back(db, now)
    touched = 1
    while touched:
        with transaction(db):
            touched = _strip_reports(db, now, PIECE) + (_redate(db, now, PIECE) if sure else 0)
        yield touched


class Retention:
    """What the service does of it by itself: a pass each minute, piece by piece between two commits of reports."""

    def __init__(self, db: sqlite3.Connection, sure: Callable[[], bool] = lambda: True) -> None:
        self._db, self._sure = db, sure
        self._pass: Iterator[int] | None = None
        self._began = -EVERY
        self.overdue = 0
        """What was past its time for longer than GRACE at the last look: more than none means that it does not keep up."""

    def turn(self, now: float, clock: float, *, at_least: int, free: Callable[[], bool]) -> None:
        """Some pieces, when a pass is due (``now`` since 1970, ``clock`` monotonic): ``at_least`` so many, more while ``free``.

        Raises sqlite3.Error; the pass then begins anew at the next turn.
        """
        if self._pass is None:
            if clock - self._began < EVERY:
                return
            self.overdue = overdue(self._db, now - GRACE)
            self._began, self._pass = clock, passing(self._db, now, sure=self._sure())
        try:
            for done in range(MOST_PIECES):
                if done >= at_least and not free():
                    return
                if next(self._pass, 0) == 0:
                    self._pass, self.overdue = None, overdue(self._db, now - GRACE)
                    return
        except sqlite3.Error:
            self._pass, self._began = None, clock - EVERY
            raise

    @property
    def under_way(self) -> bool:
        """Whether a pass has begun and not ended."""
        return self._pass is not None


def _forget_last_words(db: sqlite3.Connection, now: float) -> None:
    # A wish of days to come was written by a clock that has been set back since; whoever still looks wishes anew.
    db.execute("DELETE FROM watched WHERE until < ? OR until > ?", (now - _WATCHED_KEPT, now + _WATCHED_KEPT))
    db.execute("UPDATE boxes SET latest = '{}', measured = 0 WHERE measured > ?", (_NO_DATE,))
    _strip_results(db, now - RESULT_KEPT)
    for days in _lengths():
        _strip_latest(db, days, now - days * _DAY)


def _bring_back(db: sqlite3.Connection, now: float) -> None:
    """What a clock dated ahead that has been set back since is of now at the latest.

    Else a box would never be silent, its newest values never be replaced, and its self-test be kept until then.
    """
    for table, column in (("boxes", "first_seen"), ("boxes", "last_seen"), ("boxes", "measured"), ("refusals", "last")):
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} > ?", (now, now + AHEAD))
    at = "CASE WHEN json_valid(selftest) THEN json_extract(selftest, '$.at') END"
    tested = f"UPDATE boxes SET selftest = json_set(selftest, '$.at', ?) WHERE {at} > ? AND {at} <= ?"
    db.execute(tested, (now, now + AHEAD, _NO_DATE))


def _redate(db: sqlite3.Connection, now: float, limit: int) -> int:
    """Reports of a time to come: they would be kept so much longer."""
    coming, touched = "SELECT box, boot, sequence FROM reports WHERE stripped = ? AND at > ? AND at <= ? LIMIT ?", 0
    for stripped in _standing(db, _lengths()[-1]):
        moved = f"UPDATE reports SET at = ? WHERE (box, boot, sequence) IN ({coming})"
        touched += db.execute(moved, (now, stripped, now + AHEAD, _NO_DATE, limit)).rowcount
    return touched


def _strip_reports(db: sqlite3.Connection, now: float, limit: int) -> int:
    points = "SELECT id FROM live WHERE at < ? OR at > ? LIMIT ?"
    # A point of the future was dated by a clock that has been set back since.
    touched = db.execute(f"DELETE FROM live WHERE id IN ({points})", (now - LIVE_KEPT, now + LIVE_KEPT, limit)).rowcount
    touched += _drop_undated(db, limit)
    for days in _lengths():
        for stripped in _standing(db, days):
            query = f"SELECT {_ROW}, body FROM reports WHERE stripped = ? AND at < ? ORDER BY at LIMIT ?"
            for *row, body in db.execute(query, (stripped, now - days * _DAY, limit)).fetchall():
                _strip(db, days, row, body)
                touched += 1
    return touched


def _drop_undated(db: sqlite3.Connection, limit: int) -> int:
    """Reports that no date makes due; and where nobody knows how far a report was stripped, it is stripped from the start."""
    longest, keys, touched = _lengths()[-1], "SELECT box, boot, sequence FROM reports WHERE", 0
    for odd, bound in ((f"{keys} stripped < ? LIMIT ?", 0), (f"{keys} stripped >= ? LIMIT ?", longest)):
        touched += db.execute(f"UPDATE reports SET stripped = 0 WHERE (box, boot, sequence) IN ({odd})", (bound, limit)).rowcount
    undated = f"{keys} stripped = ? AND at > ? LIMIT ?"
    for stripped in _standing(db, longest):
        gone = db.execute(f"DELETE FROM reports WHERE (box, boot, sequence) IN ({undated})", (stripped, _NO_DATE, limit))
        touched += gone.rowcount
    return touched


def overdue(db: sqlite3.Connection, now: float) -> int:
    """How many reports and live points are past their time at ``now``, counted up to COUNTED of each kind."""
    rows = "SELECT 1 FROM reports WHERE stripped = ? AND at"
    due = f"SELECT count(*) FROM ({rows} < ? UNION ALL {rows} > ? LIMIT ?)"
    points = "SELECT count(*) FROM (SELECT 1 FROM live WHERE at < ? OR at > ? LIMIT ?)"
    found = int(db.execute(points, (now - LIVE_KEPT, _NO_DATE, COUNTED)).fetchone()[0])
    longest = dict[float, int]()
    for days in _lengths():
        for stripped in _standing(db, days):
            longest.setdefault(stripped, days)  # what is past a longer retention is past this one, too
    for stripped, days in longest.items():
        asked = (stripped, now - days * _DAY, stripped, _NO_DATE, COUNTED)
        found += int(db.execute(due, asked).fetchone()[0])
    return found


def _lengths() -> list[int]:
    """Retentions in days, the shortest first."""
    return sorted({metric.retention for metric in METRICS})


def _standing(db: sqlite3.Connection, days: int) -> list[float]:
    """How far rows were stripped before, of those that are less than ``days``: a leap through the index, not a walk."""
    found, last = list[float](), -1.0
    while True:
        least = db.execute("SELECT min(stripped) FROM reports WHERE stripped > ? AND stripped < ?", (last, days)).fetchone()[0]
        if least is None:
            return found
        found.append(last := least)  # as it stands there: half a day, rounded, would be found again and again


def _outlives(metric: Metric | None, days: int) -> bool:
    return metric is not None and metric.retention > days


def _read(body: bytes) -> dict[int, Wire]:
    """The values of a row; none of one that cannot be read: nobody else could read it either."""
    try:
        return decode_values(unpack(body), {})
    except (BadInput, TypeError):
        return {}


def _strip(db: sqlite3.Connection, days: int, row: Sequence[Any], body: bytes) -> None:
    key, kept = row[:3], {number: value for number, value in _read(body).items() if _outlives(BY_NUMBER.get(number), days)}
    if kept:
        done = db.execute(f"UPDATE reports SET body = ?, stripped = ? {_KEY}", (cbor2.dumps(encode_values(kept)), days, *key))
    else:
        done = db.execute(f"DELETE FROM reports {_KEY}", key)
    if not done.rowcount:
        db.execute(f"DELETE FROM reports {_STANDS}", row[3:])


def _strip_results(db: sqlite3.Connection, before: float) -> None:
    at = "CASE WHEN json_valid(selftest) THEN coalesce(json_extract(selftest, '$.at'), 0) ELSE 0 END"
    db.execute(f"UPDATE boxes SET selftest = '{{}}' WHERE selftest != '{{}}' AND NOT {at} BETWEEN ? AND ?", (before, _NO_DATE))


def _strip_latest(db: sqlite3.Connection, days: int, before: float) -> None:
    db.execute("UPDATE boxes SET latest = '{}' WHERE NOT json_valid(latest)")
    query = "SELECT CAST(box AS BLOB), latest FROM boxes WHERE measured < ? AND latest != '{}'"
    for box, latest in db.execute(query, (before,)).fetchall():
        told = as_object(latest)  # of what cannot be read nothing is kept
        kept = {name: value for name, value in told.items() if _outlives(BY_NAME.get(name), days)}
        if kept != told or not told:
            db.execute("UPDATE boxes SET latest = ? WHERE CAST(box AS BLOB) = ?", (json.dumps(kept, ensure_ascii=False), box))
