"""Codes at work in a gate on fakes: taken, entered, guessed, forgotten, and kept through a restart and a power cut."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest

from appliance.config import SiteConfig
from appliance.errors import CommandFailed, NotSo
from appliance.gate import codes
from appliance.gate.admission import Memory
from appliance.gate.code_desk import AT_ONCE, REFRESH, REREAD, WAITING
from appliance.gate.codes import GOOD_DAYS
from appliance.gate.later import Later
from appliance.gate.service import Gate
from appliance.values import parse_ip
from tests.appliance.gate.knowledge import CONFIG, mac
from tests.appliance.gate.test_service import OTHER, PHONE, PHONE6, World

CODES: SiteConfig = dataclasses.replace(CONFIG, access=dataclasses.replace(CONFIG.access, identity="code"))
SESSION = CONFIG.access.session
WRONG, WAIT = {"ok": False, "why": "wrong-code"}, {"ok": False, "why": "wait"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A quick hash instead of the slow one; the salts it was asked with."""
    salts = list[bytes]()

    def hashed(secret: str, salt: bytes) -> bytes:
        salts.append(salt)
        return hashlib.sha256(salt + secret.encode()).digest()

    monkeypatch.setattr(codes, "slow_hash", hashed)
    return salts


def later(gate: Gate, deed: str, ip: str, **more: str) -> Any:
    given = gate.answer(json.dumps({"do": deed, "ip": ip, **more}).encode(), 0)
    return json.loads(given.answer(given.work()) if isinstance(given, Later) else given)


def take(gate: Gate, ip: str = PHONE) -> str:
    assert later(gate, "admit", ip)["ok"]
    answer = later(gate, "take-code", ip)
    assert answer["ok"], answer
    return str(answer["code"])


def enter(gate: Gate, code: str, ip: str = OTHER) -> Any:
    return later(gate, "enter-code", ip, code=code)


def mark(world: World, number: int) -> int | None:
    element = world.kernel.element(mac(number))
    return None if element is None else element.mark


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def test_a_code_is_twelve_digits_and_only_who_is_connected_takes_one() -> None:
    gate = World().gate(CODES)
    assert later(gate, "take-code", PHONE) == {"ok": False, "why": "not-connected"}
    assert len(take(gate)) == 12
    assert later(gate, "status", PHONE)["code"] is True and later(gate, "status", OTHER)["code"] is False


def test_a_site_without_codes_gives_none_and_says_nothing_of_them() -> None:
    gate = World().gate()
    later(gate, "admit", PHONE)
    assert later(gate, "take-code", PHONE) == enter(gate, "0" * 12) == {"ok": False, "why": "no-codes"}
    assert "code" not in later(gate, "status", PHONE)


def test_a_second_device_is_the_same_person_with_the_same_time_and_share() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    world.now += 1_000
    answer = enter(gate, f"{code[:4]} {code[4:8]} {code[8:]}")
    assert answer == {"ok": True, "state": "admitted", "seconds_remaining": SESSION - 1_000}
    assert mark(world, 2) == mark(world, 1) == 1
    assert later(gate, "facts", PHONE)["ok"] is False and gate._facts()["people_online"] == 1, "one person with two devices"


def test_after_mac_randomisation_time_and_bytes_follow_the_code() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    world.kernel.uses(mac(1), 5_000)
    world.now += 3_600
    world.table[parse_ip(PHONE)] = mac(77)
    assert later(gate, "status", PHONE)["state"] == "captive", "to the box it is a stranger"
    assert enter(gate, code, PHONE)["seconds_remaining"] == SESSION - 3_600
    world.now += 3
    assert later(gate, "status", PHONE)["bytes_up"] == 5_000


def gone(world: World, gate: Gate) -> str:
    """The code of a person who has sent 5,000 bytes and left; the mark is another's by now."""
    code = take(gate)
    world.kernel.uses(mac(1), 5_000)
    world.now += 3
    later(gate, "status", PHONE)
    later(gate, "dismiss", PHONE)
    later(gate, "admit", "10.44.0.11")
    later(gate, "dismiss", PHONE)
    return code


def test_bytes_and_time_follow_a_person_who_was_away() -> None:
    world = World()
    gate = world.gate(CODES)
    code = gone(world, gate)
    world.now += 100
    assert enter(gate, code)["seconds_remaining"] == SESSION - 103
    world.now += 3
    assert later(gate, "status", OTHER)["bytes_up"] == 5_000


def test_when_the_time_is_over_the_code_begins_a_new_session() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    world.now += SESSION + 10
    gate.tick()
    assert enter(gate, code)["seconds_remaining"] == SESSION


def test_bytes_of_a_session_that_is_over_are_not_those_of_the_next() -> None:
    world = World()
    gate = world.gate(CODES)
    code = gone(world, gate)
    world.now += SESSION
    gate.tick()
    assert enter(gate, code)["seconds_remaining"] == SESSION
    world.now += 3
    told = later(gate, "status", OTHER)
    assert (told["bytes_down"], told["bytes_up"]) == (0, 0)


def test_one_tap_on_either_device_extends_both() -> None:
    world = World()
    gate = world.gate(CODES)
    enter(gate, take(gate))
    world.now += 500
    assert later(gate, "admit", OTHER)["seconds_remaining"] == SESSION
    assert later(gate, "status", PHONE)["seconds_remaining"] == SESSION


def test_every_wrong_code_gets_the_same_answer_and_costs_one_hash(quick: list[bytes]) -> None:
    world = World()
    gate = world.gate(CODES)
    code, other_selector = take(gate), None
    other_selector = f"{(int(code[:4]) + 1) % 10_000:04}"
    for guess in (wrong(code), other_selector + code[4:]):
        quick.clear()
        assert enter(gate, guess) == WRONG
        assert len(quick) == 1, "one hash a try, whether there is such a code or not"
    for guess in ("", "hello", "1" * 13):
        assert enter(gate, guess) == WRONG
    assert mark(world, 2) is None


def test_a_code_that_has_ended_gets_the_same_answer_as_a_wrong_one() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    later(gate, "dismiss", PHONE)
    world.wall += (GOOD_DAYS + 1) * 86_400
    assert enter(gate, code) == WRONG
    gate.tick()
    assert world.codes.kept == {}


def test_codes_do_not_end_while_the_box_does_not_know_the_date_and_their_days_begin_when_it_does() -> None:
    world = World(trust="floor")
    gate = world.gate(CODES)
    code = take(gate)
    world.wall += 99 * 86_400
    world.trust = "synced"
    gate.tick()
    assert enter(gate, code)["ok"]
    assert json.loads(world.codes.kept[code[:4]])["last_day"] == int(world.wall // 86_400) + GOOD_DAYS


def test_guessing_is_limited_for_each_device_before_the_code_is_looked_at(quick: list[bytes]) -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    quick.clear()
    assert [enter(gate, wrong(code)) for _ in range(6)] == [WRONG] * 6
    assert enter(gate, code) == enter(gate, wrong(code)) == WAIT, "the answer says nothing about the code"
    assert len(quick) == 6
    world.now += 61
    assert enter(gate, code)["ok"], "a try a minute"


def test_guessing_is_limited_overall_for_whoever_makes_up_devices() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    for number in range(60):
        world.table[parse_ip(f"10.44.1.{number}")] = mac(1_000 + number)
        assert enter(gate, wrong(code), f"10.44.1.{number}") == WRONG
    world.table[parse_ip("10.44.2.1")] = mac(2_000)
    assert enter(gate, code, "10.44.2.1") == WAIT
    world.now += 5.1
    assert enter(gate, code, "10.44.2.1")["ok"]


def test_only_a_few_hashes_wait_for_each_other() -> None:
    world = World()
    gate = world.gate(CODES)
    given = list[Any]()
    for number in range(WAITING + 1):
        world.table[parse_ip(f"10.44.1.{number}")] = mac(1_000 + number)
        given.append(gate.answer(json.dumps({"do": "enter-code", "ip": f"10.44.1.{number}", "code": "1" * 12}).encode(), 0))
    assert [isinstance(one, Later) for one in given] == [True] * WAITING + [False]
    assert json.loads(given[-1]) == WAIT
    given[0].answer(given[0].work())
    assert enter(gate, "1" * 12, PHONE) == WRONG


def test_a_new_code_ends_the_old_one() -> None:
    world = World()
    gate = world.gate(CODES)
    old = take(gate)
    new = later(gate, "take-code", PHONE)["code"]
    assert list(world.codes.kept) == [new[:4]]
    assert enter(gate, old) == WRONG and enter(gate, new)["ok"]


def test_forgetting_a_phone_removes_the_code_and_leaves_the_persons_other_device_online() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    enter(gate, code)
    assert later(gate, "erase", PHONE) == {"ok": True, "state": "captive"}
    assert world.codes.kept == {} and enter(gate, code, PHONE6) == WRONG
    assert later(gate, "status", OTHER)["state"] == "admitted" and later(gate, "status", OTHER)["code"] is False


def test_dismissing_a_phone_keeps_the_code() -> None:
    gate = World().gate(CODES)
    code = take(gate)
    later(gate, "dismiss", PHONE)
    assert enter(gate, code)["ok"]


def test_a_restart_of_the_gate_keeps_codes_and_who_they_belong_to() -> None:
    world = World()
    code = take(world.gate(CODES))
    world.now += 1_000
    again = world.gate(CODES, Memory("boot-1", True))
    assert later(again, "status", PHONE)["code"] is True
    assert abs(enter(again, code)["seconds_remaining"] - (SESSION - 1_000)) <= 1
    assert mark(world, 2) == mark(world, 1)


def test_after_a_power_cut_the_code_still_opens_with_the_time_that_was_left() -> None:
    world = World()
    code = take(world.gate(CODES))
    enter_it = world.gate(CODES, Memory("boot-1", True), "boot-2")
    world.now += 5_000
    assert enter(enter_it, code)["seconds_remaining"] == SESSION - 5_000


def test_the_time_of_who_is_online_is_written_now_and_then_a_few_at_a_time() -> None:
    world = World()
    gate = world.gate(CODES)
    for number in range(AT_ONCE + 2):
        world.table[parse_ip(f"10.44.1.{number}")] = mac(1_000 + number)
        take(gate, f"10.44.1.{number}")
    before = world.codes.writes
    gate.tick()
    assert world.codes.writes == before, "nothing has changed"
    world.now += REFRESH
    for number in range(AT_ONCE + 2):
        world.kernel.uses(mac(1_000 + number), 100)
    gate.tick()
    assert world.codes.writes == before + AT_ONCE
    gate.tick()
    gate.tick()
    assert world.codes.writes == before + AT_ONCE + 2


def test_who_loses_a_mark_is_written_when_there_is_time() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    later(gate, "dismiss", PHONE)
    gate.tick()
    assert json.loads(world.codes.kept[code[:4]])["mark"] is None


def test_a_full_disk_gives_no_code_and_takes_no_old_one_away() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    world.codes.full = True
    assert later(gate, "take-code", PHONE) == {"ok": False, "why": "try-again"}
    assert later(gate, "erase", PHONE) == {"ok": False, "why": "try-again"}, "what is not removed is not said to be"
    assert enter(gate, code)["ok"], "who is known already comes in"
    world.codes.full = False
    gate.tick()
    assert json.loads(world.codes.kept[code[:4]])["mark"] == 1


def test_a_kernel_that_refuses_leaves_the_code_as_it_was() -> None:
    world = World()
    gate = world.gate(CODES)
    code, perform = take(gate), world.kernel.perform

    def refuse(commands: Any) -> None:
        raise CommandFailed("No space left on device", where="nftables")

    world.kernel.perform = refuse  # type: ignore[method-assign]
    assert enter(gate, code) == {"ok": False, "why": "try-again"}
    world.kernel.perform = perform  # type: ignore[method-assign]
    assert enter(gate, code)["ok"]


def test_nothing_that_is_kept_names_a_device_or_holds_the_secret() -> None:
    world = World()
    gate = world.gate(CODES)
    code = take(gate)
    enter(gate, code)
    for text in (str(mac(1)), str(mac(2)), PHONE, PHONE6, OTHER, code[4:]):
        assert text not in json.dumps(world.codes.kept)


def test_a_device_that_moves_to_another_persons_code_leaves_its_own_code_whole() -> None:
    world = World()
    gate = world.gate(CODES)
    mine, theirs = take(gate), take(gate, OTHER)
    assert enter(gate, theirs, PHONE)["ok"] and mark(world, 1) == mark(world, 2) == 2
    assert enter(gate, mine, PHONE)["ok"] and mark(world, 1) not in (None, 2)


def test_claim_a_device_that_mistyped_a_code_is_known_six_minutes_and_never_by_its_address() -> None:
    world = World()
    gate = world.gate(CODES)
    assert enter(gate, "1" * 12) == WRONG
    assert gate.desk is not None
    tries = gate.desk._each
    assert len(tries.buckets) == 1 and str(mac(2)) not in str(tries.buckets)
    assert tries.buckets.keys() != other_names(), "another process calls it otherwise"
    later(gate, "erase", OTHER)
    assert len(tries.buckets) == 1, "forgetting a phone gives no new tries"
    world.now += tries.forgotten_after - 1
    gate.tick()
    assert len(tries.buckets) == 1
    world.now += 1
    gate.tick()
    assert tries.forgotten_after == 360 and tries.buckets == {}
    take(gate)
    world.now += 360
    gate.tick()
    assert gate.desk._takers.buckets == gate.desk._all.buckets == {}


def other_names() -> Any:
    gate = World().gate(CODES)
    enter(gate, "1" * 12)
    assert gate.desk is not None
    return gate.desk._each.buckets.keys()


def test_claim_when_the_day_is_over_its_files_are_written_anew_once() -> None:
    world = World()
    gate = world.gate(CODES)
    take(gate)
    gate.tick()
    before = world.codes.writes
    world.wall += 86_400
    for _ in range(5):
        gate.tick()
    assert world.codes.writes == before + 1, "whatever the file system notes of it is the day's beginning"
    world.wall += 86_400
    gate.tick()
    assert world.codes.writes == before + 1, "a code that nobody used is left alone"


def test_a_date_that_is_not_known_begins_no_day() -> None:
    world = World(trust="floor")
    gate = world.gate(CODES)
    take(gate)
    before = world.codes.writes
    world.wall += 86_400
    gate.tick()
    assert world.codes.writes == before


def test_a_session_is_written_anew_after_three_hours_and_not_before() -> None:
    world = World()
    gate = world.gate(CODES)
    take(gate)
    before = world.codes.writes
    for seconds, writes in ((REFRESH - 1, 0), (1, 1), (REFRESH - 1, 1), (1, 2)):
        world.now += seconds
        world.kernel.uses(mac(1), 100)
        gate.tick()
        assert world.codes.writes == before + writes


def test_a_session_that_is_over_is_not_written_for_ever() -> None:
    world = World()
    gate = world.gate(CODES)
    take(gate)
    world.now += SESSION + 10
    gate.tick()
    before = world.codes.writes
    for _ in range(5):
        world.now += REFRESH
        gate.tick()
    assert world.codes.writes == before


def test_the_eighth_hash_waits_and_the_ninth_is_refused_for_takers_as_well() -> None:
    world = World()
    gate = world.gate(CODES)
    for number in range(WAITING + 1):
        ip = f"10.44.1.{number}"
        world.table[parse_ip(ip)] = mac(1_000 + number)
        assert later(gate, "admit", ip)["ok"]
        given = gate.answer(json.dumps({"do": "take-code", "ip": ip}).encode(), 0)
        assert isinstance(given, Later) is (number < WAITING)


def test_a_code_taken_by_somebody_whose_session_has_just_ended_is_none() -> None:
    world = World()
    gate = world.gate(CODES)
    later(gate, "admit", PHONE)
    world.now += SESSION
    assert later(gate, "take-code", PHONE) == {"ok": False, "why": "not-connected"}


def test_a_fourth_code_within_a_minute_has_to_wait() -> None:
    world = World()
    gate = world.gate(CODES)
    take(gate)
    assert later(gate, "take-code", PHONE)["ok"] and later(gate, "take-code", PHONE)["ok"]
    assert later(gate, "take-code", PHONE) == WAIT
    world.now += 60
    assert later(gate, "take-code", PHONE)["ok"]


def test_a_hash_that_failed_gives_no_code_and_says_so() -> None:
    world = World()
    gate = world.gate(CODES)
    assert later(gate, "admit", PHONE)["ok"]
    given = gate.answer(json.dumps({"do": "take-code", "ip": PHONE}).encode(), 0)
    assert isinstance(given, Later)
    assert json.loads(given.answer(b"")) == {"ok": False, "why": "try-again"} and world.codes.kept == {}


def test_r7_codes_that_cannot_be_read_keep_nobody_out_and_are_read_when_they_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    code = take(world.gate(CODES))
    kept, error = dict(world.codes.kept), NotSo("cannot read: Input/output error", where="codes")

    def refuse() -> Any:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(world.codes, "read", refuse)
        gate = world.gate(CODES, memory=Memory("boot-1", had_admitted=True))
        assert later(gate, "admit", PHONE)["ok"]
        assert enter(gate, code) == WAIT and later(gate, "take-code", PHONE) == WAIT
        world.now += REREAD
        gate.tick()
        assert enter(gate, code) == WAIT
    world.now += REREAD - 1
    gate.tick()
    assert enter(gate, code) == WAIT, "not with every tick"
    world.now += 1
    gate.tick()
    assert enter(gate, code)["ok"] and world.codes.kept.keys() == kept.keys()
