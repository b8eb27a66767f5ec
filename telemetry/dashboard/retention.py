"""E Takes out of the store what is past the retention of its metric."""

from __future__ import annotations

import json
import sqlite3

import cbor2

from telemetry.message import decode_values, encode_values
from telemetry.metrics import BY_NAME, BY_NUMBER, METRICS
from telemetry.strict import unpack

LIVE_KEPT = 900
"""Seconds that live points are kept."""
_DAY = 86_400
RESULT_KEPT = 90 * _DAY
"""Seconds that the lines of a box's last self-test are kept."""
_KEY = "WHERE box = ? AND boot = ? AND sequence = ?"


def prune(db: sqlite3.Connection, now: float, limit: int = 5000) -> int:
    """Remove what is due, at most ``limit`` reports for each length of retention; how many were touched.

    Run it inside a transaction, and again while it touches ``limit`` or more.
    """
    db.execute("DELETE FROM live WHERE at < ?", (now - LIVE_KEPT,))
    old = "selftest != '{}' AND json_extract(selftest, '$.at') < ?"
    db.execute(f"UPDATE boxes SET selftest = '{{}}' WHERE {old}", (now - RESULT_KEPT,))
    touched = 0
    for days in sorted({metric.retention for metric in METRICS}):
        query = "SELECT box, boot, sequence, body FROM reports WHERE stripped < ? AND at < ? LIMIT ?"
        for box, boot, sequence, body in db.execute(query, (days, now - days * _DAY, limit)).fetchall():
            _strip(db, days, (box, boot, sequence), body)
            touched += 1
        _strip_latest(db, days, now - days * _DAY)
    return touched


def _strip(db: sqlite3.Connection, days: int, key: tuple[str, bytes, int], body: bytes) -> None:
    kept = {n: v for n, v in decode_values(unpack(body), {}).items() if n in BY_NUMBER and BY_NUMBER[n].retention > days}
    if kept:
        db.execute(f"UPDATE reports SET body = ?, stripped = ? {_KEY}", (cbor2.dumps(encode_values(kept)), days, *key))
    else:
        db.execute(f"DELETE FROM reports {_KEY}", key)


def _strip_latest(db: sqlite3.Connection, days: int, before: float) -> None:
    query = "SELECT box, latest FROM boxes WHERE measured < ? AND latest != '{}'"
    for box, latest in db.execute(query, (before,)).fetchall():
        kept = {name: value for name, value in json.loads(latest).items() if BY_NAME[name].retention > days}
        db.execute("UPDATE boxes SET latest = ? WHERE box = ?", (json.dumps(kept, ensure_ascii=False), box))
