"""What is tried on a fresh machine: the README's two commands, as they stand there, and nothing of this run within that one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.errors import BadInput
from provisioning import testing
from provisioning.lab import fresh, machine
from provisioning.lab.kinds_of_tests import KINDS

README = (Path(fresh.__file__).resolve().parents[2] / "README.md").read_text("utf-8")


def test_both_commands_of_the_readme_are_tried_in_its_order() -> None:
    block = re.search(r"## Two commands\n.*?```\n(.*?)```", README, re.S)
    assert block is not None
    named = [line.split("#")[0].split() for line in block[1].splitlines()]
    tried = [line.split() for line in fresh.commands(None)]
    assert [line[: len(words)] for line, words in zip(tried, named, strict=True)] == named
    assert "--check" in tried[0], "nobody sits at the keyboard"
    assert tried[1] == named[1], "the whole, no kind less"


@pytest.mark.parametrize("only", ["gate", "not (slow or odd)", "a' ; rm -rf /"])
def test_only_reaches_the_second_command_as_one_word(only: str) -> None:
    assert shlex.split(fresh.commands(only)[1]) == ["./campbox", "test", "--only", only]
    assert fresh.commands(only)[0] == fresh.commands(None)[0]


def test_the_machine_has_what_the_readme_asks_for_and_no_more() -> None:
    assert machine.NOTHING_BUT == ("git", "python3")
    assert "with nothing but git and Python" in README


@pytest.mark.parametrize("kinds", [["fresh", "fast"], ["all", "fresh"]])
def test_it_stands_alone(kinds: list[str]) -> None:
    assert isinstance(CliRunner().invoke(testing.test, kinds).exception, BadInput)


def test_no_other_run_has_it_in_it() -> None:
    assert "fresh" not in KINDS


def test_what_failed_is_said_with_its_status_and_time() -> None:
    assert str(fresh.Done("./campbox demo", 1, 90.0)) == "./campbox demo: ended with 1 after 1.5 min"
    assert str(fresh.Done("./campbox demo", 0, 90.0)) == "./campbox demo: passed after 1.5 min"
