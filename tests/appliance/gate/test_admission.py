"""The rules of admission."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import admission
from appliance.gate.admission import GRACE, LATE, MARKS, Decision, Knowledge, Memory
from appliance.gate.elements import Admit, Element, Extend, FreeMark, Listing, Lower, Raise, Remove
from appliance.gate.ruleset import NEWCOMERS
from appliance.values import Mac
from tests.appliance.gate.knowledge import NOTHING, SESSION, mac
from tests.fakes.kernel import FakeKernel


def admitted(*numbers: int, now: float = 0.0) -> Knowledge:
    knowledge = Knowledge()
    for number in numbers:
        knowledge = admission.admit(knowledge, mac(number), SESSION, now).knowledge
    return knowledge


def test_a_tap_is_one_element() -> None:
    decision = admission.admit(Knowledge(), mac(1), SESSION, now=10.0)
    assert decision.commands == (Admit(mac(1), 1, SESSION),)
    assert decision.answer == {"ok": True, "state": "admitted", "seconds_remaining": SESSION}
    assert decision.turned == (mac(1),)
    assert admission.state_of(decision.knowledge, mac(1), 11.0) == ("admitted", SESSION - 1)


def test_a_second_tap_extends_and_keeps_the_person() -> None:
    decision = admission.admit(admitted(1), mac(1), SESSION, now=100.0)
    assert decision.commands == (Extend(mac(1), 1, SESSION),)
    assert admission.state_of(decision.knowledge, mac(1), 100.0) == ("admitted", SESSION)
    assert decision.turned == (), "nothing was led elsewhere, nothing needs forgetting"


def test_the_late_are_extended_never_added_over() -> None:
    """On kernel 6.1 adding over an element that is still there does nothing: the person would be cut a moment later."""
    knowledge = admitted(1)
    assert admission.prune(knowledge, SESSION + LATE / 2).knowledge == knowledge
    decision = admission.admit(knowledge, mac(1), SESSION, now=SESSION + LATE / 2)
    assert isinstance(decision.commands[0], Extend)


def test_the_expired_are_captive_and_free_their_mark() -> None:
    knowledge = admitted(1, 2)
    assert admission.state_of(knowledge, mac(1), SESSION) == ("captive", None)
    decision = admission.prune(knowledge, SESSION + LATE)
    assert decision.knowledge.people == {}
    assert set(decision.left) == {1, 2} and FreeMark(1) in decision.commands
    assert set(decision.turned) == {mac(1), mac(2)}


def test_the_box_is_full_when_every_mark_is_taken() -> None:
    knowledge = admitted(*range(len(MARKS)))
    assert knowledge.marks == frozenset(MARKS)
    decision = admission.admit(knowledge, mac(2_000), SESSION, 0)
    assert decision.answer == {"ok": False, "why": "full"} and decision.commands == ()
    assert admission.admit(knowledge, mac(5), SESSION, 0).answer["ok"], "who is in may extend"


def test_a_freed_mark_rests_before_another_bears_it() -> None:
    knowledge = admission.dismiss(admitted(1, 2), mac(1), 0).knowledge
    assert admission.admit(knowledge, mac(3), SESSION, 0).commands == (Admit(mac(3), 3, SESSION),)


def test_dismissing_removes_frees_and_forgets() -> None:
    decision = admission.dismiss(admitted(1), mac(1), 0)
    assert decision.commands == (Remove(mac(1), 1), FreeMark(1))
    assert decision.answer == {"ok": True, "state": "captive"}
    assert decision.knowledge.people == {} and decision.left == (1,)
    assert admission.dismiss(Knowledge(), mac(1), 0).answer == {"ok": True, "state": "captive"}


def test_the_first_start_ever_lets_nobody_in() -> None:
    decision, memory = admission.start(NOTHING, None, "boot-1", "grace", 0)
    assert decision.knowledge == Knowledge() and decision.commands == ()
    assert memory == Memory("boot-1", had_admitted=False)


def test_a_reboot_before_anyone_was_admitted_lets_nobody_in() -> None:
    decision, _ = admission.start(NOTHING, Memory("boot-1", False), "boot-2", "grace", 0)
    assert decision.knowledge.grace_until is None and decision.commands == ()


def test_a_reboot_gives_grace_where_the_site_wants_it() -> None:
    decision, memory = admission.start(NOTHING, Memory("boot-1", True), "boot-2", "grace", 50)
    assert decision.commands == (Raise("grace", GRACE),)
    assert memory == Memory("boot-2", True)
    assert admission.state_of(decision.knowledge, mac(1), 60) == ("grace", GRACE - 10)
    assert admission.mark_of(decision.knowledge, mac(1)) == NEWCOMERS


def test_a_reboot_asks_again_where_the_site_wants_that() -> None:
    decision, memory = admission.start(NOTHING, Memory("boot-1", True), "boot-2", "ask", 50)
    assert decision.commands == () and decision.knowledge == Knowledge() and memory.had_admitted


def test_what_an_earlier_life_left_in_the_kernel_is_not_believed_after_a_reboot() -> None:
    listing = Listing(people=(Element(mac(1), 7, 100),), guests=(Element(mac(2), 8, 100),), grace_left=50)
    decision, _ = admission.start(listing, Memory("boot-1", False), "boot-2", "ask", 0)
    assert decision.commands == (Remove(mac(1), 7), Remove(mac(2), 8, "guests"), Lower("grace"))


def test_a_restart_within_one_boot_believes_the_kernel() -> None:
    listing = Listing(people=(Element(mac(1), 7, 100, 3, 300),), guests=(Element(mac(2), 8, 90),), grace_left=90)
    decision, memory = admission.start(listing, Memory("boot-1", True), "boot-1", "grace", 1_000)
    assert decision.commands == () and memory == Memory("boot-1", True)
    assert admission.state_of(decision.knowledge, mac(1), 1_000) == ("admitted", 101)
    assert admission.state_of(decision.knowledge, mac(2), 1_000) == ("grace", 90)
    assert decision.knowledge.marks == {7, 8}
    assert admission.admit(decision.knowledge, mac(3), SESSION, 1_000).commands == (Admit(mac(3), 9, SESSION),)


def in_grace() -> Knowledge:
    return admission.start(NOTHING, Memory("a", True), "b", "grace", 0)[0].knowledge


def test_each_guest_of_the_grace_gets_a_mark_of_its_own() -> None:
    decision = admission.greet(in_grace(), [mac(1), mac(2)], 10)
    assert {type(command) for command in decision.commands} == {Admit}
    assert decision.knowledge.marks == {1, 2}
    assert all(command.crowd == "guests" for command in decision.commands if isinstance(command, Admit))
    assert admission.greet(decision.knowledge, [mac(1), mac(2)], 11).commands == ()
    assert admission.greet(Knowledge(), [mac(1)], 0).commands == ()


def test_guests_beyond_the_last_mark_share_the_newcomers() -> None:
    decision = admission.greet(in_grace(), [mac(n) for n in range(1_100)], 10)
    assert len(decision.knowledge.guests) == len(MARKS)


def test_a_guest_who_taps_keeps_the_mark_and_is_never_without_one() -> None:
    knowledge = admission.greet(in_grace(), [mac(1)], 10).knowledge
    decision = admission.admit(knowledge, mac(1), SESSION, 20)
    assert decision.commands == (Admit(mac(1), 1, SESSION), Remove(mac(1), 1, "guests"))
    assert decision.knowledge.guests == {}


def test_who_taps_goes_before_a_guest() -> None:
    knowledge = admission.greet(in_grace(), [mac(n) for n in range(1_100)], 10).knowledge
    decision = admission.admit(knowledge, mac(2_000), SESSION, 20)
    assert decision.answer["ok"] and len(decision.knowledge.guests) == len(MARKS) - 1


def test_dismissing_during_the_grace_tells_the_truth() -> None:
    assert admission.dismiss(in_grace(), mac(1), 10).answer == {"ok": True, "state": "grace"}


def test_the_end_of_the_grace_frees_every_guest() -> None:
    knowledge = admission.greet(in_grace(), [mac(1)], 10).knowledge
    decision = admission.prune(knowledge, GRACE + LATE + 1)
    assert decision.knowledge.guests == {} and decision.knowledge.grace_until is None
    assert set(decision.left) == {1, NEWCOMERS}
    assert admission.state_of(decision.knowledge, mac(1), GRACE + 10) == ("captive", None)


def test_silence_ends_a_session_and_a_word_does_not() -> None:
    knowledge = admitted(1, 2)
    listing = Listing(people=(Element(mac(1), 1, 3_000, 1, 100), Element(mac(2), 2, 3_000, 0, 0)))
    decision = admission.look(knowledge, listing, idle=600, now=700)
    assert set(decision.knowledge.people) == {mac(1)}
    assert decision.commands == (Remove(mac(2), 2), FreeMark(2))
    later = admission.look(decision.knowledge, Listing(people=listing.people[:1]), idle=600, now=1_000)
    assert set(later.knowledge.people) == {mac(1)}, "moved at 700"


def test_who_is_gone_from_the_kernel_is_gone() -> None:
    decision = admission.look(admitted(1), NOTHING, idle=600, now=10)
    assert decision.knowledge.people == {} and decision.commands == (FreeMark(1),) and decision.turned == (mac(1),)


def together(*numbers: int) -> Knowledge:
    """Devices of one person, who has mark 1."""
    knowledge = admitted(numbers[0])
    for number in numbers[1:]:
        knowledge = admission.join(knowledge, mac(number), 1, SESSION, 0).knowledge
    return knowledge


def test_a_second_device_of_a_person_bears_the_same_mark_and_gains_no_share() -> None:
    decision = admission.join(admitted(1), mac(2), 1, 500, now=10)
    assert decision.commands == (Admit(mac(2), 1, 500),) and decision.turned == (mac(2),)
    assert decision.answer == {"ok": True, "state": "admitted", "seconds_remaining": 500}
    assert decision.knowledge.marks == {1}


def test_a_person_who_was_away_comes_back_under_a_new_mark_for_what_was_left() -> None:
    decision = admission.join(admitted(1), mac(2), None, 500, now=10)
    assert decision.commands == (Admit(mac(2), 2, 500),)
    assert admission.state_of(decision.knowledge, mac(2), 10) == ("admitted", 500)


def test_a_device_that_had_tapped_leaves_its_own_mark_in_one_transaction() -> None:
    decision = admission.join(admitted(1, 2), mac(2), 1, 500, now=10)
    assert decision.commands == (Extend(mac(2), 1, 500), FreeMark(2)), "never without a mark, and the counter is carried over"
    assert decision.left == (2,) and decision.knowledge.marks == {1}


def test_a_device_that_leaves_a_person_with_another_device_frees_nothing() -> None:
    decision = admission.join(together(1, 2), mac(2), None, 500, now=10)
    assert decision.commands == (Extend(mac(2), 2, 500),) and decision.left == ()


def test_a_guest_of_the_grace_who_enters_a_code_is_that_person() -> None:
    knowledge = admission.admit(admission.greet(in_grace(), [mac(1)], 10).knowledge, mac(2), SESSION, 10).knowledge
    decision = admission.join(knowledge, mac(1), 2, 500, now=20)
    assert decision.commands == (Admit(mac(1), 2, 500), Remove(mac(1), 1, "guests"), FreeMark(1))
    assert decision.left == (1,) and decision.knowledge.marks == {2}


def test_a_full_box_lets_in_who_shares_a_mark_or_gives_one_back() -> None:
    knowledge = admitted(*range(len(MARKS)))
    assert admission.join(knowledge, mac(2_000), None, 60, 0).answer == {"ok": False, "why": "full"}
    assert admission.join(knowledge, mac(2_000), 7, 60, 0).answer["ok"]
    changed = admission.join(knowledge, mac(5), None, 60, 0)
    assert changed.answer["ok"] and changed.knowledge.marks == frozenset(MARKS)
    crowded = admission.join(knowledge, mac(2_000), 7, 60, 0).knowledge
    refused = admission.join(crowded, mac(2_000), None, 60, 0)
    assert not refused.answer["ok"] and refused.knowledge == crowded, "who is in stays as it is"


def test_one_tap_extends_all_devices_of_a_person() -> None:
    decision = admission.admit(together(1, 2), mac(2), SESSION, now=100)
    assert set(decision.commands) == {Extend(mac(1), 1, SESSION), Extend(mac(2), 1, SESSION)}
    assert admission.state_of(decision.knowledge, mac(1), 100) == ("admitted", SESSION)


def test_a_mark_is_free_when_the_last_device_of_the_person_is_gone() -> None:
    first = admission.dismiss(together(1, 2), mac(1), 0)
    assert first.commands == (Remove(mac(1), 1),) and first.left == ()
    second = admission.dismiss(first.knowledge, mac(2), 0)
    assert second.commands == (Remove(mac(2), 1), FreeMark(1)) and second.left == (1,)


def test_the_end_of_a_persons_session_frees_the_mark_once() -> None:
    decision = admission.prune(together(1, 2), SESSION + LATE + 1)
    assert decision.commands == (FreeMark(1),) and set(decision.turned) == {mac(1), mac(2)}


def test_a_person_is_silent_when_all_their_devices_are() -> None:
    listing = Listing(people=(Element(mac(1), 1, 3_000, 1, 100), Element(mac(2), 1, 3_000, 0, 0)))
    decision = admission.look(together(1, 2), listing, idle=600, now=700)
    assert set(decision.knowledge.people) == {mac(1), mac(2)} and decision.commands == ()
    later = admission.look(decision.knowledge, listing, idle=600, now=1_400)
    assert later.knowledge.people == {} and later.commands == (Remove(mac(1), 1), Remove(mac(2), 1), FreeMark(1))


def test_a_shorter_idle_time_counts_from_now_on() -> None:
    knowledge = admission.rest_from_now(admitted(1), 700)
    listing = Listing(people=(Element(mac(1), 1, 3_000, 0, 0),))
    assert admission.look(knowledge, listing, idle=60, now=750).commands == ()
    assert admission.look(knowledge, listing, idle=60, now=760).left == (1,)


def test_the_last_moment_of_a_session_and_of_the_grace() -> None:
    """The second in which they end is the first without them; marks stay taken ``LATE`` seconds longer."""
    knowledge = admission.greet(in_grace(), [mac(1)], 0).knowledge
    assert admission.state_of(knowledge, mac(1), GRACE - 0.5)[0] == "grace"
    assert admission.state_of(knowledge, mac(1), GRACE) == ("captive", None)
    assert admission.greet(in_grace(), [mac(2)], GRACE).commands == ()
    assert len(admission.greet(in_grace(), [mac(2)], GRACE - 0.5).commands) == 1
    assert admission.prune(in_grace(), GRACE + LATE - 0.1).commands == ()
    assert admission.prune(in_grace(), GRACE + LATE).commands == (FreeMark(NEWCOMERS),)
    assert admission.prune(admitted(1), SESSION + LATE - 0.1).commands == ()
    assert admission.prune(admitted(1), SESSION + LATE).commands == (FreeMark(1),)
    assert admission.state_of(admitted(1), mac(1), SESSION - 0.5) == ("admitted", 0)


def test_a_guest_of_the_grace_has_a_second_more_than_the_grace_and_never_less() -> None:
    command = admission.greet(in_grace(), [mac(1)], 10.5).commands[0]
    assert command == Admit(mac(1), 1, GRACE - 10, "guests")


def test_after_the_last_mark_comes_the_first_that_is_free() -> None:
    last = Knowledge(last_mark=MARKS[-1])
    assert admission.admit(last, mac(1), SESSION, 0).commands == (Admit(mac(1), MARKS[0], SESSION),)
    assert MARKS[0] == 1 and MARKS[-1] == NEWCOMERS - 1, "0 is nobody, the last of all the newcomers"
    before = replace(admitted(1), last_mark=MARKS[-1])
    assert admission.admit(before, mac(2), SESSION, 0).commands == (Admit(mac(2), 2, SESSION),)


def test_the_mark_of_nobody_in_particular() -> None:
    assert admission.mark_of(Knowledge(), mac(1)) == 0 and admission.mark_of(in_grace(), mac(1)) == NEWCOMERS
    assert admission.mark_of(admitted(1), mac(1)) == 1
    assert admission.mark_of(admission.greet(in_grace(), [mac(1)], 0).knowledge, mac(1)) == 1


def test_cutting_a_person_cuts_all_their_devices_and_nobody_else() -> None:
    knowledge = admission.admit(together(1, 2), mac(3), SESSION, 0).knowledge
    decision = admission.cut(knowledge, frozenset({1}))
    assert set(decision.knowledge.people) == {mac(3)} and decision.left == (1,) and set(decision.turned) == {mac(1), mac(2)}
    assert set(decision.commands) == {Remove(mac(1), 1), Remove(mac(2), 1), FreeMark(1)}


KINDS = ["admit", "join", "dismiss", "wait", "prune", "greet", "restart", "look"]
DEEDS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 12)))


@given(DEEDS)
def test_knowledge_and_kernel_agree_whatever_happens(deeds: list[tuple[str, int]]) -> None:
    """Property: after any history, who the gate says is online is in the kernel with the same mark; a person's devices share it."""
    now = [0.0]
    kernel = FakeKernel(lambda: now[0])
    memory = Memory("boot", True)
    first, memory = admission.start(kernel.listing(), Memory("before", True), "boot", "grace", 0)
    knowledge = Knowledge()

    def perform(decision: Decision) -> Knowledge:
        kernel.perform(decision.commands)
        return decision.knowledge

    knowledge = perform(first)
    joined = set[Mac]()
    for deed, number in deeds:
        match deed:
            case "admit":
                knowledge = perform(admission.admit(knowledge, mac(number), 60, now[0]))
            case "join":
                first_device = knowledge.people.get(mac(number % 3))
                mark = None if first_device is None else first_device.mark
                knowledge = perform(admission.join(knowledge, mac(number), mark, 40, now[0]))
                if mark is not None and mac(number) in knowledge.people:
                    joined |= {mac(number), mac(number % 3)}
            case "dismiss":
                knowledge = perform(admission.dismiss(knowledge, mac(number), now[0]))
            case "wait":
                now[0] += number * 7.0
            case "prune":
                knowledge = perform(admission.prune(knowledge, now[0]))
            case "greet":
                knowledge = perform(admission.greet(knowledge, [mac(n) for n in range(number)], now[0]))
            case "look":
                knowledge = perform(admission.look(knowledge, kernel.listing(), 30, now[0]))
            case _:
                knowledge = perform(admission.start(kernel.listing(), memory, "boot", "grace", now[0])[0])
        marks = [d.mark for crowd in (knowledge.people, knowledge.guests) for d in crowd.values() if d.mac not in joined]
        assert len(marks) == len(set(marks)), "who never joined anybody shares with nobody"
        listing = kernel.listing()
        for crowd, elements in ((knowledge.people, listing.people), (knowledge.guests, listing.guests)):
            there = {e.mac: e.mark for e in elements}
            assert set(there) <= set(crowd), "nobody passes whom the gate does not know"
            # One second more may be believed than the kernel grants: its seconds are rounded down.
            missing = {m for m, d in crowd.items() if d.until - 1 > now[0]} - set(there)
            assert not missing
            assert all(crowd[m].mark == mark for m, mark in there.items())


def test_a_tap_in_a_full_grace_takes_the_mark_of_the_guest_who_came_first_and_of_nobody_who_tapped() -> None:
    full = admission.greet(
        admission.admit(in_grace(), mac(5_000), SESSION, 0).knowledge, [mac(n) for n in range(2_000)], 0
    ).knowledge
    first = next(iter(full.guests.values()))
    decision = admission.admit(full, mac(3_000), SESSION, 0)
    assert decision.commands == (
        Admit(mac(3_000), first.mark, SESSION),
        Remove(first.mac, first.mark, "guests"),
        FreeMark(first.mark),
    )
    assert decision.turned == (mac(3_000),) and decision.left == () and decision.knowledge.last_mark == first.mark
    assert first.mac not in decision.knowledge.guests and len(decision.knowledge.guests) == len(full.guests) - 1
    assert decision.knowledge.people.keys() == {mac(5_000), mac(3_000)}


def test_a_guest_who_taps_keeps_the_mark_and_leaves_the_guests() -> None:
    knowledge = admission.greet(in_grace(), [mac(1), mac(2)], 0).knowledge
    decision = admission.admit(knowledge, mac(1), SESSION, 5.0)
    mark = knowledge.guests[mac(1)].mark
    assert decision.commands == (Admit(mac(1), mark, SESSION), Remove(mac(1), mark, "guests")) and decision.left == ()
    assert decision.knowledge.guests.keys() == {mac(2)}
    device = decision.knowledge.people[mac(1)]
    assert (device.mark, device.until, device.octets, device.moved) == (mark, 5.0 + SESSION, 0, 5.0)


def test_a_guest_is_dismissed_as_a_guest_and_passes_on_in_the_grace() -> None:
    knowledge = admission.greet(in_grace(), [mac(1)], 0).knowledge
    decision = admission.dismiss(knowledge, mac(1), 5.0)
    mark = knowledge.guests[mac(1)].mark
    assert decision.commands == (Remove(mac(1), mark, "guests"), FreeMark(mark)) and decision.left == (mark,)
    assert decision.answer == {"ok": True, "state": "grace"} and decision.turned == (mac(1),)


def test_a_device_that_joins_a_person_is_moved_frees_its_own_mark_and_is_seen_now() -> None:
    knowledge = admitted(1, 2)
    decision = admission.join(knowledge, mac(2), 1, 500, now=20.0)
    assert decision.commands == (Extend(mac(2), 1, 500), FreeMark(2)) and decision.left == (2,) and decision.turned == ()
    moved = decision.knowledge.people[mac(2)]
    assert (moved.mark, moved.until, moved.moved) == (1, 520.0, 20.0)
    again = admission.join(decision.knowledge, mac(2), 1, 300, now=30.0)
    assert again.commands == (Extend(mac(2), 1, 300),) and again.answer["seconds_remaining"] == 300
    assert (again.knowledge.people[mac(2)].until, again.knowledge.people[mac(2)].moved) == (330.0, 30.0)
    away = admission.join(again.knowledge, mac(2), None, 300, now=40.0)
    assert away.left == () and away.knowledge.marks == {1, away.knowledge.people[mac(2)].mark} and len(away.commands) == 1


def test_greeting_passes_over_whoever_is_known_and_stops_when_the_marks_end() -> None:
    knowledge = admission.admit(in_grace(), mac(1), SESSION, 0).knowledge
    assert [command.mac for command in admission.greet(knowledge, [mac(3), mac(1), mac(2)], 0).commands] == [mac(2), mac(3)]  # type: ignore[union-attr]
    assert admission.greet(Knowledge(), [mac(1)], 0).commands == ()
    crowd = admission.greet(in_grace(), [mac(n) for n in range(len(MARKS) + 5)], 0)
    assert len(crowd.commands) == len(MARKS) == len(crowd.knowledge.guests)
    guest = next(iter(crowd.knowledge.guests.values()))
    assert (guest.until, guest.moved, guest.octets) == (GRACE + 1, 0, 0)
