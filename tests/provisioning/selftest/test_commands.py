"""``campbox box selftest``: the service's own process, its lines as they come, and what stands in its way said in one line."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

from appliance import facts
from appliance.box_commands import box
from appliance.layout import Layout
from provisioning.selftest import commands
from provisioning.selftest.checks import CHECKS, line, result
from provisioning.selftest.outcome import failed, passed

WELL = {check.name: passed("well") for check in CHECKS}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    layout = Layout.under(tmp_path, Path("/opt/campbox"))
    for folder in (layout.etc, layout.facts_dir, layout.service_run("selftest")):
        folder.mkdir(parents=True)
    layout.config_file.write_text("")
    return tmp_path


def plays(monkeypatch: pytest.MonkeyPatch, root: Path, outcomes: dict[str, Any], code: int = 0, said: str = "") -> list[list[str]]:
    """Instead of a process: the lines that one would print, and the facts it would leave."""
    started: list[list[str]] = []

    def spawn(argv: list[str], **_: Any) -> Any:
        started.append(argv)
        if outcomes:
            facts.publish(Layout.under(root, Path("/opt/campbox")), "selftest", result(outcomes, at=1, seconds=2.0))
        lines = "".join(json.dumps(line(name, outcome)) + "\n" for name, outcome in outcomes.items())
        return SimpleNamespace(stdout=io.StringIO(lines), returncode=code, communicate=lambda: ("", said))

    monkeypatch.setattr(commands, "spawn", spawn)
    return started


def test_it_is_found_beside_the_boxs_own_commands() -> None:
    names = box.list_commands(click.Context(box))
    assert {"up", "status", "selftest"} <= set(names)
    assert box.get_command(click.Context(box), "selftest") is commands.selftest
    assert box.get_command(click.Context(box), "no-such") is None


def test_every_line_is_printed_and_the_exit_says_the_sum(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = plays(monkeypatch, root, WELL)
    done = CliRunner().invoke(box, ["selftest", "--root", str(root)])
    assert done.exit_code == 0 and len(done.output.splitlines()) == len(CHECKS) + 1 and "all well" in done.output
    assert started[0][-2:] == ["--now", "--lines"] and "setpriv" in started[0][0]
    plays(monkeypatch, root, {**WELL, "hub": failed("it does not answer", "Start it.")})
    done = CliRunner().invoke(box, ["selftest", "--root", str(root)])
    assert done.exit_code == 1 and "Start it." in done.output and "1 failed" in done.output


def test_as_json_it_prints_the_facts_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plays(monkeypatch, root, WELL)
    done = CliRunner().invoke(box, ["selftest", "--json", "--root", str(root)])
    assert json.loads(done.output)["state"] == "passed"


def test_what_stands_in_the_way_is_one_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plays(monkeypatch, root, {}, code=1, said="first\nselftest: campbox.toml:3: x is unknown")
    done = CliRunner().invoke(box, ["selftest", "--root", str(root)])
    assert "campbox.toml:3: x is unknown" in str(done.exception)
    (root / "etc" / "campbox.toml").unlink()
    assert "no box was started" in str(CliRunner().invoke(box, ["selftest", "--root", str(root)]).exception)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "not root" in str(CliRunner().invoke(box, ["selftest", "--root", str(root)]).exception)
