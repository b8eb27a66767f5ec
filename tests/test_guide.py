"""The technician's guide names what is there: every line of the self-test, and the very words that boxes say."""

from __future__ import annotations

import re
from pathlib import Path

from provisioning.selftest.checks import CHECKS

PROJECT = Path(__file__).resolve().parent.parent
GUIDE = (PROJECT / "docs" / "technician.md").read_text("utf-8")
SOURCES = [path.read_text("utf-8") for path in (PROJECT / "provisioning").rglob("*.py")]


def section(title: str) -> str:
    """One chapter of the guide."""
    return GUIDE.split(f"{title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_line_of_the_self_test_has_its_row_in_order() -> None:
    rows = re.findall(r"(?m)^\| ([a-z0-9, ]+) \|", section("## 7. The self-test"))
    named = [name for row in rows if row != "line" for name in row.split(", ")]
    assert named == [check.name for check in CHECKS]


def test_every_message_that_is_quoted_is_said_by_the_programs() -> None:
    quoted = [words for words in re.findall(r"(?m)^\|.*?`([^`]+)`", section("## When something does not work"))]
    assert len(quoted) >= 6
    for message in quoted:
        piece = message.split("...")[-1].strip()
        assert any(piece in source for source in SOURCES), message
