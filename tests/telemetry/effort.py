"""What a message costs the hub, counted and never timed: lines of Python, steps of SQLite's own machine, bytes in the store."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from telemetry.dashboard.ingest import Ingester
from telemetry.dashboard.report_store import ReportStore, connect

BOX = "camp-1"
_STEPS = 10


@dataclass(frozen=True)
class Effort:
    """Of one message. ``stored`` counts what stands in the rows; ``told`` the refusals written down for it."""

    lines: int
    steps: int
    stored: int
    told: int

    def figures(self) -> tuple[int, ...]:
        """Those that are compared."""
        return self.lines, self.steps, self.stored


class Hub:
    """A store and an ingester, both emptied between two messages."""

    def __init__(self, folder: Path) -> None:
        self.db = connect(folder / "store.sqlite")
        self.acks: list[tuple[str, bytes]] = []
        self.ingester = Ingester(ReportStore(self.db), lambda topic, payload: self.acks.append((topic, payload)), now=lambda: 2e9)

    def effort(self, payload: bytes, leaf: str = "t", *, times: int = 1) -> Effort:
        """Of the last of ``times`` deliveries of this message."""
        for _ in range(times - 1):
            self.take(payload, leaf)
        before = self._stored()
        lines, steps = _counted(self.db, lambda: self.take(payload, leaf))
        found = Effort(lines, steps, self._stored() - before, self._told())
        self.clear()
        return found

    def take(self, payload: bytes, leaf: str = "t") -> None:
        """As it comes from the broker."""
        self.ingester.take([(f"campbox/v1/{BOX}/up/{leaf}", payload, False)])

    def clear(self) -> None:
        """As new."""
        for table in ("reports", "live", "boxes", "refusals"):
            self.db.execute(f"DELETE FROM {table}")

    def _stored(self) -> int:
        query = "SELECT coalesce(sum(60 + length(body)), 0) FROM"
        tables = ("reports", "live")
        rows = sum(int(self.db.execute(f"{query} {table}").fetchone()[0]) for table in tables)
        return rows + int(self.db.execute("SELECT coalesce(sum(length(latest) + length(selftest)), 0) FROM boxes").fetchone()[0])

    def _told(self) -> int:
        return int(self.db.execute("SELECT coalesce(sum(count), 0) FROM refusals").fetchone()[0])


def _counted(db: sqlite3.Connection, deed: Callable[[], None]) -> tuple[int, int]:
    lines = steps = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return line

    def step() -> int:
        nonlocal steps
        steps += _STEPS
        return 0

    before = sys.gettrace()
    db.set_progress_handler(step, _STEPS)
    sys.settrace(line)
    try:
        deed()
    finally:
        sys.settrace(before)
        db.set_progress_handler(None, 0)
    return lines, steps
