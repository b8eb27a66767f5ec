"""P What a run of tests comes to: each lane (one pytest) says what it collected and ran, and ends with a status (docs/adr/0180)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PASSED, FAILED, NO_TESTS = 0, 1, 5
"""The only endings after which a lane's word counts (docs.pytest.org, "Exit codes")."""
INTERRUPTED = 2
_ENDINGS = {
    INTERRUPTED: "was interrupted, or a test file could not be read (status 2)",
    3: "met an error inside pytest (status 3)",
    4: "was refused by pytest: wrong command line or no such test (status 4)",
}


@dataclass(frozen=True)
class Said:
    """What a lane noted: how many tests it had to run, how many came to their end, which failed (kind, node id), and of which kinds
    at least one passed.

    None: it did not come so far.
    """

    collected: int | None = None
    ran: int | None = None
    skipped: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lane:
    """A lane that has ended: its name, the exit status as ``subprocess`` tells it, and what it noted."""

    name: str
    status: int
    said: Said


@dataclass(frozen=True)
class Verdict:
    """What all lanes come to: PASSED, FAILED or NO_TESTS; why it failed; what passed on the second look alone; the kinds of which
    at least one test passed.
    """

    status: int
    why: str = ""
    second: tuple[str, ...] = ()
    passed: frozenset[str] = field(default=frozenset(), compare=False)


def collected(number: int) -> str:
    """The line of a lane that knows what it has to run."""
    return f"collected\t{number}\n"


def failed(kind: str, test: str) -> str:
    """The line for each failure, at once: a lane that is killed has said this much."""
    return f"failed\t{kind}\t{test}\n"


def passed(kind: str) -> str:
    """The line for the first test of a kind that passes."""
    return f"passed\t{kind}\n"


def ran(number: int, skipped: int) -> str:
    """A lane's last line. One that leaves early, in whatever way, does not write it."""
    return f"ran\t{number}\t{skipped}\n"


def read(notes: str) -> Said:
    """What a lane said. A last line that is cut off was not said; a line that has not its form makes the rest worth nothing."""
    try:
        return _read(notes)
    except ValueError:
        return Said()


def _read(notes: str) -> Said:
    lines = [line.split("\t") for line in notes.split("\n")[:-1]]
    numbers = {what: [int(word) for word in rest] for what, *rest in lines if what in ("collected", "ran")}
    failures = dict.fromkeys((kind, test) for what, kind, *rest in (line for line in lines if line[0] == "failed") for test in rest)
    ended, skipped = numbers.get("ran", [None, 0])
    (number,) = numbers.get("collected", [None])
    kinds = dict.fromkeys(kind for what, *rest in lines if what == "passed" for kind in rest)
    return Said(number, ended, skipped or 0, tuple(failures), tuple(kinds))


def unsound(lane: Lane) -> str | None:
    """Why nothing that this lane says counts; None where it does, be it a failure."""
    if lane.status not in (PASSED, FAILED, NO_TESTS):
        return f"{lane.name} {_ending(lane.status)}"
    if lane.said.ran is None or lane.said.collected is None:
        return f"{lane.name} ended with status {lane.status} before it had run what it collected"
    if lane.said.ran != lane.said.collected:
        return f"{lane.name} ran {lane.said.ran} of the {lane.said.collected} tests it collected"
    expected = FAILED if lane.said.failed else PASSED if lane.said.ran else NO_TESTS
    if lane.status != expected:
        noted = f"{len(lane.said.failed)} failures among {lane.said.ran} tests"
        return f"{lane.name} ended with status {lane.status} but noted {noted}"
    return None


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by signal {-status}"
    if status > 128:  # as a shell and unshare(1) tell it
        return f"was killed by signal {status - 128}"
    return _ENDINGS.get(status, f"ended with status {status}")


def verdict(lanes: Sequence[Lane]) -> Verdict:
    """One word for all, without a second look. A lane in which nothing of these kinds runs says nothing against the others."""
    if reasons := [reason for lane in lanes if (reason := unsound(lane)) is not None]:
        return Verdict(FAILED, "; ".join(reasons))
    statuses = {lane.status for lane in lanes}
    if FAILED in statuses:
        return Verdict(FAILED, "some tests failed")
    return Verdict(PASSED if PASSED in statuses else NO_TESTS, passed=passed_of(lanes))


def passed_of(lanes: Sequence[Lane]) -> frozenset[str]:
    """The kinds of which at least one test passed."""
    return frozenset(kind for lane in lanes for kind in lane.said.passed)


def unseen(verdict: Verdict, kinds: Sequence[str], *, chosen_by_name: bool) -> str | None:
    """Why a run in which nothing failed has not passed: a kind of which no test passed was looked at by nobody.

    Tests chosen by their names may be of fewer kinds; one at least must have passed. A skipped test has not.
    """
    if verdict.status == FAILED or (chosen_by_name and verdict.passed):
        return None
    missing = [kind for kind in kinds if kind not in verdict.passed]
    return f"no test of the kind {', '.join(missing)} has passed: all were skipped or left out" if missing else None


def second_verdict(tests: tuple[str, ...], alone: Lane) -> Verdict:
    """What it comes to when ``tests``, all that failed in sound lanes, were run once more: each must have run and passed."""
    if (reason := unsound(alone)) is not None:
        return Verdict(FAILED, reason)
    if alone.status != PASSED or alone.said.skipped or alone.said.ran != len(tests):
        return Verdict(FAILED, "some tests failed, alone too")
    return Verdict(PASSED, second=tests)
