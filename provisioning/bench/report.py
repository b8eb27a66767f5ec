"""P What a benchmark measured, beside its budget and a peer: one format for terminal, JSON and docs/benchmarks."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Compare = Literal["<=", ">=", "=="]
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


@dataclass(frozen=True)
class Budget:
    """What DESIGN section 7 allows."""

    op: Compare
    value: float


@dataclass(frozen=True)
class Peer:
    """What someone would use instead, measured in the same run."""

    name: str
    value: float


@dataclass(frozen=True)
class Result:
    """One figure; ``runs`` are the single measurements ``value`` was drawn from (their median unless ``name`` says else)."""

    name: str
    value: float
    unit: str
    budget: Budget | None = None
    peer: Peer | None = None
    runs: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; None without one."""
        return None if self.budget is None else _COMPARE[self.budget.op](self.value, self.budget.value)

    def as_json(self) -> dict[str, Any]:
        """The contract's shape."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "budget": None if self.budget is None else {"op": self.budget.op, "value": self.budget.value},
            "met": self.met,
            "peer": None if self.peer is None else {"name": self.peer.name, "value": self.peer.value},
            "runs": list(self.runs),
        }


def median(name: str, values: Sequence[float], unit: str, budget: Budget | None = None, peer: Peer | None = None) -> Result:
    """The median of several runs, with the runs."""
    return Result(name, statistics.median(values), unit, budget, peer, tuple(values))


def as_json(machine: dict[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """A whole report in the contract's shape."""
    return {"machine": machine, "results": [result.as_json() for result in results]}


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that at least ``share`` (0..1] of all are not above.

    Raises ValueError when there are no values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def number(value: float) -> str:
    """A figure for people: three significant digits, thousands set apart."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(results: Sequence[Result]) -> str:
    """A Markdown table; it reads well in a terminal, too."""
    rows = [("what", "measured", "budget", "met", "instead")]
    for r in results:
        budget = "" if r.budget is None else f"{r.budget.op} {number(r.budget.value)}"
        met = {None: "", True: "yes", False: "NO"}[r.met]
        peer = "" if r.peer is None else f"{r.peer.name}: {number(r.peer.value)}"
        rows.append((r.name, f"{number(r.value)} {r.unit}", budget, met, peer))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
