"""What the papers say can be done, can be done; what they show is there and small."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from appliance.cli import campbox

PROJECT = Path(__file__).resolve().parent.parent
PAPERS = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
LARGEST_PICTURE = 150_000


def commands(text: str) -> Iterator[str]:
    """Every ``./campbox ...`` of a block or between backticks, without what follows a #."""
    for line in re.findall(r"(?:^|`)(?:sudo )?\./campbox ([^`\n]*)", text, re.M):
        yield line.split("#")[0].strip()


def fault(line: str) -> str | None:
    """Why the command line knows no such command, or None."""
    command: click.Command = campbox
    context = click.Context(campbox)
    words = shlex.split(line)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]!r} in: {line}"
        command, words = found, words[1:]
    if isinstance(command, click.Group) and "--help" not in words:
        return f"a command is missing in: {line}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"no option {unknown[0]} in: {line}" if unknown else None


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_command_in_the_papers_exists(paper: Path) -> None:
    assert [found for line in commands(paper.read_text("utf-8")) if (found := fault(line))] == []


def test_the_readme_names_the_two_commands() -> None:
    named = list(commands((PROJECT / "README.md").read_text("utf-8")))
    assert "demo" in named and "test" in named


@pytest.mark.parametrize("line", ["dmeo", "demo --fones 3", "box", "box pu site.toml"])
def test_a_command_that_does_not_exist_would_be_found(line: str) -> None:
    assert fault(line) is not None


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_picture_shown_is_there_and_says_what_it_shows(paper: Path) -> None:
    text = paper.read_text("utf-8")
    shown = re.findall(r'<img src="([^"]+)"', text) + re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert [name for name in shown if not (paper.parent / name).exists()] == []
    assert all("alt=" in tag for tag in re.findall(r"<img [^>]*>", text))


def test_pictures_are_small() -> None:
    assert [p.name for p in (PROJECT / "docs" / "pictures").iterdir() if p.stat().st_size > LARGEST_PICTURE] == []


@pytest.mark.parametrize("paper", [*PAPERS, *sorted((PROJECT / "docs" / "adr").glob("*.md"))], ids=lambda path: path.name)
def test_decisions_and_guides_are_short(paper: Path) -> None:
    assert len(paper.read_text("utf-8").splitlines()) <= 150
