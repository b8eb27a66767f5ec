"""P Reading pytest's JUnit report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Case:
    """One test: the file's name without suffix, the function with its parameters, what became of it and what it said."""

    module: str
    name: str
    outcome: Outcome
    text: str


def read(report: str) -> list[Case]:
    """Every case of a report; an error in a fixture counts as failed."""
    return [_case(element) for element in ElementTree.fromstring(report).iter("testcase")]


def _case(element: ElementTree.Element) -> Case:
    bad = [child for child in element if child.tag in ("failure", "error")]
    skipped = element.find("skipped")
    outcome: Outcome = "failed" if bad else "skipped" if skipped is not None else "passed"
    said = bad or ([skipped] if skipped is not None else [])
    parts = [part for part in element.get("classname", "").split(".") if part and not part[0].isupper()]
    return Case(
        parts[-1] if parts else "", element.get("name", ""), outcome, "\n".join(f"{c.get('message')}\n{c.text}" for c in said)
    )
