"""E A property tried for seconds in every run, and for the minutes of ``CAMPBOX_FUZZ_MINUTES``: two in continuous integration.

Round n tries the same examples in every run, so that what fails once fails again; with ``CAMPBOX_RANDOM=1`` it tries new ones.

CAMPBOX_FUZZ_MINUTES=10 CAMPBOX_RANDOM=1 python -m pytest tests/test_fuzz.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings

from provisioning import modes

MINUTES = float(os.environ.get("CAMPBOX_FUZZ_MINUTES", "0"))
"""For all of them together."""
EXAMPLES, ROUND = 300, 5_000
TARGETS = 5
"""How many tests share the minutes; ``tests/test_fuzz.py`` counts."""


def fuzzed(test: Callable[..., None]) -> Callable[..., None]:
    """Give a ``@given`` test its number of examples: one short round, or long rounds of other seeds until its time is over."""
    random = modes.read(os.environ).random
    trying: Any = settings(max_examples=ROUND if MINUTES else EXAMPLES, suppress_health_check=list(HealthCheck))(test)

    def rounds() -> None:
        over, count = time.monotonic() + MINUTES * 60 / TARGETS, 0
        while count == 0 or time.monotonic() < over:
            (trying if random else seed(count)(trying))()
            count += 1
        print(f"{test.__name__}: {count} rounds")

    rounds.__name__, rounds.__doc__ = test.__name__, test.__doc__
    timed: Callable[..., None] = pytest.mark.timeout(MINUTES * 60 + 300)(rounds)
    return timed
