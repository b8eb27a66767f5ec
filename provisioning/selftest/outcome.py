"""P What came of one check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]
"""What an edge found out, as plain values."""
LONGEST = 200
"""Characters of a text: what the dashboard is sent."""


@dataclass(frozen=True)
class Outcome:
    """``ok`` is None where there is nothing to check. ``mend`` says what to do next, and is empty unless it failed."""

    ok: bool | None
    what: str
    mend: str = ""


def passed(what: str) -> Outcome:
    """All well."""
    return Outcome(True, what[:LONGEST])


def failed(what: str, mend: str) -> Outcome:
    """Something is to be done."""
    return Outcome(False, what[:LONGEST], mend[:LONGEST])


def nothing(what: str) -> Outcome:
    """Not applicable: this box has no such thing."""
    return Outcome(None, what[:LONGEST])
