"""The picture of a benchmark says which budgets are met, and by how much."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from provisioning.bench.plot import LEAST, MOST, NAMES, WIDTH, plot, used
from provisioning.bench.report import Budget, Result

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("value", "budget", "part"),
    [
        (5, Budget("<=", 50), 0.1),
        (100, Budget("<=", 50), 2.0),
        (80_000, Budget(">=", 40_000), 0.5),
        (20_000, Budget(">=", 40_000), 2.0),
        (0, Budget(">=", 40_000), math.inf),
        (0, Budget("==", 0), None),
        (7, None, None),
    ],
)
def test_a_bar_is_the_part_of_the_budget_that_is_used(value: float, budget: Budget | None, part: float | None) -> None:
    assert used(Result("a", value, "", budget)) == part


def test_the_picture_holds_a_bar_for_every_figure_with_a_budget_and_shows_what_is_missed() -> None:
    results = [
        Result("fast <enough> (runs: a, b)", 10, "ms", Budget("<=", 50)),
        Result("too slow", 100, "ms", Budget("<=", 50)),
        Result("nothing at all", 0, "req/s", Budget(">=", 8_000)),
        Result("only told", 3, "kB"),
    ]
    picture = ElementTree.fromstring(plot("The portal & its budgets", results))
    texts = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]
    assert "The portal & its budgets" in texts and "fast <enough>" in texts and "10 ms" in texts and "only told" not in texts
    bars = list(picture.iter(f"{SVG}rect"))[1:]
    assert [bar.get("fill") for bar in bars] == ["#1b7f4d", "#b3261e", "#b3261e"]
    budget = max(float(line.get("x1", 0)) for line in picture.iter(f"{SVG}line") if line.get("stroke-width"))
    ends = [float(bar.get("x", 0)) + float(bar.get("width", 0)) for bar in bars]
    assert ends[0] < budget < ends[1] <= ends[2] <= WIDTH
    assert all(float(bar.get("x", 0)) == NAMES for bar in bars) and LEAST < 1 < MOST
