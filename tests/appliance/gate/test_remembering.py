"""R3: what a start knows when the disk took, or gives, nothing; the gate on fakes, killed and started again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import CommandFailed, NotSo
from appliance.gate.admission import GRACE, Memory
from appliance.gate.daemon import read_memory, write_memory
from appliance.gate.elements import ForgetSpent, Stamp
from appliance.gate.remembering import AGAIN, Remembering
from appliance.layout import Layout
from tests.appliance.gate.knowledge import CONFIG, asking, mac
from tests.appliance.gate.test_service import OTHER, PHONE, World, ask

BEFORE = [None, Memory("", True), Memory("boot-0", True), Memory("boot-0", False), Memory("boot-1", False)]
"""What an unwritable disk may still say while boot-1 runs."""


@dataclasses.dataclass
class Refusing(World):
    """A disk that takes nothing while ``full``."""

    full: bool = True

    def remember(self, memory: Memory) -> None:
        if self.full:
            raise NotSo("cannot write: No space left on device", where="memory.json")
        self.memories.append(memory)


def told(memory: Memory | None) -> str:
    return str(memory)


@pytest.mark.parametrize("disk", BEFORE, ids=told)
@pytest.mark.parametrize("ways", [CONFIG, asking()], ids=["grace", "ask"])
def test_r3_a_restart_within_a_boot_keeps_everyone_online_whatever_the_disk_says(disk: Memory | None, ways: Any) -> None:
    world = Refusing()
    ask(world.gate(ways, memory=disk), "admit", PHONE)
    world.now += 100
    again = world.gate(ways, memory=disk)
    assert ask(again, "status", PHONE)["state"] == "admitted"
    assert world.kernel.element(mac(1)) is not None and world.memories == []


@pytest.mark.parametrize("disk", BEFORE[:-1], ids=told)
def test_r3_after_a_real_reboot_what_is_not_known_is_decided_for_people(disk: Memory | None) -> None:
    world = Refusing()
    ask(world.gate(memory=disk), "admit", PHONE)
    after = Refusing()
    assert ask(after.gate(memory=disk, boot="boot-2"), "status", PHONE)["state"] == "grace"
    asks = Refusing()
    assert ask(asks.gate(asking(), memory=disk, boot="boot-2"), "status", PHONE)["state"] == "captive", "as the site wants it"


def test_r3_a_disk_that_takes_it_is_believed_when_it_says_that_nobody_was_online() -> None:
    for known in (None, Memory("boot-0", False)):
        world = World()
        assert ask(world.gate(memory=known), "status", PHONE)["state"] == "captive"
        assert world.memories == [Memory("boot-1", False)]


def test_r3_what_could_not_be_written_is_written_when_there_is_room() -> None:
    world = Refusing()
    gate = world.gate()
    ask(gate, "admit", PHONE)
    world.full = False
    world.now += AGAIN
    gate.tick()
    assert world.memories == [Memory("boot-1", True)]


def test_r3_the_grace_of_a_boot_is_not_begun_anew_by_a_restart_though_nothing_could_be_written() -> None:
    world = Refusing()
    world.gate(memory=Memory("boot-0", True))
    world.now += 1_000
    again = world.gate(memory=Memory("boot-0", True))
    assert ask(again, "status", PHONE)["seconds_remaining"] <= GRACE - 1_000


def test_r3_a_boot_id_that_cannot_be_read_is_the_one_the_sets_were_stamped_with() -> None:
    world = Refusing()
    ask(world.gate(), "admit", PHONE)
    assert ask(world.gate(boot=""), "status", PHONE)["state"] == "admitted"
    assert ask(world.gate(boot="boot-1"), "status", PHONE)["state"] == "admitted"


def test_r3_sets_of_another_boot_are_not_believed() -> None:
    world = World()
    ask(world.gate(asking()), "admit", PHONE)
    assert ask(world.gate(asking(), memory=world.memories[-1], boot="boot-2"), "status", PHONE)["state"] == "captive"
    assert world.kernel.element(mac(1)) is None


def test_r3_a_kernel_that_takes_no_stamp_is_asked_again_and_lets_the_gate_stand() -> None:
    world = World()
    perform = world.kernel.perform

    def refuse(commands: Any) -> None:
        if any(isinstance(command, Stamp) for command in commands):
            raise CommandFailed("No buffer space available", where="nftables")
        perform(commands)

    world.kernel.perform = refuse  # type: ignore[method-assign]
    gate = world.gate()
    assert world.kernel.listing().stamp is None
    world.kernel.perform = perform  # type: ignore[method-assign]
    world.now += AGAIN
    gate.tick()
    assert world.kernel.listing().stamp == Stamp("boot-1")


def test_r3_the_day_volumes_count_for_outlives_a_restart_without_a_disk() -> None:
    daily = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, daily_mb=1.0))
    world = Refusing()
    gate = world.gate(daily)
    ask(gate, "admit", PHONE)
    gate.tick()
    ask(gate, "dismiss", PHONE)
    asked = list[Any]()
    perform = world.kernel.perform

    def listen(commands: Any) -> None:
        asked.extend(commands)
        perform(commands)

    world.kernel.perform = listen  # type: ignore[method-assign]
    again = world.gate(daily)
    again.tick()
    assert ForgetSpent() not in asked, "the same day goes on"
    world.wall += 86_400
    again.tick()
    assert ForgetSpent() in asked


def test_claim_whether_anybody_was_online_is_known_until_the_next_restart_and_no_longer() -> None:
    world = World()
    ask(world.gate(), "admit", PHONE)
    assert world.memories[-1] == Memory("boot-1", True)
    second = World(table={})  # nobody comes back
    second.gate(memory=world.memories[-1], boot="boot-2").tick()
    assert second.memories[-1] == Memory("boot-2", False)
    third = World()
    assert ask(third.gate(memory=second.memories[-1], boot="boot-3"), "status", PHONE)["state"] == "captive"


def test_claim_who_passes_in_the_grace_was_online() -> None:
    world = World()
    gate = world.gate(memory=Memory("boot-0", True))
    assert world.memories[-1] == Memory("boot-1", False)
    gate.tick()
    assert world.memories[-1] == Memory("boot-1", True)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    made.service_data("gate").mkdir(parents=True)
    return made


@pytest.mark.parametrize("torn", ["", "{", "[]", "null!", '"x"', "7", '{"boot": "b"}', '{"had_admitted": true}', "[" * 5_000])
def test_r3_a_memory_that_cannot_be_read_is_decided_for_people(layout: Layout, torn: str) -> None:
    (layout.service_data("gate") / "memory.json").write_text(torn)
    assert read_memory(layout) == Memory("", True)


def test_r3_a_memory_whose_file_cannot_even_be_opened_is_decided_for_people(layout: Layout) -> None:
    (layout.service_data("gate") / "memory.json").mkdir()
    assert read_memory(layout) == Memory("", True)


@pytest.mark.parametrize("day", ['"x"', "1.5", "true", "[]"])
def test_a_day_that_is_none_is_not_known(layout: Layout, day: str) -> None:
    (layout.service_data("gate") / "memory.json").write_text(f'{{"boot": "b", "had_admitted": false, "day": {day}}}')
    assert read_memory(layout) == Memory("b", False)


def test_what_is_written_is_read_and_no_file_is_the_first_start_ever(layout: Layout) -> None:
    assert read_memory(layout) is None
    for memory in (Memory("b", True, 739_000), Memory("c", False)):
        write_memory(layout, memory)
        assert read_memory(layout) == memory
    assert OTHER not in (layout.service_data("gate") / "memory.json").read_text()


def test_r3_a_disk_that_takes_nothing_is_tried_once_a_minute_and_complained_of_once(caplog: pytest.LogCaptureFixture) -> None:
    now, tried, stamps, full = [0.0], list[float](), list[Stamp](), [True]

    def write(memory: Memory) -> None:
        tried.append(now[0])
        if full[0]:
            raise NotSo("cannot write: Read-only file system", where="memory.json")

    kept = Remembering(None, write, stamps.append, lambda: now[0])
    kept.tick()
    assert tried == [] and stamps == [], "there is nothing to keep"
    assert not kept.is_on_disk(Memory("b", True)) and tried == [0.0] and stamps == []
    for now[0] in range(1, 2 * int(AGAIN) + 1):
        kept.tick()
    assert tried == [0.0, AGAIN, 2 * AGAIN] and stamps == [Stamp("b")]
    assert len(caplog.messages) == 1 and "by the kernel alone" in caplog.messages[0]
    full[0], now[0] = False, 3 * AGAIN
    kept.tick()
    for now[0] in range(200, 400):
        kept.tick()
    assert tried[3:] == [3 * AGAIN] and kept.is_on_disk(Memory("b", True)), "kept once"
    full[0] = True
    kept.keep(Memory("b", True, 7))
    assert tried[-1] == now[0] and stamps[-1] == Stamp("b", 7), "news is tried at once"
    assert len(caplog.messages) == 2, "another outage is another line"


@pytest.mark.parametrize("day", ["0", "-1", "3652060", "9" * 400, "1e9", "true", '"5"', "[5]"])
def test_r3_a_day_that_no_calendar_has_is_none_and_the_rest_of_the_memory_counts(layout: Layout, day: str) -> None:
    (layout.service_data("gate") / "memory.json").write_text(f'{{"boot": "b", "had_admitted": false, "day": {day}}}')
    assert read_memory(layout) == Memory("b", had_admitted=False)
