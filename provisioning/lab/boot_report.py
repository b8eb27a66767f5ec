"""P A rehearsal's steps as data: what is told of each, and what is wrong with a box's self-test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Line = Mapping[str, Any]
"""One line of a self-test: ``name``, ``ok`` (None: nothing to check), ``what``, ``mend``."""


@dataclass(frozen=True)
class Step:
    """One step: does it hold (None: it was skipped), how long did it take (seconds), and what was seen."""

    name: str
    holds: bool | None
    seconds: float
    figure: str

    def line(self) -> str:
        """As people read it."""
        sign = {True: "ok", False: "NOT SO", None: "skipped"}[self.holds]
        return f"{sign:8}{self.name:18} {self.seconds:7.1f} s   {self.figure}"


def wrong_lines(lines: Iterable[Line], *, invented: bool) -> list[Line]:
    """What of a self-test does not hold; ``invented``: the hub's catalogue is, and a real box is right to have none."""
    return [line for line in lines if line["ok"] is False and not (invented and line["name"] == "catalogue")]


def in_words(lines: Iterable[Line]) -> str:
    """The lines in one."""
    return "; ".join(f"{line['name']}: {line['what']}" for line in lines)
