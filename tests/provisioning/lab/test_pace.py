"""One factor for every wait: bounded, measured once, handed on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.lab import pace
from provisioning.lab.pace import MOST, REFERENCE, SHARED, VARIABLE, judged

PROJECT = Path(pace.__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "seconds, told",
    [
        ([REFERENCE / 10] * 7, 1.0), ([REFERENCE] * 7, 1.0), ([REFERENCE * 3] * 7, 3.0), ([REFERENCE * 1000] * 7, MOST),
        ([0.0, REFERENCE * 2, REFERENCE * 2, REFERENCE * 2, 60.0], 2.0),
    ],
)  # fmt: skip
def test_a_slower_machine_waits_longer_within_bounds_and_one_odd_look_changes_nothing(seconds: list[float], told: float) -> None:
    assert judged(seconds) == pytest.approx(told)


@pytest.mark.parametrize("told, used", [("1.00", 1.0), ("2.50", 2.5), ("10.00", 10.0)])
def test_what_the_run_measured_is_taken_over(told: str, used: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, told)
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.setattr(pace, "work", None)
    assert pace.patient(60.0) == 60.0 * used
    assert f"{used:.1f} times" in pace.line()


@pytest.mark.parametrize("odd", ["", "0", "0.5", "-3", "1000", "nan", "inf", "fast"])
def test_what_is_no_factor_is_measured_anew_and_told_on(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, odd)
    found = pace.factor()
    assert 1.0 <= found <= MOST
    assert pace.factor() == pytest.approx(found, abs=0.01)


def test_it_is_measured_once_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    done = list[int]()
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(pace, "work", lambda: done.append(1))
    pace.factor(), pace.patient(1.0), pace.line()
    assert len(done) == 7


@pytest.mark.parametrize(
    "parts, processors, said", [(6, 2, "3.00"), (3, 2, "1.50"), (2, 2, "1.00"), (1, 8, "1.00"), (50, 1, f"{MOST:.2f}")]
)
def test_lanes_that_share_a_processor_wait_longer_but_no_test_may_take_longer(
    parts: int, processors: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dashboard did not answer within 10 s beside five other lanes and an emulated machine."""
    assert pace.shared(parts, processors) == {SHARED: said}
    monkeypatch.setenv(VARIABLE, "1.50")
    monkeypatch.setenv(SHARED, said)
    assert pace.patient(10.0) == pytest.approx(min(MOST, 1.5 * float(said)) * 10.0)
    assert pace.limit(600.0) == 900.0
    assert pace.told() == {VARIABLE: "1.50", SHARED: said}


@pytest.mark.parametrize("odd", ["", "0", "0.5", "-3", "1000", "nan", "inf", "many"])
def test_what_is_no_share_changes_nothing(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2.00")
    monkeypatch.setenv(SHARED, odd)
    assert pace.patient(10.0) == 20.0


# --- no wait that stays as it is on a slow machine

LONG = 5.0
"""Seconds from which a wait is for what must come; shorter ones are for what must not, and a slow machine changes nothing there."""
WAITS = {"wait", "settimeout", "until", "create_connection", "poll", "urlopen"}
TOLD = {"timeout", "patience", "grace"}


def rigid(text: str) -> Iterator[str]:
    """Every wait in a source that is a bare number, or the name of one."""
    tree = ast.parse(text)
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def bare(node: ast.expr) -> bool:
        found = named.get(node.id) if isinstance(node, ast.Name) else node
        return isinstance(found, ast.Constant) and type(found.value) in (int, float) and found.value >= LONG

    for node in ast.walk(tree):
        waits = list[ast.expr]()
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            waits += node.args if name in WAITS else []
            waits += [one.value for one in node.keywords if one.arg in TOLD]
        if isinstance(node, ast.FunctionDef):
            defaulted = node.args.args[len(node.args.args) - len(node.args.defaults) :] + node.args.kwonlyargs
            values = [*node.args.defaults, *node.args.kw_defaults]
            waits += [value for one, value in zip(defaulted, values, strict=True) if value is not None and one.arg in TOLD]
        if isinstance(node, ast.BinOp) and ast.unparse(node.left) == "time.monotonic()":
            waits.append(node.right)
        yield from (f"line {wait.lineno}: {ast.unparse(wait)}" for wait in waits if bare(wait))


@pytest.mark.parametrize("folder", ["tests/real", "tests/browser", "provisioning/lab"])
def test_every_wait_for_what_must_come_is_as_long_as_this_machine_needs(folder: str) -> None:
    files = sorted((PROJECT / folder).glob("*.py"))
    assert [f"{file.name} {found}" for file in files for found in rigid(file.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "source, lines",
    [
        ("run(argv, timeout=60)", 1), ("run(argv, timeout=patient(60))", 0), ("run(argv, timeout=0.5)", 0), ("process.wait(60)", 1),
        ("LIMIT = 90.0\nuntil(question, LIMIT, 'it comes')", 1), ("LIMIT = patient(90.0)\nuntil(question, LIMIT, 'it comes')", 0),
        ("deadline = time.monotonic() + 180", 1), ("def ask(*, patience: float = 30.0): pass", 1),
        ("def ask(host: str, timeout: float = 30): pass", 1), ("PATIENCE = 300\nrun(argv, timeout=PATIENCE)", 1),
    ],
)  # fmt: skip
def test_a_wait_that_is_not_would_be_found(source: str, lines: int) -> None:
    assert len(list(rigid(source))) == lines
