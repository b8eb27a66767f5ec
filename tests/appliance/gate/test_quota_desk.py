"""Volumes in a gate on fakes: counted, cut, explained, brought along by a code, and kept through restart and power cut."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from appliance.config import SiteConfig
from appliance.gate import codes
from appliance.gate.admission import Memory
from appliance.gate.service import Gate
from tests.appliance.gate.knowledge import CONFIG, mac
from tests.appliance.gate.test_code_desk import enter, take
from tests.appliance.gate.test_service import OTHER, PHONE, PHONE6, World, ask

MB = 1_000_000
DAY = 86_400


def volumes(config: SiteConfig = CONFIG, **access: Any) -> SiteConfig:
    return dataclasses.replace(config, access=dataclasses.replace(config.access, **{"daily_mb": 10.0, **access}))


LIMITED, CODED = volumes(), volumes(identity="code")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "slow_hash", lambda secret, salt: (salt + secret.encode()).ljust(codes.DIGEST)[: codes.DIGEST])


def later(world: World, gate: Gate, seconds: float = 6) -> None:
    world.now += seconds
    world.wall += seconds
    gate.tick()


def uses(world: World, gate: Gate, megabytes: float, number: int = 1) -> None:
    """The device sends so much, and the gate looks."""
    world.kernel.uses(mac(number), int(megabytes * MB))
    later(world, gate)


def left(gate: Gate, ip: str = PHONE) -> float:
    return float(ask(gate, "status", ip)["quota"]["bytes_remaining"] / MB)


def test_a_site_without_volumes_counts_nothing_and_says_so() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    uses(world, gate, 5_000)
    ask(gate, "dismiss", PHONE)
    assert ask(gate, "status", PHONE)["quota"] is None and world.kernel.spent == {}


def test_a_person_is_told_what_is_left_and_until_when() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    uses(world, gate, 4)
    told = ask(gate, "status", PHONE6)["quota"]
    assert told["bytes"] == 10 * MB and told["bytes_remaining"] == 6 * MB and 0 < told["renews_seconds"] <= DAY


def test_who_has_used_it_up_passes_no_longer_and_is_told_why_and_everybody_else_stays() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    ask(gate, "admit", OTHER)
    uses(world, gate, 10)
    assert world.kernel.element(mac(1)) is None and world.kernel.element(mac(2)) is not None
    assert ask(gate, "status", PHONE)["state"] == "captive" and left(gate) == 0
    refused = ask(gate, "admit", PHONE)
    assert refused["ok"] is False and refused["why"] == "used-up" and 0 < refused["renews_seconds"] <= DAY
    assert 1 in world.forgotten, "what is under way ends as well"


def test_dismissing_and_forgetting_oneself_brings_nothing_back() -> None:
    world = World()
    gate = world.gate(LIMITED)
    for deed, used in (("dismiss", 4), ("erase", 5)):
        ask(gate, "admit", PHONE)
        uses(world, gate, used)
        ask(gate, deed, PHONE)
    ask(gate, "admit", PHONE)
    assert left(gate) == 1


def test_the_next_day_everybody_begins_anew_and_nobody_is_cut_for_it() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    ask(gate, "admit", OTHER)
    uses(world, gate, 10)
    uses(world, gate, 7, number=2)
    later(world, gate, DAY / 2)
    later(world, gate, DAY / 2)
    assert ask(gate, "admit", PHONE)["ok"] and left(gate) == 10
    ask(gate, "admit", OTHER)
    assert left(gate, OTHER) == 10 and world.kernel.spent == {}


def test_midnight_comes_while_somebody_is_online() -> None:
    world = World()
    gate = world.gate(volumes(session=3 * DAY, idle=3 * DAY))
    ask(gate, "admit", PHONE)
    uses(world, gate, 7)
    told = ask(gate, "status", PHONE)["quota"]["renews_seconds"]
    later(world, gate, told - 1)
    assert left(gate) == 3
    later(world, gate, 2)
    assert left(gate) == 10 and ask(gate, "status", PHONE)["state"] == "admitted"
    uses(world, gate, 4)
    assert left(gate) == 6


def test_a_restart_forgets_nothing() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    uses(world, gate, 3)
    ask(gate, "dismiss", PHONE)
    ask(gate, "admit", PHONE)
    uses(world, gate, 2)
    ask(gate, "admit", OTHER)
    uses(world, gate, 10, number=2)
    again = world.gate(LIMITED, gate.memory)
    later(world, again)
    assert left(again) == 5 and left(again, OTHER) == 0
    assert ask(again, "admit", OTHER)["why"] == "used-up"


def test_a_restart_over_midnight_begins_the_new_day() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    uses(world, gate, 10)
    world.now += DAY
    world.wall += DAY
    again = world.gate(LIMITED, gate.memory)
    later(world, again)
    assert ask(again, "admit", PHONE)["ok"] and left(again) == 10


def test_after_a_power_cut_devices_begin_anew_for_nothing_of_them_is_on_the_disk() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    uses(world, gate, 10)
    again = world.gate(LIMITED, gate.memory, boot="boot-2")
    assert left(again) == 10 and world.kernel.spent == {}


def test_what_stands_on_disk_of_volumes_is_the_day_alone() -> None:
    world = World()
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    later(world, gate)
    assert gate.memory is not None and world.memories[-1] == Memory("boot-1", True, gate.quota.date)


def test_the_volume_follows_the_code_to_another_device() -> None:
    world = World()
    gate = world.gate(CODED)
    code = take(gate)
    uses(world, gate, 4)
    assert enter(gate, code, OTHER)["ok"]
    assert left(gate, OTHER) == left(gate) == 6
    uses(world, gate, 5, number=2)
    assert left(gate) == 1
    uses(world, gate, 1, number=2)
    assert world.kernel.element(mac(1)) is None and world.kernel.element(mac(2)) is None
    assert enter(gate, code, OTHER)["why"] == "used-up"


def test_the_volume_follows_the_code_to_a_device_that_comes_after_the_other_has_gone() -> None:
    world = World()
    gate = world.gate(CODED)
    code = take(gate)
    uses(world, gate, 4)
    ask(gate, "dismiss", PHONE)
    assert enter(gate, code, OTHER)["ok"] and left(gate, OTHER) == 6


def test_another_person_on_a_shared_phone_has_their_own_volume() -> None:
    world = World()
    gate = world.gate(CODED)
    code = take(gate, OTHER)
    ask(gate, "admit", PHONE)
    uses(world, gate, 10)
    assert ask(gate, "admit", PHONE)["why"] == "used-up"
    assert enter(gate, code, PHONE)["ok"] and left(gate, PHONE) == 10


@pytest.mark.parametrize(("away", "expected"), [(60.0, 3), (DAY, 10)])
def test_a_code_knows_after_a_power_cut_what_was_used_that_day(away: float, expected: float) -> None:
    world = World()
    gate = world.gate(CODED)
    code = take(gate)
    for _ in range(7):
        uses(world, gate, 1)
    later(world, gate)
    world.wall += away
    world.kernel = type(world.kernel)(lambda: world.now)
    again = world.gate(CODED, gate.memory, boot="boot-2")
    later(world, again)
    assert enter(again, code, OTHER)["ok"] and left(again, OTHER) == expected


def test_where_the_date_is_not_known_nobody_gains_by_a_power_cut() -> None:
    world = World(trust="floor")
    gate = world.gate(CODED)
    code = take(gate)
    uses(world, gate, 7)
    later(world, gate)
    world.kernel = type(world.kernel)(lambda: world.now)
    again = world.gate(CODED, gate.memory, boot="boot-2")
    assert enter(again, code, OTHER)["ok"] and left(again, OTHER) == 3


def test_bytes_a_person_is_shown_outlive_midnight_with_their_code() -> None:
    world = World()
    gate = world.gate(volumes(identity="code", session=3 * DAY, idle=3 * DAY))
    take(gate)
    uses(world, gate, 7)
    later(world, gate, DAY)
    uses(world, gate, 1)
    status = ask(gate, "status", PHONE)
    assert status["bytes_up"] == 8 * MB and status["quota"]["bytes_remaining"] == 9 * MB


@pytest.mark.parametrize("before", [None, 50.0])
def test_a_smaller_volume_cuts_nobody_for_what_was_allowed(before: float | None) -> None:
    world = World(site=volumes())
    gate = world.gate(volumes(daily_mb=before))
    ask(gate, "admit", PHONE)
    uses(world, gate, 40)
    assert ask(gate, "reload")["now"] == ["access.daily_mb"]
    later(world, gate)
    assert ask(gate, "status", PHONE)["state"] == "admitted" and left(gate) == 10


def test_a_larger_volume_lets_those_in_again_who_had_used_theirs_up() -> None:
    world = World(site=volumes(daily_mb=20.0))
    gate = world.gate(LIMITED)
    ask(gate, "admit", PHONE)
    uses(world, gate, 10)
    ask(gate, "reload")
    assert ask(gate, "admit", PHONE)["ok"] and left(gate) == 10


def test_the_last_byte_of_the_volume_and_what_is_worth_a_write() -> None:
    gate = World().gate(volumes(daily_mb=1.0))
    quota = gate.quota
    assert quota.limit == 1_000_000
    assert quota.refusal(999_999) is None and quota.refusal(1_000_000) is not None
    assert not quota.is_much(9_999) and quota.is_much(10_000)
    none = World().gate().quota
    assert none.refusal(10**12) is None and not none.is_much(10**12) and none.cut() is None


def test_where_the_date_is_not_known_the_next_day_is_told_in_seconds_of_the_boxs_running() -> None:
    world = World(trust="floor", now=86_400.0 - 1)
    gate = world.gate(LIMITED)
    told = gate.quota.told(mac(1))
    assert told is not None and told["renews_seconds"] == 2


def test_what_a_code_has_used_is_written_for_a_hundredth_more_and_for_nothing_less() -> None:
    world = World()
    gate = world.gate(CODED)
    take(gate)
    uses(world, gate, 4)
    before = world.codes.writes
    for _ in range(5):
        uses(world, gate, 0.01)
    assert world.codes.writes == before
    uses(world, gate, 0.06)
    assert world.codes.writes == before + 1
