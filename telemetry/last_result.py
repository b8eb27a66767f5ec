"""E The box's last self-test as it waits for the hub's acknowledgement: one file, replaced whole. See docs/adr/0081.

A newer result replaces one that waits: the hub shows the state of a box, not its history. What ``keep`` returned for survives a
power cut.
"""

from __future__ import annotations

import logging
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
from telemetry.result import Line, Result, decode, encode, is_news, lines_of

log = logging.getLogger(__name__)


class LastResult:
    """``waiting`` is what the hub has not acknowledged, or None. Raises NotSo while the file cannot be read or written.

    A disk that refuses to be read says nothing about the file: it is read when it can be. What is damaged is set aside.
    """

    def __init__(self, path: Path, box: BoxId) -> None:
        self._path, self._box = path, box
        self._last: Result | None = None
        self._loaded, self._acknowledged, self._journal = False, True, b""

    @property
    def waiting(self) -> Result | None:
        """The result to send."""
        self._load()
        return None if self._acknowledged else self._last

    def _load(self) -> None:
        if self._loaded:
            return
        self._last, self._acknowledged = _read(self._path, self._box)
        self._journal = self._last.journal if self._last else secrets.token_bytes(8)
        self._loaded = True

    def keep(self, boot: bytes, moment: Moment, facts: Mapping[str, Any]) -> bool:
        """Keep what the self-test published, if it is news; whether it was. Raises NotSo when the disk refuses."""
        self._load()
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
    """What stands there. Another box's is as none; a damaged file is set aside, and the next self-test writes it anew."""
    try:
        value = read_json(path)
        if value is None:
            return None, True
        told = dict(value["result"])
        whole = {name: bytes.fromhex(told[name]) for name in ("boot", "journal")}
        lines = tuple(Line(**line) for line in told["lines"])
        found = Result(**{**told, **whole, "box": BoxId(told["box"]), "lines": lines})
        if decode(encode(found)) != found:  # the hub would refuse it for ever
            raise ValueError("not a result")
        acknowledged = value["acknowledged"] is True
    except NotSo as error:
        if isinstance(error.__cause__, OSError):
            raise
        return _set_aside(path, error)
    except (BadInput, KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        return _set_aside(path, error)
    return (found, acknowledged) if found.box == box else (None, True)


def _set_aside(path: Path, why: Exception) -> tuple[None, bool]:
    log.warning("%s is damaged and is set aside: %s", path.name, why)
    try:
        path.replace(path.with_suffix(".damaged"))
    except OSError as error:
        raise NotSo(f"cannot set it aside: {error.strerror}", where=str(path), mend="see to the card") from error
    return None, True
