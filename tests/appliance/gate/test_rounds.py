"""What time brings, while the kernel refuses this or that: each deed for itself, and tried again (R7, R10)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from appliance.errors import CommandFailed
from appliance.gate.admission import Memory
from appliance.gate.elements import Element, Stamp
from appliance.gate.rounds import LOOK_EVERY
from appliance.gate.service import TRIES, Gate
from appliance.values import Mac
from tests.appliance.gate.knowledge import CONFIG, mac
from tests.appliance.gate.test_service import OTHER, PHONE, World, ask

TIMEOUT = CommandFailed("no answer", where="netlink")


def refuse(*_: Any, **__: Any) -> Any:
    raise TIMEOUT


def tick(gate: Gate, world: World, seconds: float = 1.0) -> None:
    world.now += seconds
    world.success = world.now
    with pytest.raises(CommandFailed):
        gate.tick()


@pytest.mark.parametrize("what", ["listing", "carried", "perform"])
def test_r7_whatever_the_kernel_refuses_the_other_deeds_of_a_round_are_done(what: str) -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    world.plans.clear()
    world.kernel.refuses[what] = TIMEOUT
    kept = list[None]()
    world.keep = lambda: kept.append(None)  # type: ignore[method-assign]
    tick(gate, world, LOOK_EVERY + 1)
    assert world.plans and kept and {PHONE, PHONE6} in world.forgotten
    world.kernel.refuses.clear()
    world.now += LOOK_EVERY + 1
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "admitted"


PHONE6 = "fd5c:a3b0:77::11"


def test_r7_what_a_tap_leaves_to_tidy_up_is_tried_again_and_not_for_ever() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    everyone, world.everyone = world.everyone, refuse  # type: ignore[method-assign]
    with pytest.raises(CommandFailed):
        gate.tidy()
    assert world.plans[-1].marks == {1}, "the share did not wait for it"
    world.everyone = everyone  # type: ignore[method-assign]
    gate.tick()
    assert {PHONE, PHONE6} in world.forgotten
    ask(gate, "admit", OTHER)
    world.everyone = refuse  # type: ignore[method-assign]
    for _ in range(TRIES):
        tick(gate, world)
    gate.tick()
    assert gate._turned == set(), "nobody is remembered for it any longer"


def test_r7_a_kernel_that_refuses_a_tap_is_one_answer_and_the_next_is_a_good_one() -> None:
    world = World()
    gate = world.gate()
    for what in ("perform", "carried"):
        world.kernel.refuses[what] = TIMEOUT
        world.now += 5
        assert ask(gate, "admit" if what == "perform" else "facts", PHONE if what == "perform" else None)["why"] == "try-again"
        world.kernel.refuses.clear()
    assert ask(gate, "admit", PHONE)["ok"]


def test_r10_whose_answer_was_lost_is_known_from_the_next_look_and_can_be_cut() -> None:
    world = World()
    gate = world.gate()
    world.kernel.loses = 1
    assert ask(gate, "admit", PHONE) == {"ok": False, "why": "try-again"}
    world.kernel.loses = None
    assert world.kernel.element(mac(1)) is not None and ask(gate, "status", PHONE)["state"] == "captive"
    world.now += LOOK_EVERY
    world.success = world.now
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "admitted" and ask(gate, "facts")["people_online"] == 1
    assert ask(gate, "erase", PHONE)["ok"] and world.kernel.element(mac(1)) is None


def test_r10_a_stranger_in_the_kernel_uses_up_a_days_volume_and_falls_silent_as_everyone() -> None:
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=1.0))
    for octets, seconds in ((2_000_000, 60), (0, daily.access.idle + 60)):
        world = World()
        gate = world.gate(daily)
        world.kernel.crowds["people"][mac(9)] = (Element(mac(9), 400, 10**6), world.now + 10**6)
        for _ in range(2 + seconds // 60):
            world.now += LOOK_EVERY
            world.success = world.now
            world.kernel.uses(mac(9), octets)
            gate.tick()
        left = world.kernel.element(mac(9))
        assert left is None, (octets, seconds)


def test_r10_what_a_mark_carried_before_anybody_had_it_is_nobodys() -> None:
    world = World()
    gate = world.gate()
    world.kernel.bytes_sent = {1: 5_000, 77: 9_000}
    world.now += LOOK_EVERY
    gate.meter.read()
    gate.tick()
    assert world.kernel.bytes_sent == {}
    ask(gate, "admit", PHONE)
    assert ask(gate, "status", PHONE)["bytes_up"] == 0


def test_r7_a_flag_that_the_kernel_did_not_take_is_raised_and_lowered_with_the_next_round() -> None:
    world = World()
    gate = world.gate()
    world.now += 20
    world.kernel.refuses["perform"] = TIMEOUT
    with pytest.raises(CommandFailed):
        gate.tick()
    world.kernel.refuses.clear()
    world.now += 1
    gate.tick()
    assert world.kernel.listing().offline and gate.reachability.state == "down"
    world.kernel.refuses["perform"] = TIMEOUT
    tick(gate, world)
    world.kernel.refuses.clear()
    world.now += 1
    gate.tick()
    assert not world.kernel.listing().offline and ask(gate, "facts")["uplink"] == "up"


def test_r10_an_offline_flag_that_a_hand_raised_falls_with_the_next_look() -> None:
    world = World()
    gate = world.gate()
    world.kernel.flags["offline"] = world.now + 10**9
    world.now += LOOK_EVERY
    world.success = world.now
    gate.tick()
    assert not world.kernel.listing().offline


def test_r7_a_day_whose_beginning_the_kernel_refused_begins_with_the_next_round() -> None:
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=1.0))
    world = World()
    gate = world.gate(daily)
    gate.tick()
    ask(gate, "admit", PHONE)
    world.kernel.uses(mac(1), 400_000)
    world.now += 5
    gate.tick()
    assert gate.quota.used(1) == 400_000
    world.wall += 86_400
    world.kernel.refuses["perform"] = TIMEOUT
    tick(gate, world)
    world.kernel.refuses.clear()
    world.now += 1
    gate.tick()
    assert gate.quota.used(1) == 0 and ask(gate, "status", PHONE)["quota"]["bytes_remaining"] == 1_000_000


@pytest.mark.parametrize("deed", ["erase", "dismiss", "expire", "idle"])
def test_claim_nothing_in_the_gate_knows_a_device_that_was_forgotten(deed: str) -> None:
    """Whatever the gate holds, in whatever part: the address is not among it."""
    world = World()
    gate = world.gate(dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, identity="code")))
    ask(gate, "admit", PHONE)
    gate.answer(b'{"do":"enter-code","ip":"10.44.0.11","code":"111111111111"}', 0)
    assert _knows(gate, mac(1))
    if deed in ("erase", "dismiss"):
        ask(gate, deed, PHONE)
    waits = {"expire": CONFIG.access.session + 3, "idle": CONFIG.access.idle + LOOK_EVERY}
    world.now += waits.get(deed, 0)
    world.success = world.now
    gate.tick()
    assert not _knows(gate, mac(1)) and world.kernel.element(mac(1)) is None


def _knows(thing: Any, device: Mac, seen: set[int] | None = None) -> bool:
    """Whether an object holds this address anywhere below it, the world around the gate apart."""
    seen = set() if seen is None else seen
    if thing == device or isinstance(thing, str | bytes) and str(device) in str(thing):
        return True
    if id(thing) in seen or isinstance(thing, World) or callable(thing) or isinstance(thing, type):
        return False
    seen.add(id(thing))
    if isinstance(thing, dict):
        return any(_knows(one, device, seen) for pair in thing.items() for one in pair)
    if isinstance(thing, list | tuple | set | frozenset):
        return any(_knows(one, device, seen) for one in thing)
    return (
        _knows({name: one for name, one in vars(thing).items() if name != "edges"}, device, seen)
        if hasattr(thing, "__dict__")
        else False
    )


def test_the_kernel_is_looked_at_once_a_minute_and_shares_and_interfaces_every_five_seconds() -> None:
    world = World()
    gate = world.gate()
    looks, shared, kept, asked = list[float](), list[bool](), list[float](), list[Any]()
    listing, perform = world.kernel.listing, world.kernel.perform

    def look() -> Any:
        looks.append(world.now)
        return listing()

    def listen(commands: Any) -> None:
        asked.extend(commands)
        perform(commands)

    world.kernel.listing, world.kernel.perform = look, listen  # type: ignore[method-assign]
    world.follow = lambda plan, *, rates=True: shared.append(rates)  # type: ignore[method-assign]
    world.keep = lambda: kept.append(world.now)  # type: ignore[method-assign]
    begin = world.now
    for _ in range(121):
        world.now += 1
        world.success = world.now
        gate.tick()
    assert [at - begin for at in looks] == [LOOK_EVERY, 2 * LOOK_EVERY]
    assert [at - begin for at in kept] == [5.0 * n for n in range(1, 25)] and shared == [True] * 24
    assert asked == [], "nothing is asked of a kernel in which all is right"


def test_a_day_begins_once() -> None:
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=1.0))
    world = World()
    gate = world.gate(daily)
    gate.tick()
    ask(gate, "admit", PHONE)
    world.wall += 86_400
    gate.tick()
    world.kernel.uses(mac(1), 300_000)
    for _ in range(3):
        world.now += 6
        gate.tick()
    assert gate.quota.used(1) == 300_000


def test_r10_rules_that_another_program_flushed_are_put_back_with_everybody(caplog: pytest.LogCaptureFixture) -> None:
    """``systemctl restart nftables``, a firewall that is installed: everything the gate made is gone, and it must not stay so."""
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=5.0))
    world = World()
    gate = world.gate(daily)
    ask(gate, "admit", PHONE)
    gate.quota.accounts = dataclasses.replace(gate.quota.accounts, spent={mac(1): 2_000_000})
    loads, stamp = len(world.kernel.loaded), world.kernel.stamp
    world.now += 10
    world.kernel.flush()
    world.now += LOOK_EVERY
    world.success = world.now
    gate.tick()
    assert len(world.kernel.loaded) == loads + 1 and "put back" in caplog.text
    back = world.kernel.element(mac(1))
    assert back is not None and back.mark == 1 and CONFIG.access.session - 90 <= back.seconds_left <= CONFIG.access.session - 60
    assert stamp and world.kernel.stamp and world.kernel.stamp.boot == stamp.boot and world.kernel.spent == {mac(1): 2_000_000}
    assert ask(gate, "status", PHONE)["state"] == "admitted" and ask(gate, "admit", OTHER)["ok"]


def test_r10_a_tap_that_finds_no_rules_has_them_back_with_the_next_tick() -> None:
    world = World()
    gate = world.gate()
    world.kernel.flush()
    assert ask(gate, "admit", PHONE) == {"ok": False, "why": "try-again"}
    world.now += 1
    world.success = world.now
    gate.tick()
    assert ask(gate, "admit", PHONE)["ok"]


def test_r10_a_grace_and_the_offline_flag_come_back_with_the_rules() -> None:
    world = World()
    gate = world.gate(memory=Memory("before", had_admitted=True))
    gate.tick()
    guests = {element.mac for element in world.kernel.listing().guests}
    assert guests and world.kernel.listing().grace_left
    world.now += LOOK_EVERY
    world.kernel.flush()
    gate.tick()
    listing = world.kernel.listing()
    assert listing.grace_left and {element.mac for element in listing.guests} == guests
    assert gate.reachability.state == "down"
    world.now += 11
    gate.tick()
    assert world.kernel.listing().offline


def test_r10_what_cannot_be_put_back_now_is_put_back_with_a_later_look() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    world.kernel.flush()
    world.kernel.refuses["load"] = TIMEOUT
    tick(gate, world, LOOK_EVERY + 1)
    assert ask(gate, "status", PHONE)["state"] == "admitted", "known as long as it can be put back"
    world.kernel.refuses.clear()
    world.now += LOOK_EVERY
    world.success = world.now
    gate.tick()
    assert world.kernel.element(mac(1)) is not None


def test_r10_shares_are_compared_with_the_kernels_once_a_minute() -> None:
    world = World()
    gate = world.gate()
    for _ in range(4):
        world.now += LOOK_EVERY / 2
        world.success = world.now
        gate.tick()
    assert world.looked_at == 2


def test_r10_a_stamp_or_a_days_volume_that_a_hand_took_away_stands_there_again_after_the_next_look() -> None:
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=5.0))
    world = World()
    gate = world.gate(daily)
    gate.quota.accounts = dataclasses.replace(gate.quota.accounts, spent={mac(1): 2_000_000, mac(2): 0})
    gate.tick()
    for strange in (None, Stamp("another-boot"), Stamp("boot-1", 5)):
        world.kernel.stamp, world.kernel.spent = strange, {}
        world.now += LOOK_EVERY
        world.success = world.now
        gate.tick()
        assert world.kernel.stamp is not None and world.kernel.stamp.boot == "boot-1" and world.kernel.stamp != strange
        assert world.kernel.spent == {mac(1): 2_000_000}
