"""E One deed that overtakes another: the quick one writes when the slow one has read and not written yet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PATIENCE, HELD = 10.0, 0.5
"""Seconds: until the slow deed must have read; and for which it then waits, as a lock may keep the quick one waiting for it."""


@contextmanager
def overtaken(monkeypatch: pytest.MonkeyPatch, owner: Any, reads: str, slow: Callable[[], object]) -> Iterator[None]:
    """``slow`` runs beside until ``owner`` has answered its first call of ``reads``; then the body is done, and ``slow`` ends."""
    read, written, answer = threading.Event(), threading.Event(), getattr(owner, reads)

    def slowly(*arguments: Any) -> Any:
        found = answer(*arguments)
        if not read.is_set():
            read.set()
            written.wait(HELD)
        return found

    monkeypatch.setattr(owner, reads, slowly)
    beside = threading.Thread(target=slow)
    beside.start()
    try:
        assert read.wait(PATIENCE)
        yield
    finally:
        written.set()
        beside.join()
