"""E Deeds that failed in a way nobody foresaw: one line in the log, a count, and a pause that grows while it goes on.

The outermost loop of a service asks it. A line names the kind of error and the place in our code, never an error's own words:
those may quote an address or a name. Only our own errors are quoted, which are written for people.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.errors import CampboxError

log = logging.getLogger(__name__)
FIRST, LONGEST = 0.01, 30.0
"""Seconds: the first pause and the longest."""
CALM = 60.0
"""Seconds without a failure after which the past is forgotten; the same failure is said anew so often at most."""
_PROJECT = Path(__file__).resolve().parents[1]


class Trouble:
    """``count``: failures since the service began."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._clock = clock
        self._last = self._said_at = float("-inf")
        self._said = ""
        self._pause = 0.0

    def note(self, deed: str, error: BaseException) -> float:
        """Count it and say it where that is news; how many seconds to wait before going on."""
        now = self._clock()
        self.count += 1
        self._pause = FIRST if now - self._last >= CALM else min(LONGEST, self._pause * 2)
        self._last = now
        said = f"{deed} failed: {' / '.join(dict.fromkeys(map(_words, _chain(error))))}"
        if said != self._said or now - self._said_at >= CALM:
            self._said, self._said_at = said, now
            log.error("%s; the service goes on (failure %d since it began)", said, self.count)
        return self._pause


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that were being dealt with when it was raised (PEP 3134); not what caused one of ours."""
    seen = set[int]()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__context__ if one.__cause__ is None else one.__cause__.__context__


def _words(error: BaseException) -> str:
    if isinstance(error, CampboxError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((f for f in reversed(frames) if Path(f.filename).is_relative_to(_PROJECT)), frames[-1] if frames else None)
    place = f" at {Path(ours.filename).name}:{ours.lineno}" if ours else ""
    return f"{type(error).__name__}{place}"
