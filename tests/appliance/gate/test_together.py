"""People who tap at once: one transaction of the kernel, each answer after it, and nobody harmed by another."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from appliance.errors import CommandFailed
from appliance.gate.admission import MARKS, Memory
from appliance.gate.elements import Admit
from appliance.gate.service import Gate
from appliance.gate.together import Together
from appliance.services import USERS
from appliance.values import parse_ip
from tests.appliance.gate.knowledge import CONFIG, mac
from tests.appliance.gate.test_service import World

CROWD = 50
TRY_AGAIN = {"ok": False, "why": "try-again"}


def address(number: int) -> str:
    return f"10.44.{4 + number // 200}.{1 + number % 200}"


def lines(*asked: tuple[str, int]) -> list[tuple[bytes, int]]:
    """What callers wrote: a deed and a phone each."""
    return [(json.dumps({"do": deed, "ip": address(phone)}).encode(), 0) for deed, phone in asked]


def taps(*phones: int) -> list[tuple[bytes, int]]:
    return lines(*(("admit", phone) for phone in phones))


def answers(gate: Gate, asked: list[tuple[bytes, int]]) -> list[dict[str, Any]]:
    return [json.loads(given) for given in Together(gate).answers(asked) if isinstance(given, bytes)]


@pytest.fixture
def world() -> World:
    made = World()
    made.table = {parse_ip(address(phone)): mac(phone) for phone in range(1_100)}
    return made


def test_fifty_taps_are_one_transaction_and_each_is_a_person_of_its_own(world: World) -> None:
    gate = world.gate()
    told = answers(gate, taps(*range(CROWD)))
    assert [answer["state"] for answer in told] == ["admitted"] * CROWD
    assert world.kernel.transactions == [CROWD]
    assert {e.mac for e in world.kernel.listing().people} == {mac(phone) for phone in range(CROWD)} == set(gate.knowledge.people)
    assert len(gate.knowledge.marks) == CROWD and world.memories[-1].had_admitted
    gate.tidy()
    assert world.forgotten == [{address(phone) for phone in range(CROWD)}], "what was led to the portal is forgotten for all"


def test_one_that_the_kernel_refuses_harms_none_of_the_fifty(world: World) -> None:
    gate = world.gate()
    world.kernel.refused = {mac(17)}
    told = answers(gate, taps(*range(CROWD)))
    assert [phone for phone, answer in enumerate(told) if answer == TRY_AGAIN] == [17]
    assert sum(answer["ok"] for answer in told) == CROWD - 1
    assert world.kernel.transactions == [1] * (CROWD - 1), "each was tried alone"
    assert {e.mac: e.mark for e in world.kernel.listing().people} == {d.mac: d.mark for d in gate.knowledge.people.values()}
    assert mac(17) not in gate.knowledge.people


def test_each_answer_comes_after_its_own_element_is_in_the_kernel(world: World) -> None:
    gate = world.gate()
    for phone, given in enumerate(Together(gate).answers(taps(*range(CROWD)))):
        assert isinstance(given, bytes) and b'"admitted"' in given
        assert world.kernel.element(mac(phone)) is not None


def test_nobody_is_admitted_when_the_kernel_takes_nobody(world: World) -> None:
    gate = world.gate()
    gate.tidy()

    def refuse(commands: Any) -> None:
        if any(isinstance(command, Admit) for command in commands):
            raise CommandFailed("No space left on device", where="nftables")

    world.kernel.perform = refuse  # type: ignore[method-assign]
    assert answers(gate, taps(*range(CROWD))) == [TRY_AGAIN] * CROWD
    assert not gate.knowledge.people and gate.untidy_since is None and not any(m.had_admitted for m in world.memories)


def test_answers_and_deeds_keep_the_order_of_the_lines(world: World) -> None:
    gate = world.gate()
    asked = lines(
        ("admit", 1), ("status", 2), ("admit", 2), ("dismiss", 1), ("status", 1), ("admit", 3), ("admit", 1), ("status", 2)
    )
    states = [answer["state"] for answer in answers(gate, asked)]
    assert states == ["admitted", "captive", "admitted", "captive", "captive", "admitted", "admitted", "admitted"]
    assert set(gate.knowledge.people) == {mac(1), mac(2), mac(3)}


def test_a_phone_that_taps_twice_at_once_is_one_person(world: World) -> None:
    gate = world.gate()
    assert all(answer["ok"] for answer in answers(gate, taps(1, 2, 1, 1, 2)))
    assert gate.knowledge.marks == {1, 2}


def test_rubbish_and_strangers_between_the_taps_get_their_own_answers(world: World) -> None:
    gate = world.gate()
    stranger = (taps(1)[0][0], USERS["campbox-telemetry"])
    elsewhere, unknown = (json.dumps({"do": "admit", "ip": ip}).encode() for ip in ("203.0.113.9", "10.44.15.9"))
    told = answers(gate, [*taps(1), (b'"admit"', 0), stranger, (elsewhere, 0), (unknown, 0), *taps(2)])
    assert [answer.get("why") for answer in told] == [None, "bad-request", "not-allowed", "not-on-lan", "unknown-device", None]
    assert set(gate.knowledge.people) == {mac(1), mac(2)}


def test_when_the_marks_end_in_the_middle_of_a_crowd_the_rest_is_told_so(world: World) -> None:
    gate = world.gate()
    told = answers(gate, taps(*range(len(MARKS) + 3)))
    assert [answer.get("why") for answer in told] == [None] * len(MARKS) + ["full"] * 3
    assert len(world.kernel.listing().people) == len(gate.knowledge.people) == len(MARKS)


def test_one_whose_volume_is_used_up_is_told_so_and_the_others_are_let_in(world: World) -> None:
    access = dataclasses.replace(CONFIG.access, daily_mb=10.0)
    gate = world.gate(dataclasses.replace(CONFIG, access=access))
    answers(gate, taps(0))
    world.kernel.uses(mac(0), 11_000_000)
    for _ in range(3):
        world.now += 6
        world.success = world.now
        gate.tick()
    assert mac(0) not in gate.knowledge.people, "cut"
    told = answers(gate, taps(*range(CROWD)))
    assert [answer.get("why") for answer in told] == ["used-up"] + [None] * (CROWD - 1)
    assert world.kernel.transactions == [1, CROWD - 1] and world.kernel.element(mac(0)) is None


def test_in_the_grace_everyone_keeps_their_mark(world: World) -> None:
    gate = world.gate(memory=Memory("boot-0", True))
    gate.tick()
    before = {device.mac: device.mark for device in gate.knowledge.guests.values()}
    assert all(answer["ok"] for answer in answers(gate, taps(*range(CROWD))))
    assert {device.mac: device.mark for device in gate.knowledge.people.values()} == {mac(n): before[mac(n)] for n in range(CROWD)}
    assert not {e.mac for e in world.kernel.listing().guests} & set(gate.knowledge.people)


def test_r7_a_crowd_whose_answer_was_lost_is_let_in_one_by_one_or_told_to_try_again(world: World) -> None:
    gate = world.gate()
    world.kernel.loses = 3
    told = answers(gate, taps(*range(5)))
    assert told == [TRY_AGAIN] * 5 and gate.knowledge.people == {}
    assert len(world.kernel.listing().people) == 3, "done, and not told"
    world.kernel.loses = None
    assert all(answer["ok"] for answer in answers(gate, taps(*range(5))))
    assert {e.mac: e.mark for e in world.kernel.listing().people} == {m: d.mark for m, d in gate.knowledge.people.items()}


def test_a_guest_and_a_person_who_tap_are_none_of_the_crowd(world: World) -> None:
    gate = world.gate(memory=Memory("before", True))
    gate.tick()
    world.kernel.transactions.clear()
    assert all(answer["ok"] for answer in answers(gate, taps(1, 2)))
    assert world.kernel.transactions == [1, 1], "a guest is moved, in a transaction of its own"


def test_who_was_let_in_together_costs_the_kernel_nothing_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, perform, asked = world.gate(), world.kernel.perform, list[int]()

    def counted(commands: Any) -> None:
        asked.append(len(commands))
        perform(commands)

    monkeypatch.setattr(world.kernel, "perform", counted)
    answers(gate, taps(*range(5)))
    assert asked == [5]
