"""Mutation testing itself: mutants differ, a sample is the same again, and what counts as enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation import report
from tests.mutation.report import Found, Reason, Tried

PROJECT = Path(__file__).resolve().parents[1]
HERE = PROJECT / "tests" / "mutation"
GROUPS = report.groups((HERE / "groups.toml").read_text("utf-8"))
REASONS = report.reasons((HERE / "survivors.toml").read_text("utf-8"))
TEXT = """def f(now, end):
    log.info("never %s", 1 + 1)
    return "words" if now < end and end > 3 else None
"""


def test_every_module_and_test_of_the_table_is_there() -> None:
    named = [path for group in GROUPS for path in (*group.modules, *group.tests)]
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_the_table_has_every_group_that_decides() -> None:
    """The issue's list: a group that is dropped is a group nobody tries."""
    wanted = "gate fairness hours search update outbox message noise ingest store verdict disks authority"
    assert {group.name for group in GROUPS} >= set(wanted.split())


def test_every_reason_is_of_a_line_that_still_stands() -> None:
    stands = {path: " ".join((PROJECT / path).read_text("utf-8").split()) for path, _, _ in REASONS}
    assert [(path, before) for path, before, _ in REASONS if " ".join(before.split()) not in stands[path]] == []
    assert [key for key, reason in REASONS.items() if len(reason.words) < 15] == [], "a reason says why"


def test_a_modules_own_tests_come_first_and_none_is_left_out() -> None:
    group = report.Group("g", ("a/one.py", "a/two.py"), ("tests/a/test_one.py", "tests/a/test_more.py", "tests/a/test_two.py"))
    assert group.tests_of("a/two.py") == ("tests/a/test_two.py", "tests/a/test_one.py", "tests/a/test_more.py")
    assert group.tests_of("a/three.py") == group.tests


def found(*outcomes: str, equivalent: int = 0, explained: bool = True) -> Found:
    tried = tuple(Tried("a.py", f"line {n}", "changed", outcome) for n, outcome in enumerate(outcomes))
    survivors = [one for one in tried if one.outcome == "survived"]
    reasons = {one.key: Reason("because of this", n < equivalent) for n, one in enumerate(survivors)} if explained else {}
    return Found("group", 100, tried, 1.0, reasons)


@pytest.mark.parametrize(
    ("what", "share"),
    [
        (found("killed", "killed", "survived"), 2 / 3),
        (found("killed", "timed out", "survived", equivalent=1), 1.0),
        (found("survived", equivalent=1), 1.0),
        (found("survived"), 0.0),
    ],
)
def test_only_mutants_that_do_something_else_count(what: Found, share: float) -> None:
    assert what.share == pytest.approx(share)


def test_a_survivor_without_a_reason_is_told() -> None:
    assert len(found("survived", "killed", explained=False).unexplained) == 1
    assert "**no reason yet**" in report.page([found("survived", explained=False)], "here", "1")
    assert "because of this" in report.page([found("survived", equivalent=1)], "here", "1")


def test_what_was_found_is_read_back() -> None:
    one = found("killed", "survived")
    assert report.from_json(report.as_json([one]), one.reasons) == [one]


def test_mutants_change_what_is_decided_and_leave_words_alone() -> None:
    mutants = pytest.importorskip("tests.mutation.mutants", reason="mutmut is installed by ./campbox test mutation alone")
    made = mutants.mutants("appliance/f.py", TEXT)
    after = {one.after for one in made}
    assert any("now <= end" in line for line in after) and any("now < end or end" in line for line in after)
    assert not any("log" in one.before or "XX" in one.after for one in made)
    for one in made:
        compile(one.text, "f.py", "exec")
    assert mutants.sample(range(40), 3, "seed") == [3, 8, 15], "the same ones in every process"
    assert len({tuple(mutants.sample(range(40), 3, str(n))) for n in range(20)}) > 10
    assert mutants.sample(made, 2, "seed") == [one for one in made if one in mutants.sample(made, 2, "seed")]
