"""The whole nftables text."""

from __future__ import annotations

import dataclasses

import pytest

from appliance.gate.ruleset import ruleset
from appliance.values import SELFTEST_PHONE
from tests import golden_files
from tests.appliance.gate.knowledge import CONFIG


@pytest.mark.parametrize(("knows", "name"), [(True, "gate.nft"), (False, "gate-one-bridge.nft")])
def test_the_example_site_gives_the_golden_text(knows: bool, name: str) -> None:
    golden_files.same(golden_files.FOLDER / name, ruleset(CONFIG, knows_bridges=knows))


def test_loading_it_again_flushes_first_so_that_no_rule_is_doubled() -> None:
    lines = ruleset(CONFIG).splitlines()
    assert lines[:4] == [
        "table inet campbox {}", "flush table inet campbox", "table bridge campbox {}", "flush table bridge campbox",
    ]  # fmt: skip
    assert not any("delete" in line or "flush ruleset" in line for line in lines)


def test_only_the_captive_can_be_in_too_much_of_a_hurry() -> None:
    lines = [line.strip() for line in ruleset(CONFIG).splitlines()]
    into = [line for line in lines if line.endswith("jump unhurried")]
    assert len(into) == 2 and all("ct state new" in line for line in into), "it is connections that are counted, not packets"
    assert ["meta mark 0 " in line for line in into] == ["tcp dport 443" not in line for line in into], "or TLS handshakes"


def test_nothing_is_forwarded_or_received_but_by_a_rule() -> None:
    text = ruleset(CONFIG)
    assert "hook forward priority filter; policy drop;" in text
    assert "hook input priority filter; policy drop;" in text


def test_two_uplinks_are_both_guarded() -> None:
    second = dataclasses.replace(CONFIG.uplinks[0], interface="wwan0")
    text = ruleset(dataclasses.replace(CONFIG, uplinks=(*CONFIG.uplinks, second)))
    assert 'oifname { "eth1", "wwan0" } masquerade' in text
    assert 'iifname != { "br-lan", "eth1", "wwan0" } oifname != { "br-lan", "eth1", "wwan0" } accept' in text


def test_the_phone_of_the_self_test_is_held_back_also_while_everybody_passes() -> None:
    [line] = [line for line in ruleset(CONFIG).splitlines() if "iifname @grace" in line]
    assert f"ether saddr != {SELFTEST_PHONE} meta mark set" in line
