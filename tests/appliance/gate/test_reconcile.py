"""R10: knowledge and kernel compared, both ways."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import admission, reconcile
from appliance.gate.admission import GRACE, MARKS, Knowledge, Memory
from appliance.gate.elements import Admit, Crowd, Element, Extend, FreeMark, Listing, Lower, Raise, Remove, Stamp
from appliance.gate.reconcile import DRIFT, LONGEST
from appliance.gate.ruleset import NEWCOMERS
from appliance.values import SELFTEST_PHONE
from tests.appliance.gate.knowledge import NOTHING, SESSION, mac
from tests.fakes.kernel import FakeKernel

IDLE = 600


def known(*numbers: int) -> Knowledge:
    knowledge = Knowledge()
    for number in numbers:
        knowledge = admission.admit(knowledge, mac(number), SESSION, 0).knowledge
    return knowledge


def element(number: int, mark: int, left: int = SESSION - 10, octets: int = 0, *, endless: bool = False) -> Element:
    return Element(mac(number), mark, left, 1, octets, endless)


def test_r10_a_stranger_in_the_kernel_is_known_from_the_next_look_and_silence_ends_it() -> None:
    first = reconcile.look(known(1), Listing((element(1, 1), element(9, 7, 100))), IDLE, 10, SESSION)
    assert first.commands == () and first.knowledge.marks == {1, 7}
    assert admission.state_of(first.knowledge, mac(9), 10) == ("admitted", 101)
    lasting = Listing((element(1, 1, 3_000, 5), element(9, 7, 3_000)))
    later = reconcile.look(first.knowledge, lasting, IDLE, 10 + IDLE, SESSION)
    assert later.commands == (Remove(mac(9), 7), FreeMark(7)) and later.turned == (mac(9),)


def test_r10_a_stranger_gets_an_end_within_the_session() -> None:
    for one in (element(9, 7, SESSION + 1), element(9, 7, 10**8), element(9, 7, 0, endless=True)):
        decision = reconcile.look(Knowledge(), Listing((one,)), IDLE, 10, SESSION)
        assert decision.commands == (Extend(mac(9), 7, SESSION),)
        assert decision.knowledge.people[mac(9)].until == 10 + SESSION + 1
    assert reconcile.look(Knowledge(), Listing((element(9, 7, SESSION),)), IDLE, 10, SESSION).commands == ()


def test_r10_a_stranger_with_a_persons_mark_gets_one_of_its_own_and_no_part_of_that_persons_share() -> None:
    decision = reconcile.look(known(1), Listing((element(1, 1), element(9, 1, 100), element(8, 2, 100))), IDLE, 10, SESSION)
    assert decision.commands == (Extend(mac(9), 3, 100),), "2 is another's in the kernel already"
    assert {m: d.mark for m, d in decision.knowledge.people.items()} == {mac(1): 1, mac(8): 2, mac(9): 3}


@pytest.mark.parametrize("mark", [0, NEWCOMERS, 1024, 2**31])
def test_r10_a_mark_that_is_no_persons_is_replaced(mark: int) -> None:
    for decision in (
        reconcile.look(Knowledge(), Listing((element(9, mark, 100),)), IDLE, 10, SESSION),
        reconcile.start(Listing((element(9, mark, 100),)), Memory("b", True), "b", "grace", 10)[0],
    ):
        assert decision.commands == (Extend(mac(9), 1, 100),) and decision.knowledge.marks == {1}


def test_r10_strangers_of_one_mark_are_one_person() -> None:
    decision = reconcile.look(Knowledge(), Listing((element(8, 7, 100), element(9, 7, 100))), IDLE, 10, SESSION)
    assert decision.commands == () and decision.knowledge.marks == {7}


def test_r10_a_stranger_for_whom_there_is_no_mark_passes_no_longer() -> None:
    full = known(*range(len(MARKS)))
    there = tuple(element(n, d.mark) for n, d in enumerate(full.people.values()))
    decision = reconcile.look(full, Listing((*there, element(5_000, 3, 100))), IDLE, 10, SESSION)
    assert decision.commands == (Remove(mac(5_000), 3),) and len(decision.knowledge.people) == len(MARKS)


def test_r10_the_self_tests_phone_is_nobody_also_in_the_kernel() -> None:
    decision = reconcile.look(Knowledge(), Listing((Element(SELFTEST_PHONE, 7, 100),)), IDLE, 10, SESSION)
    assert decision.commands == (Remove(SELFTEST_PHONE, 7),) and decision.knowledge.people == {}


def test_r10_whom_the_kernel_has_lost_is_forgotten_and_the_mark_is_free() -> None:
    decision = reconcile.look(known(1, 2), Listing((element(1, 1),)), IDLE, 10, SESSION)
    assert set(decision.knowledge.people) == {mac(1)} and decision.commands == (FreeMark(2),)
    assert decision.turned == (mac(2),) and decision.left == (2,)


def test_r10_the_kernels_end_and_count_are_taken_over() -> None:
    shorter = reconcile.look(known(1), Listing((element(1, 1, 60, 500),)), IDLE, 10, SESSION).knowledge.people[mac(1)]
    assert (shorter.until, shorter.octets, shorter.moved) == (71, 500, 10)
    for left, until in ((SESSION - 11 - int(DRIFT), SESSION), (SESSION - 12 - int(DRIFT), SESSION - int(DRIFT) - 1)):
        seen = reconcile.look(known(1), Listing((element(1, 1, left),)), IDLE, 10, SESSION)
        assert seen.knowledge.people[mac(1)].until == until, "whole seconds differ, and a kernel answers late"


def test_r10_nobody_gets_no_time_at_all_which_the_kernel_takes_for_ever() -> None:
    for knowledge in (known(1), Knowledge()):
        decision = reconcile.look(knowledge, Listing((element(1, NEWCOMERS, 0),)), IDLE, 10, SESSION)
        assert decision.commands == (Extend(mac(1), 1, 1),)


def test_r10_a_known_device_with_another_mark_or_without_an_end_is_put_right() -> None:
    for one in (element(1, 5, 100), element(1, NEWCOMERS, 100)):
        assert reconcile.look(known(1), Listing((one,)), IDLE, 10, SESSION).commands == (Extend(mac(1), 1, 100),)
    endless = reconcile.look(known(1), Listing((element(1, 1, 0, endless=True),)), IDLE, 10, SESSION)
    assert endless.commands == (Extend(mac(1), 1, SESSION),)
    assert endless.knowledge.people[mac(1)].until == 10 + SESSION + 1


def test_nobody_online_is_cut_by_a_session_made_shorter_meanwhile() -> None:
    decision = reconcile.look(known(1), Listing((element(1, 1),)), IDLE, 10, session=60)
    assert decision.commands == () and decision.knowledge.people[mac(1)].until == SESSION
    again, _ = reconcile.start(Listing((element(1, 1),)), Memory("b", True), "b", "grace", 10, session=60)
    assert again.commands == () and again.knowledge.people[mac(1)].until == 10 + SESSION - 10 + 1


def test_a_start_believes_a_week_and_no_endless_session() -> None:
    for left, endless in ((LONGEST + 1, False), (0, True)):
        decision, _ = reconcile.start(Listing((element(1, 1, left, endless=endless),)), Memory("b", True), "b", "ask", 0, 60)
        assert decision.commands == (Extend(mac(1), 1, LONGEST),)


def in_grace(*guests: int) -> Knowledge:
    knowledge = reconcile.start(NOTHING, Memory("a", True), "b", "grace", 0)[0].knowledge
    return admission.greet(knowledge, [mac(n) for n in guests], 0).knowledge


def test_r10_guests_are_compared_as_well() -> None:
    listing = Listing(guests=(element(1, 1), element(9, 7, 10**6)), grace_left=GRACE - 10)
    decision = reconcile.look(in_grace(1, 2), listing, IDLE, 10, SESSION)
    assert {m: d.mark for m, d in decision.knowledge.guests.items()} == {mac(1): 1, mac(9): 7}
    assert decision.commands == (Extend(mac(9), 7, GRACE - 9, "guests"), FreeMark(2)) and decision.left == (2,)


def test_r10_a_guest_who_tapped_is_no_guest_any_more() -> None:
    knowledge = admission.admit(in_grace(1), mac(1), SESSION, 5).knowledge
    listing = Listing((element(1, 1),), (element(1, 1),), grace_left=GRACE - 10)
    decision = reconcile.look(knowledge, listing, IDLE, 10, SESSION)
    assert decision.commands == (Remove(mac(1), 1, "guests"),) and decision.left == ()


def test_r10_a_grace_that_was_ended_by_hand_is_over_and_its_guests_with_it() -> None:
    decision = reconcile.look(in_grace(1), Listing(guests=(element(1, 1),)), IDLE, 10, SESSION)
    assert decision.knowledge == replace(in_grace(1), guests={}, grace_until=None)
    assert decision.commands == (Remove(mac(1), 1, "guests"), FreeMark(1), FreeMark(NEWCOMERS))
    assert decision.left == (1, NEWCOMERS) and decision.turned == (mac(1),)


def test_r10_guests_left_over_without_a_grace_are_removed() -> None:
    assert reconcile.look(Knowledge(), Listing(guests=(element(1, 1),)), IDLE, 10, SESSION).commands == (
        Remove(mac(1), 1, "guests"),
    )


def test_r10_a_grace_raised_by_hand_is_known_and_has_an_end() -> None:
    assert reconcile.look(Knowledge(), Listing(grace_left=50), IDLE, 10, SESSION).knowledge.grace_until == 60
    endless = reconcile.look(Knowledge(), Listing(grace_left=10**9), IDLE, 10, SESSION)
    assert endless.commands == (Raise("grace", GRACE),) and endless.knowledge.grace_until == 10 + GRACE
    assert reconcile.look(in_grace(), Listing(grace_left=GRACE - 12), IDLE, 10, SESSION).knowledge.grace_until == GRACE
    assert reconcile.look(in_grace(), Listing(grace_left=100), IDLE, 10, SESSION).knowledge.grace_until == 110


@pytest.mark.parametrize(
    ("stamp", "memory", "same"),
    [
        (Stamp("b"), None, True),
        (Stamp("b"), Memory("a", False), True),
        (Stamp("b"), Memory("", True), True),
        (Stamp("a"), Memory("a", True), False),
        (Stamp("a"), None, False),
        (Stamp("a"), Memory("b", True), True),
        (None, Memory("b", True), True),
        (None, Memory("a", True), False),
        (None, Memory("", True), True),
        (None, None, True),
    ],
)
def test_r3_the_stamp_tells_the_boot_then_the_memory_then_that_somebody_is_in_the_sets(
    stamp: Stamp | None, memory: Memory | None, same: bool
) -> None:
    listing = Listing((element(1, 7, 100),), stamp=stamp)
    decision, after = reconcile.start(listing, memory, "b", "ask", 0)
    assert (set(decision.knowledge.people) == {mac(1)}) is same
    assert decision.commands == (() if same else (Remove(mac(1), 7),)) and after.boot == "b"


def test_r3_without_a_stamp_and_without_anybody_in_the_sets_it_is_another_boot() -> None:
    assert not reconcile.same_boot(NOTHING, None, "b") and not reconcile.same_boot(NOTHING, Memory("", True), "b")
    left = Listing(grace_left=50)
    assert reconcile.start(left, None, "b", "grace", 0)[0].commands == (Lower("grace"),)


def test_the_day_of_the_stamp_is_the_newer_one() -> None:
    listing = Listing(stamp=Stamp("b", 8))
    assert reconcile.start(listing, Memory("b", True, 7), "b", "ask", 0)[1] == Memory("b", True, 8)
    assert reconcile.start(listing, Memory("a", True, 7), "c", "ask", 0)[1] == Memory("c", True, 7)


HANDS = st.lists(
    st.tuples(
        st.sampled_from(["add", "endless", "remove", "flush", "tap", "leave", "wait", "look", "grace", "end"]),
        st.integers(0, 9),
        st.sampled_from([0, 1, 2, 3, 500, NEWCOMERS, 5_000]),
    ),
    max_size=25,
)


@given(HANDS)
def test_r10_whatever_a_hand_did_after_a_look_gate_and_kernel_agree(deeds: list[tuple[str, int, int]]) -> None:
    """Property: after a look everyone who passes is known with the mark and an end that the kernel has, and the other way round."""
    now = [0.0]
    kernel, knowledge = FakeKernel(lambda: now[0]), Knowledge()
    crowds: tuple[Crowd, Crowd] = ("people", "guests")
    for deed, number, mark in [*deeds, ("look", 0, 0)]:
        match deed:
            case "add" | "endless":
                left = 10**9 if deed == "endless" else 10 * number + 10
                kernel.crowds[crowds[(number + mark) % 2]][mac(number)] = (Element(mac(number), mark, left), now[0] + left)
            case "remove":
                kernel.crowds["people"].pop(mac(number), None)
            case "flush":
                kernel.crowds[crowds[number % 2]].clear()
            case "grace":
                kernel.flags["grace"] = now[0] + 10 ** min(number, 9)
            case "end":
                kernel.flags.clear()
            case "wait":
                now[0] += number * 20
            case "look":
                decision = reconcile.look(knowledge, kernel.listing(), IDLE, now[0], SESSION)
                kernel.perform(decision.commands)
                knowledge = decision.knowledge
                _agree(knowledge, kernel, now[0])
            case _:
                if mac(number) in {e.mac for e in kernel.listing().people} - knowledge.people.keys():
                    continue  # adding over it is refused by the kernel; the person is told to try again
                decided = (
                    admission.admit(knowledge, mac(number), SESSION, now[0])
                    if deed == "tap"
                    else admission.dismiss(knowledge, mac(number), now[0])
                )
                kernel.perform([c for c in decided.commands if not isinstance(c, Admit) or kernel.element(c.mac) is None])
                knowledge = decided.knowledge


def _agree(knowledge: Knowledge, kernel: FakeKernel, now: float) -> None:
    listing = kernel.listing()
    for crowd, elements in ((knowledge.people, listing.people), (knowledge.guests, listing.guests)):
        assert {e.mac: e.mark for e in elements} == {m: d.mark for m, d in crowd.items()}
        for one in elements:
            assert one.seconds_left <= max(SESSION, GRACE + 1) and one.mark in MARKS
            assert abs(now + one.seconds_left - crowd[one.mac].until) <= DRIFT + 1
    assert (listing.grace_left is None) == (knowledge.grace_until is None)
    assert not knowledge.people.keys() & knowledge.guests.keys()


def test_after_a_restart_the_mark_after_the_highest_is_the_next() -> None:
    listing = Listing((element(1, 7, 100), element(2, 3, 100)), stamp=Stamp("b"))
    knowledge = reconcile.start(listing, None, "b", "ask", 0)[0].knowledge
    assert admission.admit(knowledge, mac(3), SESSION, 0).commands == (Admit(mac(3), 8, SESSION),)
