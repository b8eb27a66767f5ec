"""P When the self-test runs again: seldom once all is well, soon while it is not; and how long one run waits."""

from __future__ import annotations

AFTER_PASS, AFTER_FAILURE, AFTER_EARLY_FAILURE = 3600.0, 600.0, 60.0
EARLY = 900.0
"""Seconds after power on in which things may still come up by themselves: enrolment, the first catalogue, a modem."""
FIRST_PATIENCE, LATER_PATIENCE = 45.0, 9.0
"""Seconds a failing check is tried again: at the first run of a boot everything comes up one after the other."""
LONGEST_ROUND = 45.0
"""Seconds that asking everything once takes where nothing answers; a round may begin just before patience ends."""
PASSED = '"state": "passed"'
"""How the facts file says so; found without a JSON reader."""


def is_due(told: str | None, age: float, uptime: float) -> bool:
    """Whether to run. ``told`` is the facts file, or None where there is none; ``age`` its age (negative: the clock was set)."""
    if told is None or age < 0:
        return True
    if PASSED in told:
        return age >= AFTER_PASS
    return age >= (AFTER_EARLY_FAILURE if uptime < EARLY else AFTER_FAILURE)


def patience(*, first: bool) -> float:
    """For how many seconds failing checks are tried again."""
    return FIRST_PATIENCE if first else LATER_PATIENCE
