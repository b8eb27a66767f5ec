"""What docs/threats.md promises with a number: each row names the test that keeps it, and the numbers are the code's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from appliance.gate import bounds, codes, knowledge, ruleset
from captive_portal import front
from content_cache import delegated, due, layers
from provisioning.authority import desk
from telemetry.metrics import METRICS
from tests.appliance.gate.knowledge import CONFIG
from tests.captive_portal.site import LAYOUT, SITE

PROJECT = Path(__file__).resolve().parents[1]
THREATS = (PROJECT / "docs" / "threats.md").read_text("utf-8")
README = (PROJECT / "README.md").read_text("utf-8")
_REFERENCE = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
_NO_PROMISE = re.compile(r"`[^`]*`|RFC \d+|IPv[46]|Android \d+|\(/\d+\)")
"""What has a digit and promises nothing: code, standards, names of protocols and systems."""


def rows(text: str) -> list[str]:
    """Rows of tables."""
    return [line for line in text.splitlines() if line.startswith("|")]


def promises(row: str) -> bool:
    """Whether a row holds a number that is ours to keep."""
    return re.search(r"\d", _NO_PROMISE.sub("", row)) is not None


def faults(row: str) -> list[str]:
    """What is wrong with the tests a row names; a row that promises a number must name a function."""
    named = _REFERENCE.findall(row)
    found = [f"{path}::{name}" for path, name in named if not _is_there(path, name)]
    if promises(row) and not any(name for _, name in named):
        found.append(f"no test is named in: {row[:100]}")
    return found


def _is_there(path: str, name: str) -> bool:
    file = PROJECT / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text("utf-8"))
    return not name or any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree))


def test_every_number_names_the_test_that_keeps_it() -> None:
    assert [fault for row in rows(THREATS) for fault in faults(row)] == []


def test_the_readme_promises_no_number_about_people_without_its_test() -> None:
    private = [line for line in README.splitlines() if re.search(r"privacy|hardware address|noised|counts of people", line)]
    assert [fault for line in private for fault in faults(line)] == []


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("| a | kept 15 minutes |", True),
        ("| a | kept 15 minutes (`tests/test_promises.py`) |", True),
        ("| a | kept 15 minutes (`tests/test_promises.py::test_nowhere`) |", True),
        ("| a | kept long (`tests/gone.py`) |", True),
        ("| a | kept 15 minutes (`tests/test_promises.py::test_a_row_that_promises_in_vain_is_found`) |", False),
        ("| IPv6 | RFC 8910, `size 16` |", False),
    ],
)
def test_a_row_that_promises_in_vain_is_found(row: str, wrong: bool) -> None:
    assert bool(faults(row)) is wrong


def test_before_the_tap_a_device_has_250_connections_to_the_web_and_5_a_second() -> None:
    assert (ruleset.HURRY_AT_ONCE, ruleset.HURRY, bounds.WEB.at_once, bounds.NAMES_BY_TCP.at_once) == (250, 5, 250, 10)


def test_a_captive_device_that_opened_connections_is_forgotten_after_2_minutes() -> None:
    text = ruleset.ruleset(CONFIG)
    assert "timeout 2m" in text.split("set hurrying {", 1)[1].split("}")[0]


def test_1022_people_have_a_mark_of_their_own() -> None:
    assert len(knowledge.MARKS) == 1_022


def test_a_header_has_15_s_and_a_phone_8_unfinished_forms() -> None:
    text = front.files(SITE, LAYOUT)["nginx.conf"]
    assert "client_header_timeout 15s;" in text and "limit_conn senders 8;" in text


def test_counts_of_people_are_kept_90_days_and_those_that_show_growth_400() -> None:
    people = {metric.name: metric.retention for metric in METRICS if metric.people}
    assert set(people.values()) == {90, 400} and people["people_online"] == 400, people


def test_tokens_have_256_bits() -> None:
    assert desk.TOKEN_BYTES * 8 == 256


def test_a_version_that_loses_more_than_30_percent_is_held() -> None:
    assert due.MOST_LOST == 0.3


def test_layers_are_64_of_500_kb_with_16_kb_of_metadata() -> None:
    assert (delegated.MOST, layers.LARGEST, layers.LARGEST_ROLE) == (64, 500_000, 16_384)


def test_a_code_has_eight_secret_digits() -> None:
    assert codes.SECRET == 8
