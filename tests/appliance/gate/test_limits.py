"""What a running gate takes over from a new site file, and what it leaves for a start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.config import Hub, parse
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


@pytest.mark.parametrize(
    ("before", "after", "less"),
    [
        (None, None, False), (None, 10.0, True), (10.0, None, False), (10.0, 10.0, False), (10.0, 10.5, False), (10.0, 9.5, True),
        (0.5, 10.0, False),
    ],
)  # fmt: skip
def test_only_a_smaller_volume_or_the_first_one_is_less(before: float | None, after: float | None, less: bool) -> None:
    old, new = (replace(CONFIG, access=replace(CONFIG.access, daily_mb=mb)) for mb in (before, after))
    assert limits.less_volume(old, new) is less


@pytest.mark.parametrize(("key", "value"), [("session", 60), ("idle", 61), ("after_reboot", "ask"), ("daily_mb", 7.0)])
def test_each_of_these_holds_at_once_and_alone(key: str, value: object) -> None:
    wanted = replace(CONFIG, access=replace(CONFIG.access, **{key: value}))  # type: ignore[arg-type]
    assert limits.change(CONFIG, wanted) == limits.Change(wanted, (f"access.{key}",), ())


@pytest.mark.parametrize(
    ("key", "value"), [("portal_name", "other.example"), ("api_name", "api.example"), ("garden", ("example.org",))]
)
def test_every_other_key_of_access_waits_and_the_live_ones_beside_it_do_not(key: str, value: object) -> None:
    wanted = replace(CONFIG, access=replace(CONFIG.access, session=60, **{key: value}))  # type: ignore[arg-type]
    found = limits.change(CONFIG, wanted)
    assert (found.now, found.start) == (("access.session",), (f"access.{key}",))
    assert getattr(found.config.access, key) == getattr(CONFIG.access, key) and found.config.access.session == 60


def test_a_section_that_comes_or_goes_or_is_no_table_is_named_as_a_whole() -> None:
    with_hub = replace(CONFIG, hub=Hub("hub.example.org", None))
    without = replace(CONFIG, hub=None)
    assert limits.change(with_hub, without).start == limits.change(without, with_hub).start == ("hub",)
    assert limits.change(with_hub, replace(with_hub, hub=Hub("other.example.org", None))).start == ("hub.host",)
    assert limits.change(CONFIG, replace(CONFIG, uplinks=CONFIG.uplinks * 2)).start == ("uplink",), "as the file calls it"
    both = replace(CONFIG, site=replace(CONFIG.site, name="Other", country="XX"))
    assert limits.change(CONFIG, both).start == ("site.name", "site.country")
