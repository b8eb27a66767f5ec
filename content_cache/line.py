"""E The line as the gate sees it, and the brake on what is fetched over it: people come first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from appliance.errors import NotSo, Unreachable
from appliance.gate.client import ask
from appliance.layout import Layout
from content_cache.allowance import FREE, Line, Pace, pace

LOOK_EVERY = 3.0
"""Seconds between two looks at the line while something is fetched; the gate itself reads its counters every two."""


class PeopleFirst(NotSo):
    """People need the link: what was begun goes on later."""


class Brake:
    """Told of every piece that came, it waits as long as it must.

    ``waited``: seconds for which content has stood back already; ``rest``: bytes that are to come.
    """

    def __init__(
        self, look: Callable[[int], Line | None], waited: float = 0.0, rest: int = 2**40,
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._look, self._waited, self._rest, self._clock, self._sleep = look, waited, rest, clock, sleep
        self._before: Line | None = None
        self._pace: Pace = FREE
        self._looked, self._own, self._free_at = float("-inf"), 0, 0.0

    def begin(self) -> None:
        """Before the first piece: where somebody is online, see for a moment how full the line is. Raises PeopleFirst."""
        first = self._look(self._own)
        if first is None or first.active <= 0:
            return
        self._before = first
        self._sleep(LOOK_EVERY)
        self.came(0)

    def came(self, octets: int) -> None:
        """Wait until the next piece may come. Raises PeopleFirst."""
        self._own += octets
        now = self._clock()
        if now - self._looked >= LOOK_EVERY:
            self._judge(now)
        if self._pace.limit == 0:
            raise PeopleFirst(self._pace.why, mend="it goes on by itself")
        if self._pace.limit is not None:
            self._free_at = max(self._free_at, now) + octets / self._pace.limit
            if self._free_at > now:
                self._sleep(self._free_at - now)

    def _judge(self, now: float) -> None:
        line = self._look(self._own)
        self._looked = now
        if line is not None:
            self._pace = pace(self._before, line, self._waited, self._rest - self._own)
            self._before = line


def look(layout: Layout, own: int) -> Line | None:
    """The line now; None where no gate answers: then nobody's share is known, and content is not held back."""
    try:
        told: dict[str, Any] = ask(layout, {"do": "facts"})
        return Line(time.monotonic(), int(told["bytes_down"]), own, int(told["rate_down_bps"]), int(told["active_people"]))
    except (Unreachable, KeyError, TypeError, ValueError):
        return None
