"""P Which test files each of several processes takes, so that all end at about the same time (docs/adr/0182)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

USUAL = 0.2
"""What a file costs that the table does not name, in seconds: more often less than more."""


def split(files: Iterable[str], costs: Mapping[str, float], number: int) -> tuple[frozenset[str], ...]:
    """``number`` shares; each file is in one. Dearest first, to whoever has least so far (R. L. Graham 1969: "LPT")."""
    shares: list[set[str]] = [set() for _ in range(number)]
    loads = [0.0] * number
    for file in sorted(set(files), key=lambda file: (-costs.get(file, USUAL), file)):
        least = loads.index(min(loads))
        shares[least].add(file)
        loads[least] += costs.get(file, USUAL)
    return tuple(frozenset(share) for share in shares)


def others(files: Iterable[str], costs: Mapping[str, float], share: str) -> frozenset[str]:
    """The files that share "1/2", the first of two, leaves to the other. Raises ValueError when it is none."""
    ours, _, number = share.partition("/")
    if not 1 <= int(ours) <= int(number):
        raise ValueError(f"{share} is no share such as 1/2")
    shares = split(files, costs, int(number))
    return frozenset().union(*shares) - shares[int(ours) - 1]


def table(costs: Mapping[str, Mapping[str, float]]) -> str:
    """The text of ``tests/costs.toml``: for each lane the files that cost more than the usual, dearest first."""
    return _HEAD + "".join(f"\n[{lane}]\n{_rows(costs[lane])}" for lane in costs)


def _rows(costs: Mapping[str, float]) -> str:
    dear = sorted(((file, spent) for file, spent in costs.items() if spent > USUAL), key=lambda one: (-one[1], one[0]))
    return "".join(f'"{file}" = {spent:.1f}\n' for file, spent in dear)


_HEAD = """\
# What the dearest test files cost in each lane: written by tests/processor.py (docs/benchmarks/tests.md). Only how `campbox test`
# splits a lane into shares hangs on this: a figure that is wrong costs time, never a test. Processor seconds for the fast tests,
# which keep the processors busy; seconds by the clock for the others, which wait.
"""
