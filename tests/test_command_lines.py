"""Every command line that Campbox tells people to type is one that it takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

import click
import pytest

from appliance.cli import campbox
from tests.test_architecture import MODULES, PROJECT

TOLD = re.compile(r"(?<![`/\w])campbox (?!noise\n)([a-z]+\b[^`\n;]*)")
VALUE = re.compile(r"[A-Z][\w.]*\Z|-|.*[./=]")


def _literals() -> Iterator[tuple[str, str]]:
    for module in MODULES.values():
        for node in (node for node in module.nodes if isinstance(node, (ast.Constant, ast.JoinedStr))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            words = "".join(p.value if isinstance(p, ast.Constant) and isinstance(p.value, str) else "X" for p in parts)
            if not words.startswith("Example:"):
                yield from ((module.name, line) for line in TOLD.findall(words))


def refuses(line: str, *, whole: bool) -> str | None:
    """Why ``line`` is not taken. Unless it is ``whole``, it ends where words of a sentence begin."""
    context, command, rest = click.Context(campbox), campbox, shlex.split(line) if whole else line.split()
    while isinstance(command, click.Group) and rest:
        found = command.get_command(context, rest[0].strip(".,:)"))
        if found is None:
            return f"no command {rest[0]}"
        context, command, rest = click.Context(found, parent=context), found, rest[1:]
    end = len(rest) if whole else next((n for n, word in enumerate(rest) if not VALUE.match(word)), len(rest))
    try:
        if whole or end:
            command.make_context("", [word.rstrip(".,:)") for word in rest[:end]], parent=context)
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:  # a value that stands for another one cannot be right
        return None if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter) else str(error)
    return None


def test_each_is_taken() -> None:
    told = list(_literals())
    assert len(told) > 40
    assert {pair: why for pair in told if (why := refuses(pair[1], whole=False))} == {}


def _commands(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        below = command.get_command(context, name)
        assert below is not None
        yield from _commands(below, click.Context(below, parent=context))


def test_each_example_is_taken_whole() -> None:
    examples = [(command.epilog or "").partition("campbox ")[2] for command in _commands(campbox, click.Context(campbox))]
    assert len(examples) > 30
    assert {line: why for line in examples if (why := refuses(line, whole=True))} == {}


def test_each_line_of_the_papers_that_is_to_be_typed_is_taken_whole() -> None:
    texts = [path.read_text("utf-8") for path in (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))]
    lines = [
        line.partition(" #")[0] for text in texts for line in re.findall(r"^ *(?:sudo )?(?:\./)?campbox ([a-z].*)$", text, re.M)
    ]
    assert len(lines) > 10
    assert {line: why for line in lines if (why := refuses(line, whole=True))} == {}


@pytest.mark.parametrize("line", ["catalogue import FILE", "catalogue imprt", "flash --lst shows them", "config check"])
def test_it_bites(line: str) -> None:
    assert refuses(line, whole=line == "config check")
