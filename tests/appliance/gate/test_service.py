"""The gate at work on fakes: what it asks of the kernel, and in which order."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from appliance.config import SiteConfig
from appliance.errors import CommandFailed, ConfigError
from appliance.fairness.plan import Method, Plan
from appliance.gate.admission import GRACE, Memory
from appliance.gate.edges import Edges
from appliance.gate.elements import Admit
from appliance.gate.links import Link
from appliance.gate.ruleset import NEWCOMERS
from appliance.gate.service import FLAG_SECONDS, Gate
from appliance.moment import Moment, Trust
from appliance.values import Ip, Mac, parse_ip
from tests.appliance.gate.knowledge import CONFIG, asking, mac
from tests.fakes.codes import FakeCodeFiles
from tests.fakes.kernel import FakeKernel

PHONE, PHONE6, OTHER = "10.44.0.11", "fd5c:a3b0:77::11", "10.44.0.12"


@dataclass
class World:
    """Every edge of the gate in memory."""

    now: float = 1_000.0
    success: float | None = None
    table: dict[Ip, Mac] = field(
        default_factory=lambda: {parse_ip(PHONE): mac(1), parse_ip(PHONE6): mac(1), parse_ip(OTHER): mac(2)}
    )
    plans: list[Plan] = field(default_factory=list)
    forgotten: list[Any] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    brought_up: int = 0
    looked_at: int = 0
    """How often the shares were compared with the kernel's."""
    method: Method = "htb"
    codes: FakeCodeFiles = field(default_factory=FakeCodeFiles)
    site: SiteConfig = CONFIG
    wall: float = 1_800_000_000.0
    trust: Trust = "synced"

    def __post_init__(self) -> None:
        self.kernel = FakeKernel(lambda: self.now)

    def mac_of(self, address: Ip) -> Mac | None:
        return self.table.get(address)

    def everyone(self) -> dict[Mac, set[Ip]]:
        found = dict[Mac, set[Ip]]()
        for address, device in self.table.items():
            found.setdefault(device, set()).add(address)
        return found

    def forget_led(self, addresses: set[Ip]) -> None:
        self.forgotten.append({str(address) for address in addresses})

    def forget_person(self, mark: int) -> None:
        self.forgotten.append(mark)

    def forget_all_led(self) -> None:
        self.forgotten.append("all led")

    def follow(self, plan: Plan, *, rates: bool = True) -> None:
        self.plans.append(plan)

    def look(self) -> None:
        self.looked_at += 1

    def totals(self, *interfaces: str) -> tuple[int, int]:
        return 3, 1_500

    def link(self, name: str) -> Link | None:
        return Link(2, name, "", 0, 7_000, 800)

    def bring_up(self) -> None:
        self.brought_up += 1

    def remember(self, memory: Memory) -> None:
        self.memories.append(memory)

    def keep(self) -> None:
        pass

    def gate(self, config: SiteConfig = CONFIG, memory: Memory | None = None, boot: str = "boot-1") -> Gate:
        edges = Edges(
            kernel=self.kernel,
            neighbours=self,
            conntrack=self,
            shapers=(self,),
            counters=self,
            links=self,
            interfaces=self,
            last_success=lambda: self.success,
            clock=lambda: self.now,
            remember=self.remember,
            codes=self.codes,
            moment=lambda: Moment(self.wall, self.now, self.trust),
            site=lambda: self.site,
        )
        made = Gate(config, edges, memory, boot)
        made.begin()
        return made


def ask(gate: Gate, deed: str, ip: str | None = None) -> dict[str, Any]:
    line = json.dumps({"do": deed} | ({"ip": ip} if ip else {})).encode()
    given = gate.answer(line, 0)
    assert isinstance(given, bytes)
    answer: dict[str, Any] = json.loads(given)
    return answer


def test_rules_stand_before_the_interfaces_do() -> None:
    world = World()
    seen: list[int] = []
    world.kernel.load = lambda text: seen.append(world.brought_up)  # type: ignore[method-assign]
    world.gate()
    assert seen == [0] and world.brought_up == 1


def test_a_tap_admits_and_then_shares_anew_and_forgets_what_was_led_elsewhere() -> None:
    world = World()
    gate = world.gate()
    world.plans.clear()
    assert ask(gate, "admit", PHONE6) == {"ok": True, "state": "admitted", "seconds_remaining": 43_200}
    assert world.kernel.element(mac(1)) is not None
    assert world.forgotten == [] and world.plans == [], "the answer goes out first"
    gate.tidy()
    assert [plan.marks for plan in world.plans] == [{1}]
    assert world.forgotten == [{PHONE, PHONE6}], "both families of the device"


def test_a_crowd_that_taps_together_is_shared_out_in_one_go() -> None:
    world = World()
    gate = world.gate()
    world.plans.clear()
    for address in (PHONE, OTHER):
        ask(gate, "admit", address)
    assert gate.untidy_since == world.now
    gate.tidy()
    gate.tidy()
    assert [plan.marks for plan in world.plans] == [{1, 2}]


def test_memory_is_written_once_and_holds_no_device() -> None:
    world = World()
    gate = world.gate()
    for _ in range(3):
        ask(gate, "admit", PHONE)
    assert world.memories == [Memory("boot-1", False), Memory("boot-1", True)]


def test_dismissing_frees_the_share_and_forgets_the_person() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    gate.tidy()
    assert ask(gate, "dismiss", PHONE) == {"ok": True, "state": "captive"}
    gate.tidy()
    assert world.plans[-1].marks == frozenset()
    assert 1 in world.forgotten and world.kernel.element(mac(1)) is None


def test_a_kernel_that_refuses_changes_nothing_that_is_known() -> None:
    world = World()
    gate = world.gate()

    def refuse(commands: Any) -> None:
        if any(isinstance(command, Admit) for command in commands):
            raise CommandFailed("No space left on device", where="nftables")

    world.kernel.perform = refuse  # type: ignore[method-assign]
    assert ask(gate, "admit", PHONE) == {"ok": False, "why": "try-again"}
    assert ask(gate, "status", PHONE)["state"] == "captive"
    assert ask(gate, "facts")["people_online"] == 0


def test_a_shaper_that_fails_keeps_nobody_out() -> None:
    world = World()
    gate = world.gate()

    def fail(plan: Plan, *, rates: bool = True) -> None:
        raise CommandFailed("No such device", where="netlink")

    world.follow = fail  # type: ignore[method-assign]
    assert ask(gate, "admit", PHONE)["ok"]
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "admitted"


def test_a_restart_rebuilds_people_and_shares_from_the_kernel() -> None:
    world = World()
    ask(world.gate(), "admit", PHONE)
    again = world.gate(memory=Memory("boot-1", True))
    assert ask(again, "status", PHONE)["state"] == "admitted"
    assert world.plans[-1].marks == {1}


def test_after_a_reboot_newcomers_share_until_each_has_a_mark() -> None:
    world = World()
    gate = world.gate(memory=Memory("boot-0", True))
    assert world.plans[-1].marks == {NEWCOMERS}
    assert ask(gate, "status", PHONE)["state"] == "grace"
    gate.tick()
    assert world.plans[-1].marks == {NEWCOMERS, 1, 2}
    world.now += GRACE + 5
    gate.tick()
    assert world.plans[-1].marks == frozenset() and {1, 2, NEWCOMERS} <= set(m for m in world.forgotten if isinstance(m, int))
    assert ask(gate, "status", PHONE)["state"] == "captive"


def test_a_site_that_asks_gives_no_grace() -> None:
    gate = World().gate(asking(), memory=Memory("boot-0", True))
    assert ask(gate, "status", PHONE)["state"] == "captive"


def test_the_gate_is_busy_while_somebody_waits_for_its_next_tick() -> None:
    world = World()
    gate = world.gate()
    assert not gate.busy
    world.now += 9
    assert gate.busy, "two checks of the uplink have not come: it may be down"
    world.success = world.now
    gate.tick()
    assert not gate.busy
    world.now += 20
    gate.tick()
    assert gate.reachability.state == "down" and gate.busy, "its return is awaited"
    assert World().gate(memory=Memory("boot-0", True)).busy, "newcomers of the grace wait for a mark of their own"


def test_an_expired_session_is_noticed_by_the_tick() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    gate.tidy()
    world.now += CONFIG.access.session + 3
    gate.tick()
    assert ask(gate, "facts")["people_online"] == 0 and 1 in world.forgotten


def test_silence_for_the_idle_time_ends_a_session_and_use_does_not() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    ask(gate, "admit", OTHER)
    for _ in range(CONFIG.access.idle // 60 + 2):
        world.now += 61
        world.success = world.now
        world.kernel.uses(mac(2), 100)
        gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "captive"
    assert ask(gate, "status", OTHER)["state"] == "admitted"


def test_the_offline_flag_follows_the_uplink_and_is_kept_up_while_it_lasts() -> None:
    world = World()
    gate = world.gate()
    for _ in range(20):
        world.now += 1
        gate.tick()
    assert world.kernel.listing().offline and ask(gate, "facts")["uplink"] == "down"
    for _ in range(3 * FLAG_SECONDS):
        world.now += 1
        gate.tick()
        assert world.kernel.listing().offline
    world.now += 1
    world.success = world.now
    gate.tick()
    assert not world.kernel.listing().offline and ask(gate, "facts")["uplink"] == "up"
    assert world.forgotten.count("all led") == 2, "once for each real change"


def test_a_dead_gate_leaves_nobody_on_the_offline_page_for_long() -> None:
    world = World()
    gate = world.gate()
    for _ in range(16):
        world.now += 1
        gate.tick()
    assert world.kernel.listing().offline
    world.now += FLAG_SECONDS
    assert not world.kernel.listing().offline


def test_an_offline_flag_is_believed_after_a_restart() -> None:
    world = World()
    gate = world.gate()
    for _ in range(16):
        world.now += 1
        gate.tick()
    assert ask(world.gate(memory=Memory("boot-1", False)), "facts")["uplink"] == "down"


def test_shares_count_who_uses_the_line_now() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    ask(gate, "admit", OTHER)
    world.now += 5
    world.kernel.uses(mac(1), 1_000_000)
    world.kernel.uses(mac(2), 1_000_000)
    status = ask(gate, "status", PHONE)
    assert status["share"] == {"down_bps": 4_750_000, "up_bps": 855_000, "active_people": 2, "reason": "equal"}
    world.now += 5
    world.kernel.uses(mac(1), 1_000_000)
    assert ask(gate, "status", PHONE)["share"]["reason"] == "alone"
    assert ask(gate, "facts")["active_people"] == 1


def test_facts_speak_of_the_line_not_of_people() -> None:
    facts = ask(World().gate(), "facts")
    assert (facts["bytes_down"], facts["bytes_up"], facts["drops"], facts["backlog_bytes"]) == (7_000, 800, 3, 1_500)
    assert (facts["rate_down_bps"], facts["rate_up_bps"], facts["shaper"]) == (9_500_000, 1_900_000, "htb")


@pytest.mark.parametrize(("ip", "why"), [("8.8.8.8", "not-on-lan"), ("10.44.0.1", "not-on-lan"), ("10.44.9.9", "unknown-device")])
def test_only_devices_on_the_lan_are_answered(ip: str, why: str) -> None:
    for deed in ("admit", "dismiss", "status", "erase"):
        assert ask(World().gate(), deed, ip) == {"ok": False, "why": why}


def reloaded(gate: Gate, world: World, **access: Any) -> dict[str, Any]:
    world.site = dataclasses.replace(gate.config, access=dataclasses.replace(gate.config.access, **access))
    return ask(gate, "reload")


def test_limits_changed_live_hold_from_the_next_tap_and_throw_nobody_off() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    assert reloaded(gate, world, session=600) == {"ok": True, "now": ["access.session"], "start": []}
    assert ask(gate, "status", PHONE)["seconds_remaining"] == CONFIG.access.session, "what was promised is kept"
    assert ask(gate, "admit", OTHER)["seconds_remaining"] == 600
    world.now += 700
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "admitted" and ask(gate, "status", OTHER)["state"] == "captive"


def test_a_shorter_idle_time_cuts_nobody_for_silence_before_it() -> None:
    world = World()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    world.now += 3_600
    world.success = world.now
    reloaded(gate, world, idle=600)
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "admitted"
    world.now += 660
    gate.tick()
    assert ask(gate, "status", PHONE)["state"] == "captive"


def test_a_wrong_site_file_changes_nothing_and_is_answered_with_what_is_wrong() -> None:
    world = World()
    gate = world.gate()

    def wrong() -> SiteConfig:
        raise ConfigError("sesion: no such key", where="campbox.toml line 7", mend="see examples/site.toml")

    gate.edges = dataclasses.replace(gate.edges, site=wrong)
    answer = ask(gate, "reload")
    assert answer["ok"] is False and answer["why"] == "bad-site-file" and "campbox.toml line 7" in answer["said"]
    assert gate.config == CONFIG
