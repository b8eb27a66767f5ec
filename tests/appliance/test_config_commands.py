"""``campbox config``: what a right file is told, by words and as JSON, and what is only warned of."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from appliance.config import parse
from appliance.config_advice import warnings
from appliance.config_commands import config

SITE = (Path(__file__).resolve().parents[2] / "examples/site.toml").read_text("utf-8")
TWO = SITE + '\n[[uplink]]\ninterface = "wwan0"\ndown = "8mbit"\nup = "2mbit"\n'


def test_one_uplink_is_nothing_to_warn_of() -> None:
    assert warnings(parse(SITE), "site.toml") == []


def test_a_second_uplink_is_right_and_said_to_be_neither_shaped_nor_watched(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(TWO)
    done = CliRunner().invoke(config, ["check", str(file)])
    (line,) = done.stderr.splitlines()
    assert done.exit_code == 0 and "right" in done.stdout and "2 uplinks" in done.stdout
    assert line.startswith(f"campbox: {file}: [[uplink]] number 2: wwan0 ") and "not shaped" in line and "no fair share" in line


def test_a_check_as_json_is_json_alone_on_standard_output(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(TWO)
    told = json.loads(CliRunner().invoke(config, ["check", str(file), "--json"]).stdout)
    assert told["file"] == str(file) and told["site"] == "camp-north-1" and told["uplinks"] == 2
    assert told["languages"] and len(told["warnings"]) == 1
