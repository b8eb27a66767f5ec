"""E How fast this machine is, measured once a run: every wait of the tests and the lab is as much longer as it is slower.

Also how many parts of a run share a processor, which the test command knows: each of them gets its part of the machine only.

The waits in the sources are those of the machine they were chosen on. ``patient`` is the one place where they become this one's;
nothing is ever judged by it.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable

VARIABLE = "CAMPBOX_PACE"
"""Hands the factor down to the processes of a run, so that it is measured once."""
SHARED = "CAMPBOX_PACE_SHARED"
"""How many parts of a run share one processor; 1 without it."""
REFERENCE = 0.055
"""Seconds that ``work`` takes on the machine the waits were chosen on, whose two quiet cores run all tests in 15 minutes."""
MOST = 10.0
"""However slow a machine: a wait is for what may never come, too."""
_LOOKS = 7


def patient(seconds: float) -> float:
    """How long to wait here for what may take ``seconds`` on the reference machine with nothing beside it."""
    return seconds * multiple()


def limit(seconds: float) -> float:
    """The longest that a whole test, or a whole machine of them, may take: chosen with everything beside it."""
    return seconds * factor()


def multiple() -> float:
    """What a wait is multiplied by: the machine's factor, times the parts of the run that share a processor; 1 to ``MOST``."""
    return min(MOST, factor() * _share())


def shared(parts: int, processors: int) -> dict[str, str]:
    """For the environment of each of so many parts of a run that go side by side."""
    return {SHARED: f"{min(MOST, max(1.0, parts / processors)):.2f}"}


def factor() -> float:
    """How many times slower than the reference this machine is, 1 to ``MOST``: by ``VARIABLE``, else measured and told on."""
    found = _number(os.environ.get(VARIABLE, ""))
    if found is None:
        found = judged([_seconds(work) for _ in range(_LOOKS)])
        os.environ[VARIABLE] = f"{found:.2f}"
    return found


def told() -> dict[str, str]:
    """For the environment of a process that is given one of its own."""
    return {VARIABLE: f"{factor():.2f}", SHARED: f"{_share():.2f}"}


def judged(seconds: list[float]) -> float:
    """The factor by several looks at the same work: their median, since a short one may have been lucky or interrupted."""
    return min(MOST, max(1.0, statistics.median(seconds) / REFERENCE))


def line() -> str:
    """For people, at the start of a run."""
    return (
        f"{platform.node() or 'this machine'}, {os.cpu_count()} processors: waits are {factor():.1f} times the reference machine's"
    )


def work() -> int:
    """The fixed work: what an interpreter does all day, in one thread, without a file."""
    record = {"a": [1, 2.5, "x" * 20, None], "b": {str(number): number * number for number in range(50)}}
    total = 0
    for _ in range(600):
        total += len(json.loads(json.dumps(record, sort_keys=True))["b"])
        total += sum(number * number % 7 for number in range(200))
    return total


def _seconds(deed: Callable[[], object]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def _share() -> float:
    return _number(os.environ.get(SHARED, "")) or 1.0


def _number(text: str) -> float | None:
    """A factor that may be one; anything else is measured anew."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 1.0 <= found <= MOST else None
