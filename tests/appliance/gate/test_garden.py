"""The walled garden's part of the rules, and that a site without one has none of it."""

from __future__ import annotations

import dataclasses

from appliance import names
from appliance.gate.garden import GARDEN4, GARDEN6, GARDEN_DNS
from appliance.gate.ruleset import NEWCOMERS, ruleset
from tests.appliance.gate.knowledge import CONFIG

GARDEN = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, garden=("example.org",)))


def test_a_site_without_a_garden_has_nothing_of_it() -> None:
    assert "garden" not in ruleset(CONFIG) and str(GARDEN_DNS) not in ruleset(CONFIG)


def test_the_rules_differ_by_the_garden_alone() -> None:
    with_it, without = ruleset(GARDEN).splitlines(), ruleset(CONFIG).splitlines()
    assert [line for line in without if line not in with_it] == []


def test_only_the_web_is_open_and_only_while_the_uplink_is_up() -> None:
    accepting = [line for line in ruleset(GARDEN).splitlines() if f"@{GARDEN4} " in line or f"@{GARDEN6} " in line]
    assert len(accepting) == 6
    assert all("tcp dport 80" in line or "tcp dport { 80, 443 }" in line for line in accepting)
    [jump] = [line for line in ruleset(GARDEN).splitlines() if "jump pass_garden" in line]
    assert "iifname != @offline" in jump and "meta mark 0" in jump


def test_all_of_the_garden_has_one_mark_so_that_it_has_one_share() -> None:
    lines = [line.strip() for line in ruleset(GARDEN).splitlines()]
    assert len([line for line in lines if line.endswith(f"meta mark set {NEWCOMERS}") and "update @garden" in line]) == 2
    assert f"meta mark {NEWCOMERS} jump pass_out" in lines


def test_name_server_and_rules_mean_the_same_port() -> None:
    assert names.GARDEN_PORT == GARDEN_DNS
