"""P Which failed tests are looked at once more, alone, after lanes that ran side by side, and how often one may need it
(docs/adr/0160, 0180).

Lanes share two cores, so a test of real servers may fail for the others' sake. One that fails alone too has failed. Whatever is
pure has no such excuse, many failures at once are no accident, and a lane that did not run to its end may hide any failure.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from provisioning.lanes import FAILED, Lane, unsound

MOST = 3
"""Failed tests at most."""
SPENT = 3
"""Sightings after which a test has no second look left."""
_REAL = ("net", "browser", "vm", "image")


def again(lanes: Sequence[Lane]) -> tuple[str, ...]:
    """The tests (pytest's node ids) to be looked at once more; none where the failures stand."""
    failures = dict.fromkeys(failure for lane in lanes for failure in lane.said.failed)
    unfit = any(unsound(lane) is not None for lane in lanes) or all(lane.status != FAILED for lane in lanes)
    if unfit or len(failures) > MOST or any(kind not in _REAL for kind, _ in failures):
        return ()
    return tuple(test for _, test in failures)


def sightings(table: str) -> Mapping[str, int]:
    """How often each test was seen to fail beside others and pass alone, by the text of tests/flakes.toml.

    Raises ValueError when it is no such table.
    """
    found = tomllib.loads(table)
    rows = found.get("sighting", [])
    if set(found) - {"sighting"} or not isinstance(rows, list):
        raise ValueError("it holds something else than [[sighting]]")
    for row in rows:
        if set(row) != {"test", "day", "commit"} or not isinstance(row["test"], str) or not isinstance(row["day"], date):
            raise ValueError(f"a sighting is test, day and commit, not {row}")
    return Counter(row["test"] for row in rows)


def spent(tests: Sequence[str], seen: Mapping[str, int]) -> tuple[str, ...]:
    """Those that have no second look left."""
    return tuple(test for test in tests if seen.get(test, 0) >= SPENT)


def sighting(test: str, day: date, commit: str) -> str:
    """The lines to add to tests/flakes.toml. A JSON string whose letters stand for themselves is TOML's (TOML 1.0.0, "String")."""
    quoted = json.dumps(test, ensure_ascii=False)
    return f"\n[[sighting]]\ntest = {quoted}\nday = {day.isoformat()}\ncommit = {json.dumps(commit)}\n"
