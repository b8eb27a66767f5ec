"""P Every test file runs in one of the shares, whatever the table of costs says, and they end at about the same time."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning import testing
from provisioning.shares import USUAL, others, split, table
from tests import conftest, fuzz

NAMES = st.text("ab/", max_size=4)
COSTS = st.dictionaries(NAMES, st.floats(0, 1e6), max_size=20)
TESTS = Path(__file__).resolve().parents[1]


@given(st.lists(NAMES, max_size=40), COSTS, st.integers(1, 9))
def test_each_file_is_in_one_share_and_no_share_has_more_than_one_file_too_many(
    files: list[str], costs: dict[str, float], number: int
) -> None:
    shares = split(files, costs, number)
    assert len(shares) == number and sorted(file for share in shares for file in share) == sorted(set(files))
    loads = [sum(costs.get(file, USUAL) for file in share) for share in shares]
    assert max(loads) - min(loads) <= max((costs.get(file, USUAL) for file in files), default=0) + 1e-6
    assert split(list(reversed(files)), costs, number) == shares, "the order in which a disk lists them is no matter"
    for n, share in enumerate(shares, 1):
        assert others(files, costs, f"{n}/{number}") == set(files) - share


@pytest.mark.parametrize("share", ["0/2", "3/2", "1", "a/b", "", "-1/2"])
def test_what_is_no_share_is_refused(share: str) -> None:
    with pytest.raises(ValueError):
        others(["a"], {}, share)


def test_the_table_is_written_dearest_first_and_read_back() -> None:
    costs = {"fast": {"b/test_b.py": 2.04, "test_a.py": 30, "test_c.py": USUAL, "test_d.py": 2.04}, "camp": {"real/test_e.py": 9}}
    read = tomllib.loads(table(costs))
    assert list(read["fast"].items()) == [("test_a.py", 30.0), ("b/test_b.py", 2.0), ("test_d.py", 2.0)]
    assert read == {"fast": read["fast"], "camp": {"real/test_e.py": 9.0}}


@pytest.mark.parametrize("minutes", [0.0, 2.0])
def test_what_has_a_process_of_its_own_costs_a_share_nothing_and_minutes_of_fuzzing_are_counted(
    minutes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = dict[str, float]()
    monkeypatch.setattr(conftest.shares, "others", lambda files, costs, share: asked.update(costs) or frozenset())
    monkeypatch.setattr(fuzz, "MINUTES", minutes)
    conftest._of_other_shares.__wrapped__("fast", "1/2")
    assert asked["test_lint.py"] == 0 and (asked["test_fuzz.py"] == 120) == (minutes == 2)


def test_the_table_names_files_that_there_are() -> None:
    costs = tomllib.loads((TESTS / "costs.toml").read_text("utf-8"))
    assert [name for lane in costs.values() for name in lane if not (TESTS / name).is_file()] == []
    assert {"fast", *testing.HALVES} <= set(costs)


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("lane", ["fast", "camp"])
def test_pytest_leaves_out_what_is_in_another_share_or_of_another_kind_and_nothing_else(lane: str, number: int) -> None:
    """A file that the table's reader has not seen is read by everybody, rather than by nobody."""
    kept: list[Path] = []
    files = sorted(path for path in TESTS.rglob("*.py"))
    for n in range(1, number + 1):
        config = cast("pytest.Config", SimpleNamespace(getoption={"share": f"{n}/{number}", "lane": lane}.get))
        kept += [path for path in files if conftest.pytest_ignore_collect(path, config) is None]
    tests = sorted(path for path in kept if path.name.startswith("test_"))
    every = [path for path in files if path.name.startswith("test_")]
    others = [path for path in every if conftest.is_of_another_kind(path.read_text("utf-8"))] if lane == "fast" else []
    assert tests == [path for path in every if path not in others]
    assert kept.count(TESTS / "conftest.py") == number


def test_the_lanes_that_pytest_knows_are_those_that_are_run() -> None:
    asked = list[tuple[str, ...]]()

    def addoption(name: str, **more: Any) -> None:
        asked.extend([more["choices"]] if name == "--lane" else [])

    conftest.pytest_addoption(cast("pytest.Parser", SimpleNamespace(addoption=addoption)))
    assert [set(choices) for choices in asked] == [set(testing.LANES)]


@pytest.mark.parametrize(
    "text, other",
    [
        ("pytestmark = pytest.mark.net\n", True),
        ("import pytest\npytestmark = [\n    pytest.mark.image,\n    pytest.mark.timeout(9),\n]\n", True),
        ("pytestmark = [pytest.mark.browser]\n", True),
        ("pytestmark = pytest.mark.lint\n", False),
        ("pytestmark = pytest.mark.network_of_mine\n", False),
        ("class TestIt:\n    pytestmark = pytest.mark.net\n", False),
        ("@pytest.mark.net\ndef test_it(): ...\ndef test_fast(): ...\n", False),
    ],
)
def test_a_file_is_of_another_kind_when_it_marks_every_test_of_it(text: str, other: bool) -> None:
    assert conftest.is_of_another_kind(text) == other
