"""P Which failures are looked at once more, and how often one test may need it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from provisioning.lanes import Lane, Said
from provisioning.second_look import MOST, SPENT, again, sighting, sightings, spent

PROJECT = Path(__file__).resolve().parents[2]
NET, VM = ("net", "tests/real/test_a.py::test_b[c d]"), ("vm", "tests/real/test_vm.py::test_e")
GREEN = Lane("places", 0, Said(9, 9))


def failing(*failed: tuple[str, str], status: int = 1, ran: int | None = 9) -> Lane:
    """A lane in which these failed."""
    return Lane("camp", status, Said(9, ran, failed=failed))


def test_a_real_test_that_failed_beside_the_other_lanes_is_looked_at_once_more() -> None:
    assert again([failing(NET), GREEN, failing(VM)]) == (NET[1], VM[1])
    assert again([failing(NET), failing(NET)]) == (NET[1],)


@pytest.mark.parametrize(
    "failed", [(), (("fast", "x"),), (NET, ("lint", "y")), tuple(("net", str(number)) for number in range(MOST + 1))]
)
def test_a_pure_test_has_no_such_excuse_and_many_failures_are_no_accident(failed: tuple[tuple[str, str], ...]) -> None:
    assert again([failing(*failed), GREEN]) == ()


@pytest.mark.parametrize("status", [-9, -15, 137, 2, 3, 4, 6, 255])
def test_t1_there_is_no_second_look_where_another_lane_ended_otherwise(status: int) -> None:
    assert again([failing(NET), GREEN, GREEN]) == (NET[1],)
    assert again([failing(NET), Lane("machines", status, Said(9)), GREEN]) == ()
    assert again([failing(NET), Lane("machines", status, Said(9, 9)), GREEN]) == ()


def test_t1_there_is_no_second_look_where_a_lane_left_early() -> None:
    assert again([failing(NET, ran=None), GREEN]) == ()
    assert again([failing(NET, ran=8), GREEN]) == ()
    assert again([failing(NET), Lane("machines", 0, Said(9, 8))]) == ()
    assert again([failing(NET, status=0), GREEN]) == ()


def test_sightings_are_counted_by_test_and_come_to_an_end() -> None:
    day, odd = date(2026, 11, 30), 'tests/real/test_a.py::test_b["\\x00"-\\u0645-é]'
    table = "# why\n" + sighting(NET[1], day, "4c22b93") * SPENT + sighting(odd, day, "unknown") * (SPENT - 1)
    assert sightings(table) == {NET[1]: SPENT, odd: SPENT - 1}
    assert spent((NET[1], VM[1], odd), sightings(table)) == (NET[1],)
    assert spent((odd,), sightings(table + sighting(odd, day, "4c22b93"))) == (odd,)


@pytest.mark.parametrize(
    "table",
    [
        "[[sighting]",
        'flake = "x"',
        '[sighting]\ntest = "x"',
        '[[sighting]]\ntest = "x"',
        '[[sighting]]\ntest = 1\nday = 2026-11-30\ncommit = "x"',
        '[[sighting]]\ntest = "x"\nday = "yesterday"\ncommit = "x"',
        '[[sighting]]\ntest = "x"\nday = 2026-11-30\ncommit = "x"\nexcuse = "y"',
    ],
)
def test_a_table_that_would_count_nothing_is_refused(table: str) -> None:
    with pytest.raises(ValueError):
        sightings(table)


def gone(table: str) -> list[str]:
    """Tests of a table that no file holds any more."""
    found = []
    for test in sightings(table):
        path, _, name = test.partition("::")
        file = PROJECT / path
        if not file.is_file() or f"def {name.split('[')[0].split('::')[-1]}(" not in file.read_text("utf-8"):
            found.append(test)
    return found


def test_every_sighting_is_of_a_test_that_is_there() -> None:
    assert gone((PROJECT / "tests/flakes.toml").read_text("utf-8")) == []


def test_a_sighting_of_a_test_that_is_gone_would_be_found() -> None:
    here = f"tests/provisioning/{Path(__file__).name}::{test_a_sighting_of_a_test_that_is_gone_would_be_found.__name__}"
    table = "".join(sighting(test, date(2026, 11, 30), "x") for test in (f"{here}[a]", "tests/gone.py::test_a", here + "_x"))
    assert gone(table) == ["tests/gone.py::test_a", here + "_x"]
