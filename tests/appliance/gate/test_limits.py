"""What a running gate takes over from a new site file, and what it leaves for a start."""

from __future__ import annotations

from dataclasses import replace

from appliance.config import parse
from appliance.gate import limits
from tests.appliance.gate.knowledge import CONFIG, PROJECT

TEXT = (PROJECT / "examples" / "site.toml").read_text()


def test_session_and_idle_and_the_way_after_a_reboot_hold_at_once() -> None:
    wanted = parse(TEXT.replace('"12h"', '"3h"').replace('idle = "2h"', 'idle = "30min"').replace('"grace"', '"ask"', 1))
    found = limits.change(CONFIG, wanted)
    assert found.now == ("access.session", "access.idle", "access.after_reboot") and found.start == ()
    assert found.config == wanted


def test_what_needs_a_start_is_named_and_left_as_it_is() -> None:
    wanted = parse(TEXT.replace('"12h"', '"3h"').replace('"10mbit"', '"20mbit"').replace("10.44.0.1/20", "10.45.0.1/20"))
    wanted = replace(wanted, access=replace(wanted.access, identity="code"), hub=None)
    found = limits.change(CONFIG, wanted)
    assert found.now == ("access.session",)
    assert set(found.start) == {"uplink", "lan.address", "access.identity", "hub"}
    assert found.config.lan == CONFIG.lan and found.config.access.identity == "device" and found.config.access.session == 10_800


def test_the_same_file_changes_nothing() -> None:
    assert limits.change(CONFIG, CONFIG) == limits.Change(CONFIG, (), ())
