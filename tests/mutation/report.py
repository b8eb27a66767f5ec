"""P What mutation testing found, as a table: what was tried, what was killed, and why each survivor may live."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEAST = 0.85
"""Share of the mutants that are not equivalent which a test must kill."""


@dataclass(frozen=True)
class Group:
    """Modules that decide one thing, and the tests that are to notice a wrong line of them."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def tests_of(self, module: str) -> tuple[str, ...]:
        """All its tests, the module's own first: a run ends at the first that fails."""
        own = f"/test_{module.rpartition('/')[2]}"
        return tuple(sorted(self.tests, key=lambda test: not test.endswith(own)))


@dataclass(frozen=True)
class Reason:
    """Why a mutant may survive. ``equivalent``: no test could tell it from the original."""

    words: str
    equivalent: bool


@dataclass(frozen=True)
class Tried:
    """One mutant that was tried."""

    path: str
    before: str
    after: str
    outcome: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By which its reason is found."""
        return self.path, self.before, self.after


@dataclass(frozen=True)
class Found:
    """What came of one group: how many mutants there are, those that were tried, seconds of one run of its tests."""

    group: str
    possible: int
    tried: tuple[Tried, ...]
    seconds: float = 0.0
    reasons: Mapping[tuple[str, str, str], Reason] = field(default_factory=dict)

    @property
    def survivors(self) -> list[Tried]:
        """In the order of their files."""
        return [one for one in self.tried if one.outcome == "survived"]

    @property
    def equivalent(self) -> int:
        """Survivors that no test could tell from the original."""
        return sum(1 for one in self.survivors if one.key in self.reasons and self.reasons[one.key].equivalent)

    @property
    def share(self) -> float:
        """Killed of those that are not equivalent."""
        counted = len(self.tried) - self.equivalent
        return (len(self.tried) - len(self.survivors)) / counted if counted else 1.0

    @property
    def unexplained(self) -> list[Tried]:
        """Survivors without a reason."""
        return [one for one in self.survivors if one.key not in self.reasons]


def groups(text: str) -> list[Group]:
    """The table of groups (TOML)."""
    return [Group(one["name"], tuple(one["modules"]), tuple(one["tests"])) for one in tomllib.loads(text)["group"]]


def reasons(text: str) -> dict[tuple[str, str, str], Reason]:
    """The table of survivors (TOML)."""
    rows: Iterable[Mapping[str, Any]] = tomllib.loads(text).get("survivor", ())
    return {(row["path"], row["before"], row["after"]): Reason(row["reason"], row["equivalent"]) for row in rows}


def page(found: Sequence[Found], machine: str, seed: str) -> str:
    """docs/benchmarks/mutation.md."""
    lines = [
        "# Mutation testing",
        "",
        "Would a test fail if a line of decisive code were wrong? `./campbox test mutation [PATH]` changes one line at a time",
        f"(mutmut's operators; words for people are left alone) and runs the tests of that group. Sample by the seed `{seed}`.",
        f"At least {LEAST:.0%} of the mutants that differ in what they do must be killed. {machine}.",
        "",
        "| group | modules | mutants | tried | killed | equivalent | killed of the others |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        killed = len(one.tried) - len(one.survivors)
        modules = ", ".join(f"`{path}`" for path in dict.fromkeys(tried.path for tried in one.tried))
        lines.append(
            f"| {one.group} | {modules} | {one.possible} | {len(one.tried)} | {killed} | {one.equivalent} | {one.share:.0%} |"
        )
    lines += ["", "## Survivors", "", "| module | line | became | why it may live |", "|---|---|---|---|"]
    for one in found:
        for tried in one.survivors:
            reason = one.reasons.get(tried.key)
            why = "**no reason yet**" if reason is None else ("equivalent: " if reason.equivalent else "") + reason.words
            lines.append(f"| `{tried.path}` | {_code(tried.before)} | {_code(tried.after)} | {why} |")
    return "\n".join(lines) + "\n"


def _code(line: str) -> str:
    return "`` " + line.replace("|", "\\|") + " ``" if line else "(nothing)"


def as_json(found: Sequence[Found]) -> list[dict[str, Any]]:
    """For the file beside the page: groups that are not tried again keep their rows."""
    return [
        {
            "group": one.group, "possible": one.possible, "seconds": round(one.seconds, 2),
            "tried": [{"path": t.path, "before": t.before, "after": t.after, "outcome": t.outcome} for t in one.tried],
        }
        for one in found
    ]  # fmt: skip


def from_json(told: Sequence[Mapping[str, Any]], known: Mapping[tuple[str, str, str], Reason]) -> list[Found]:
    """The reverse of ``as_json``, with the reasons of today."""
    return [
        Found(one["group"], one["possible"], tuple(Tried(**tried) for tried in one["tried"]), one["seconds"], known) for one in told
    ]
