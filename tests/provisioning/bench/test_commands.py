"""``campbox bench``: measured is done, met or not; progress is for terminals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from provisioning.bench import commands
from provisioning.bench.report import Budget, Result


@pytest.mark.parametrize("value", [5.0, 500.0])
def test_it_ends_with_0_whether_or_not_a_budget_is_met(value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(seconds: int, say: commands.progress.Say) -> list[Result]:
        say("measuring")
        return [Result("taps", value, "ms", Budget("<=", 50.0), runs=(value,))]

    monkeypatch.setitem(commands.BENCHES, "portal", measure)
    done = CliRunner().invoke(commands.bench, ["portal", "--json", str(tmp_path / "portal.json")])
    assert done.exit_code == 0, done.output
    assert "measuring" not in done.output, "the output of a test is no terminal"
    (result,) = json.loads((tmp_path / "portal.json").read_text())["results"]
    assert result["met"] is (value <= 50)
