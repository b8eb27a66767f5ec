"""The table of what one device may use up: each row is in the kernel's rules, has its test, and stands in the papers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from appliance.gate.bounds import ASKERS, BOUNDS, FORWARDED, LEASES, NAMES, REMEMBERED, UNANSWERED, Bound
from appliance.gate.bridge import ROOM
from appliance.gate.ruleset import ruleset
from tests.appliance.gate.knowledge import CONFIG

PROJECT = Path(__file__).resolve().parents[3]
RULES = [line.strip() for line in ruleset(CONFIG).splitlines()]
EACH = pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)


@EACH
def test_every_bound_is_a_set_of_the_kernels_and_a_rule_that_refuses(bound: Bound) -> None:
    assert f"set {bound.name} {{" in RULES
    kept = [line for line in RULES if f"@{bound.name} {{" in line]
    assert kept and all(line.endswith(("drop", "goto overfull", "reject with tcp reset")) for line in kept)
    wanted = (
        f"ct count over {bound.at_once}" if bound.rate is None else f"limit rate over {bound.rate} burst {bound.at_once} packets"
    )
    assert all(wanted in line for line in kept)


@EACH
def test_every_bound_is_kept_by_a_test_that_exists(bound: Bound) -> None:
    path, _, name = bound.test.partition("::")
    tree = ast.parse((PROJECT / path).read_text())
    assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}


@EACH
def test_every_bound_stands_in_the_papers(bound: Bound) -> None:
    row = next(line for line in (PROJECT / "docs/threats.md").read_text().splitlines() if line.startswith(f"| {bound.resource} |"))
    assert f"{bound.at_once:,}" in row and bound.test.partition("::")[0] in row
    assert bound.rate is None or bound.rate.replace("/", " a ") in row


def test_no_honest_phone_comes_near() -> None:
    assert NAMES.at_once > 2 * 60 * 3, "a page with sixty names, three questions each, opened twice"
    assert LEASES.at_once >= 4 * 4, "four tries of RFC 2131 section 4.1, four times over"


def test_the_name_servers_have_room_for_devices_at_their_bound() -> None:
    assert NAMES.rate is not None
    steady = int(NAMES.rate.partition("/")[0]) * UNANSWERED
    assert ASKERS * (NAMES.at_once + steady) <= FORWARDED


def test_one_device_does_not_fill_the_table_of_connections() -> None:
    assert REMEMBERED.at_once * 16 <= ROOM["net/netfilter/nf_conntrack_max"]


def test_whoever_asks_for_an_address_is_compared_with_its_frame_after_fragments_are_put_together() -> None:
    [hook] = [RULES[at + 1] for at, line in enumerate(RULES) if line == "chain bounds {"]
    assert hook == "type filter hook prerouting priority mangle - 10; policy accept;"
    at = RULES.index("chain leasing {")
    assert RULES[at + 4] == "drop", "whatever matches nothing is not passed on"
