"""H25: each box has a budget; whoever goes over is slowed alone, and named."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.dashboard.inbox import (
    BASE,
    BOX_BYTES,
    BOX_MESSAGES,
    LIMITS,
    NO_ROOM,
    OVER_BUDGET,
    QOS0_BYTES,
    SLOWED_MESSAGES,
    Arrived,
    Inbox,
    Limit,
)
from telemetry.strict import MESSAGE_LIMIT

NUMBERS = count(1)
SMALL = (Limit(1_000, 100),)


def message(box: str, length: int = 100, qos: int = 1) -> Arrived:
    return Arrived(box, f"campbox/v1/{box}/up/t", bytes(length), False, qos, next(NUMBERS))


def test_h25_a_box_that_floods_delays_no_other() -> None:
    inbox = Inbox()
    for _ in range(5_000):
        inbox.put(message("loud", 3_000), 0.0)
    quiet = [message(f"quiet-{n}") for n in range(20)]
    assert all(inbox.put(one, 0.0) for one in quiet)
    taken = inbox.take(0.0, 500, 10**9)
    assert {one.box for one in quiet} <= {one.box for one in taken[:21]}, "one of each before the second of any"


def test_h25_the_same_box_in_its_own_order() -> None:
    inbox = Inbox()
    sent = [message(f"box-{n % 3}") for n in range(30)]
    for one in sent:
        inbox.put(one, 0.0)
    taken = inbox.take(0.0, 500, 10**9)
    for box in ("box-0", "box-1", "box-2"):
        assert [one.number for one in taken if one.box == box] == [one.number for one in sent if one.box == box]


def test_h25_who_is_over_its_budget_is_slowed_alone_and_named() -> None:
    inbox, served = Inbox(SMALL), dict.fromkeys(("loud", "quiet"), 0)
    for second in range(100):
        for _ in range(50):
            inbox.put(message("loud", 300), float(second))
        if second % 10 == 0:
            assert inbox.put(message("quiet", 300), float(second))
        for one in inbox.take(float(second), 500, 10**9):
            served[one.box] += 1
    assert served["quiet"] == 10
    assert served["loud"] * (300 + BASE) <= 1_000 + 100 * 100 + 300 + BASE
    assert served["loud"] > 0
    assert {box for box, _ in inbox.dropped} == {"loud"} and inbox.dropped["loud", OVER_BUDGET] > 4_000


def test_h25_who_only_waits_for_its_turn_loses_nothing_and_is_named_once() -> None:
    """A box that comes back with a full outbox sends the next batch when the one before is acknowledged."""
    inbox, seconds, sent = Inbox(SMALL), 0.0, 0
    while sent < 20:
        assert inbox.put(message("back", 600), seconds)
        while not inbox.take(seconds, 500, 10**9):
            seconds += 1.0
        sent += 1
    assert set(inbox.dropped) == {("back", OVER_BUDGET)} and inbox.dropped["back", OVER_BUDGET] < 20


def test_h25_fourteen_days_of_an_honest_outbox_fit_the_budget_and_go_out_within_the_hour() -> None:
    inbox, seconds, left = Inbox(), 0.0, 20_160
    while left > 0:
        inbox.put(message("back", 100 * 70 + 300), seconds)
        while not inbox.take(seconds, 500, 10**9):
            seconds += 1.0
        left -= 100
    assert seconds < 3_600 and inbox.dropped["back", OVER_BUDGET] < 202, "slowed, and nothing dropped"


def test_h25_a_box_that_has_stopped_shouting_is_heard_again() -> None:
    inbox = Inbox()
    for second in range(3_600):
        for _ in range(3):
            inbox.put(message("loud", 100_000), float(second))
        inbox.take(float(second), 500, 10**9)
    for later in range(3_600, 3_900):
        inbox.take(float(later), 500, 10**9)
    hour = 3_600.0 * 2
    assert inbox.put(message("loud"), hour)
    assert [len(one.payload) for one in inbox.take(hour, 500, 10**9)][-1] == 100


@pytest.mark.parametrize("largest", [MESSAGE_LIMIT, 10])
def test_a_box_owes_one_message_at_the_most_and_is_heard_as_soon_as_that_is_paid(largest: int) -> None:
    inbox, owed = Inbox(), largest + BASE
    for _ in range(2 * int(max(limit.burst for limit in LIMITS) // owed)):
        inbox.put(message("loud", largest), 0.0)
        inbox.take(0.0, 500, 10**9)
    paid = max(owed / limit.rate for limit in LIMITS)
    inbox.clear()
    assert inbox.put(message("loud"), 0.0) and inbox.take(0.0, 500, 10**9) == []
    assert len(inbox.take(paid + 1.0, 500, 10**9)) == 1


@pytest.mark.parametrize("length", [0, 100, 3_000])
def test_what_is_served_beyond_the_burst_is_the_rate_and_one_message(length: int) -> None:
    inbox, served, [limit] = Inbox(SMALL), 0, SMALL
    for second in range(1_000):
        inbox.put(message("loud", length), float(second))
        served += sum(one.cost for one in inbox.take(float(second), 500, 10**9))
    assert limit.rate * 999 <= served <= limit.burst + limit.rate * 999 + length + BASE


def test_what_waits_of_one_box_is_bounded_in_number_and_bytes() -> None:
    many, large = Inbox(), Inbox()
    assert sum(many.put(message("one", 10), 0.0) for _ in range(100)) == BOX_MESSAGES
    while large.put(message("one", 130_000), 0.0):
        pass
    assert 0 < large.size <= BOX_BYTES
    assert many.put(message("other", 10), 0.0)


def test_bytes_that_share_a_commit_are_bounded_but_one_message_always_goes() -> None:
    inbox = Inbox()
    for n in range(30):
        inbox.put(message(f"box-{n}", 100_000), 0.0)
    assert len(inbox.take(0.0, 500, 250_000)) == 2
    assert len(inbox.take(0.0, 500, 10)) == 1


def test_boxes_of_which_there_is_nothing_to_know_are_forgotten() -> None:
    inbox = Inbox(SMALL)
    inbox.put(message("gone"), 0.0)
    inbox.take(0.0, 500, 10**9)
    inbox.put(message("waits"), 0.0)
    inbox.forget(1.0)
    assert set(inbox._accounts) == {"gone", "waits"}
    inbox.forget(1_000.0)
    assert set(inbox._accounts) == {"waits"}


def test_a_clock_that_goes_back_gives_nobody_more() -> None:
    inbox = Inbox(SMALL)
    for second in (10.0, 0.0, 10.0, 0.0):
        inbox.put(message("one", 700), second)
    assert len(inbox.take(0.0, 500, 10**9)) == 2


@pytest.mark.parametrize("limits", [LIMITS, SMALL])
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3_000), st.integers(0, 1), st.floats(0, 5)), max_size=60)
)
def test_every_message_is_taken_once_or_dropped_and_counted(
    limits: tuple[Limit, ...], sent: list[tuple[str, int, int, float]]
) -> None:
    inbox, clock, kept, taken = Inbox(limits), 0.0, list[int](), list[int]()
    for box, length, qos, pause in sent:
        clock += pause
        one = message(box, length, qos)
        if inbox.put(one, clock):
            kept.append(one.number)
        taken += [m.number for m in inbox.take(clock, 2, 5_000)]
    for _ in range(200):
        clock += 100.0
        taken += [m.number for m in inbox.take(clock, 100, 10**9)]
    assert sorted(taken) == kept and inbox.waiting == inbox.size == 0
    assert len(sent) - len(kept) <= sum(inbox.dropped.values()) <= 2 * len(sent)


def test_the_bounds_that_the_papers_promise() -> None:
    assert (Limit(400_000, 8_000), Limit(4_000_000, 500)) == LIMITS
    assert (BASE, BOX_MESSAGES, BOX_BYTES, SLOWED_MESSAGES, QOS0_BYTES) == (200, 16, 600_000, 2, 16_000_000)


def test_of_one_box_just_so_many_bytes_may_wait_and_the_first_message_always_may() -> None:
    inbox = Inbox()
    assert inbox.put(message("one", BOX_BYTES - 5), 0.0) and inbox.put(message("one", 5), 0.0)
    assert not inbox.put(message("one", 1), 0.0) and inbox.dropped == {("one", OVER_BUDGET): 1}
    assert Inbox().put(message("one", BOX_BYTES + 1), 0.0)


def test_of_all_boxes_together_just_so_many_bytes_wait_that_the_broker_does_not_hold_back() -> None:
    inbox, each = Inbox(), 500_000
    for n in range(QOS0_BYTES // each):
        assert inbox.put(message(f"box-{n}", each), 0.0)
    assert inbox.size == QOS0_BYTES and inbox.put(message("none", 0, qos=0), 0.0)
    assert not inbox.put(message("late", 1, qos=0), 0.0) and inbox.dropped == {("late", NO_ROOM): 1}
    assert inbox.put(message("late", 1, qos=1), 0.0), "what it holds back is not dropped for others"


def test_one_that_is_over_its_budget_may_leave_two_messages_waiting() -> None:
    inbox = Inbox(SMALL)
    assert inbox.put(message("one", 800), 0.0) and len(inbox.take(0.0, 9, 10**9)) == 1
    assert [inbox.put(message("one", 1), 0.0) for _ in range(SLOWED_MESSAGES + 1)] == [True] * SLOWED_MESSAGES + [False]
    assert inbox.take(0.0, 9, 10**9) == [], "at nothing left it is not served"
    assert len(inbox.take(0.1, 9, 10**9)) == 1, "with anything left it is"


def test_it_is_named_again_only_after_a_quarter_of_its_budget_has_come_back() -> None:
    inbox = Inbox(SMALL)

    def named(clock: float) -> int:
        inbox.take(clock, 9, 10**9)
        return inbox.dropped["one", OVER_BUDGET]

    for _ in range(3):
        inbox.put(message("one", 1_000), 0.0)
        found = named(0.0)
    assert found == 1 and named(1.0) == 1, "once"
    assert named(2.1) == 1 and inbox.waiting == 1, "one more was served, and it owes again"
    inbox.take(20.0, 9, 10**9)
    inbox.put(message("one", 1_000), 40.0)
    inbox.take(40.0, 9, 10**9)
    inbox.put(message("one", 1_000), 40.0)
    assert named(40.0) == 2


def test_what_was_cleared_waits_no_more_and_costs_nothing() -> None:
    inbox = Inbox(SMALL)
    for box in ("a", "b"):
        inbox.put(message(box, 100), 0.0)
    assert (inbox.waiting, inbox.size) == (2, 200)
    inbox.clear()
    assert (inbox.waiting, inbox.size) == (0, 0) and inbox.take(0.0, 9, 10**9) == []
    inbox.put(message("a", 100), 0.0)
    assert len(inbox.take(0.0, 9, 10**9)) == 1
    inbox.forget(0.0)
    assert set(inbox._accounts) == {"a"}, "what owes something is known"
    inbox.forget(3.0)
    assert set(inbox._accounts) == set(), "and forgotten when it is paid"


def test_just_so_many_messages_and_bytes_are_taken_at_once() -> None:
    inbox = Inbox()
    for n in range(5):
        inbox.put(message(f"box-{n}", 100), 0.0)
    assert len(inbox.take(0.0, 2, 10**9)) == 2
    assert len(inbox.take(0.0, 9, 200)) == 2 and len(inbox.take(0.0, 9, 99)) == 1
    assert (inbox.waiting, inbox.size) == (0, 0)
