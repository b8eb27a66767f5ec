"""E Sessions that somebody has ended before their time: both web processes of the hub ask for them at every page."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from appliance.errors import NotSo
from appliance.files import read_json, write_json
from appliance.layout import Layout

MOST = 10_000
"""Only who has the password makes sessions; the oldest go first."""
_NEVER = 1e11
"""Seconds since 1970: later than any session ends."""


class EndedSessions:
    """Session id -> when it would have ended by itself (seconds since 1970). Kept on disk, so that a restart revives none."""

    def __init__(self, layout: Layout) -> None:
        self._file = layout.data / "hub" / "ended-sessions.json"
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._ended: Mapping[str, float] = {}
        self._unwritten: dict[str, float] = {}

    def __contains__(self, session_id: object) -> bool:
        """Whether it was ended, by this process or another."""
        with self._lock:
            self._look()
            return session_id in self._ended or session_id in self._unwritten

    def end(self, session_id: str, until: float, now: float) -> bool:
        """Never take it again. False when that could not be written: then only this process knows, until it ends."""
        with self._lock:
            self._look()
            known = {**self._ended, **self._unwritten, session_id: until}
            kept = dict(sorted(((one, end) for one, end in known.items() if end > now), key=lambda item: item[1])[-MOST:])
            try:
                write_json(self._file, kept, 0o600)
            except NotSo:
                self._unwritten[session_id] = until
                return False
            self._unwritten.clear()
            self._look()
            return True

    def _look(self) -> None:
        seen = _identity(self._file)
        if seen == self._seen:
            return
        try:
            found = read_json(self._file)
        except NotSo:
            # What was known stays known: an unreadable file revives no session.
            return
        ended = found if isinstance(found, dict) else {}
        self._ended = {str(one): _until(end) for one, end in ended.items()}
        self._seen = seen


def _until(untrusted: object) -> float:
    """When it would have ended. Where that cannot be read, never: the session stays ended."""
    return float(untrusted) if isinstance(untrusted, (int, float)) and abs(untrusted) <= _NEVER else _NEVER


def _identity(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
