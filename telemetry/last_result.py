"""E The box's last self-test as it waits for the hub's acknowledgement: one file, replaced whole. See docs/adr/0081.

A newer result replaces one that waits: the hub shows the state of a box, not its history. What ``keep`` returned for survives a
power cut.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.clock import Moment
from appliance.errors import BadInput, NotSo
from appliance.files import read_json, write_json
from appliance.values import BoxId
from telemetry.message import Ack
from telemetry.result import Line, Result, is_news, lines_of


class LastResult:
    """``waiting`` is what the hub has not acknowledged, or None."""

    def __init__(self, path: Path, box: BoxId) -> None:
        self._path, self._box = path, box
        self._last, self._acknowledged = _read(path, box)
        self._journal = self._last.journal if self._last else secrets.token_bytes(8)

    @property
    def waiting(self) -> Result | None:
        """The result to send."""
        return None if self._acknowledged else self._last

    def keep(self, boot: bytes, moment: Moment, facts: Mapping[str, Any]) -> bool:
        """Keep what the self-test published, if it is news; whether it was. Raises NotSo when the disk refuses."""
        at, lines = facts.get("at"), lines_of(facts)
        uptime = min(at, int(moment.uptime)) if isinstance(at, int) and at >= 0 else int(moment.uptime)
        if not is_news(self._last, boot, uptime, lines):
            return False
        sequence = self._last.sequence + 1 if self._last else 1
        wall = max(0, int(moment.wall) - (int(moment.uptime) - uptime))
        self._put(Result(self._box, boot, self._journal, sequence, uptime, wall, moment.trust, lines), acknowledged=False)
        return True

    def acknowledge(self, ack: Ack) -> bool:
        """The hub has committed it. One for another file, or for an older result, changes nothing."""
        last = self.waiting
        if last is None or ack.journal != last.journal or ack.upto < last.sequence:
            return False
        self._put(last, acknowledged=True)
        return True

    def _put(self, result: Result, *, acknowledged: bool) -> None:
        told = {**asdict(result), "box": str(result.box), "boot": result.boot.hex(), "journal": result.journal.hex()}
        write_json(self._path, {"acknowledged": acknowledged, "result": told}, 0o600)
        self._last, self._acknowledged = result, acknowledged


def _read(path: Path, box: BoxId) -> tuple[Result | None, bool]:
    """What stands there; a damaged file, or another box's, is as none: the next self-test writes it anew."""
    try:
        value = read_json(path)
        if value is None:
            return None, True
        told = dict(value["result"])
        whole = {name: bytes.fromhex(told[name]) for name in ("boot", "journal")}
        lines = tuple(Line(**line) for line in told["lines"])
        result = Result(**{**told, **whole, "box": BoxId(told["box"]), "lines": lines})
    except (NotSo, BadInput, KeyError, TypeError, ValueError):
        return None, True
    return (result, value["acknowledged"] is True) if result.box == box else (None, True)
