"""The volume of a day: when days turn, and what is booked when people come and go."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import quota
from appliance.gate.admission import Device
from appliance.gate.elements import Spend
from appliance.gate.quota import Accounts, Day
from appliance.moment import Moment
from appliance.values import Mac
from tests.appliance.gate.knowledge import mac

ZONE = "Asia/Amman"
NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=ZoneInfo(ZONE))


def moment(when: datetime.datetime = NOON, *, synced: bool = True) -> Moment:
    return Moment(when.timestamp(), 1_000.0, "synced" if synced else "floor")


def people(*pairs: tuple[int, int]) -> dict[Mac, Device]:
    return {mac(number): Device(mac(number), mark, 9_999.0, 0, 0.0) for number, mark in pairs}


def test_the_day_is_the_sites_own_and_none_while_the_clock_is_not_believed() -> None:
    late = datetime.datetime(2026, 11, 21, 22, 30, tzinfo=datetime.UTC)
    assert quota.date_of(moment(late), ZONE) == datetime.date(2026, 11, 22).toordinal()
    assert quota.date_of(moment(late), "Europe/Dublin") == datetime.date(2026, 11, 21).toordinal()
    assert quota.date_of(moment(synced=False), ZONE) is None


@pytest.mark.parametrize(
    ("day", "date", "now", "expected"),
    [
        (Day(7, 0), 7, 10.0, (Day(7, 0), False)),
        (Day(7, 0), 8, 10.0, (Day(8, 0), True)),
        (Day(7, 0), 7, 90_000.0, (Day(7, 1), False)),
        (Day(None, 0), 8, 10.0, (Day(8, 0), False)),
        (Day(None, 0), None, 86_399.0, (Day(None, 0), False)),
        (Day(None, 0), None, 86_401.0, (Day(None, 1), True)),
        (Day(7, 0), None, 10.0, (Day(7, 0), False)),
    ],
)
def test_a_day_turns_at_midnight_or_after_24_hours_where_no_date_is_known(
    day: Day, date: int | None, now: float, expected: tuple[Day, bool]
) -> None:
    assert quota.turn(day, date, now) == expected


def test_the_next_day_is_told_in_seconds() -> None:
    assert quota.seconds_to_next(moment(), ZONE, 5.0) == 12 * 3600
    assert quota.seconds_to_next(moment(synced=False), ZONE, 86_400 + 400.0) == 86_400 - 400 + 1
    last = moment(datetime.datetime(2027, 7, 1, 23, 59, 59, 500_000, tzinfo=ZoneInfo(ZONE)))
    assert quota.seconds_to_next(last, ZONE, 0.0) == 1, "never none"


def test_an_hour_more_or_less_does_not_move_midnight() -> None:
    spring = datetime.datetime(2027, 3, 28, 0, 30, tzinfo=ZoneInfo("Europe/Athens"))
    assert quota.seconds_to_next(moment(spring), "Europe/Athens", 0.0) == 22 * 3600 + 1800


def test_who_leaves_and_comes_again_goes_on_where_they_were() -> None:
    away, commands = quota.follow(Accounts(), people((1, 5)), {}, {5: 700})
    assert commands == (Spend(mac(1), 700),)
    back, again = quota.follow(away, {}, people((1, 9)), {})
    assert back.used(9, {9: 50}) == 750 and again == (), "the kernel has it already"


def test_a_mark_that_another_person_gets_carries_nothing_over() -> None:
    away, _ = quota.follow(Accounts({5: 100}), people((1, 5)), {}, {5: 700})
    other, _ = quota.follow(away, {}, people((2, 5)), {})
    assert other.used(5, {}) == 0


def test_a_second_device_joins_the_persons_account_and_takes_it_along() -> None:
    both, commands = quota.follow(Accounts({5: 300}, {mac(1): 300}), people((1, 5)), people((1, 5), (2, 5)), {5: 100})
    assert both.used(5, {5: 100}) == 400 and commands == (Spend(mac(2), 300),)
    one, _ = quota.follow(both, people((1, 5), (2, 5)), people((1, 5)), {5: 150})
    assert one.used(5, {5: 150}) == 450 and one.spent[mac(2)] == 450


def test_who_comes_with_a_code_has_used_what_the_code_says_and_not_what_the_device_did() -> None:
    known = Accounts({}, {mac(1): 900})
    came, commands = quota.follow(known, {}, people((1, 6)), {}, brought=20)
    assert came.used(6, {}) == 20 and commands == (Spend(mac(1), 20),)


def test_after_a_restart_the_kernel_knows_it_all() -> None:
    before = Accounts({5: 300, 6: 0}, {mac(1): 300, mac(2): 300})
    again = quota.rebuilt(people((1, 5), (2, 5), (3, 6)), before.spent)
    assert [again.used(mark, {5: 1, 6: 2}) for mark in (5, 6)] == [301, 2]


def test_only_who_reached_the_volume_has_used_it_up() -> None:
    accounts = Accounts({5: 300})
    assert quota.used_up(accounts, people((1, 5), (2, 6)), {5: 699, 6: 999}, 1_000) == frozenset()
    assert quota.used_up(accounts, people((1, 5), (2, 6)), {5: 700, 6: 999}, 1_000) == {5}


CROWD = st.dictionaries(st.integers(1, 6), st.integers(1, 4), max_size=6)


@given(st.lists(st.tuples(CROWD, st.dictionaries(st.integers(1, 4), st.integers(0, 50))), max_size=8))
def test_nobody_alone_on_a_mark_ever_has_used_less_than_before(steps: list[tuple[dict[int, int], dict[int, int]]]) -> None:
    accounts, old, carried = Accounts(), dict[Mac, Device](), dict[int, int]()
    for crowd, more in steps:
        new = people(*crowd.items())
        after, _ = quota.follow(accounts, old, new, carried)
        borne = [device.mark for device in old.values()]
        for one, device in old.items():
            if borne.count(device.mark) == 1 and one not in new:
                assert after.spent[one] == accounts.used(device.mark, carried)
        alive = {device.mark for device in new.values()}
        stayed = {device.mark for device in old.values()} & alive
        carried = {mark: carried[mark] for mark in stayed if mark in carried}
        for mark in alive:
            carried[mark] = carried.get(mark, 0) + more.get(mark, 0)
        accounts, old = after, new


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (86_399.9, (Day(None, 0), False)), (86_400.0, (Day(None, 1), True)), (172_799.0, (Day(None, 1), True)),
        (172_800.0, (Day(None, 2), True)),
    ],
)  # fmt: skip
def test_the_24_hours_turn_at_their_last_second(now: float, expected: tuple[Day, bool]) -> None:
    assert quota.HOURS_24 == 24 * 3600 and quota.turn(Day(None, 0), None, now) == expected


def test_a_date_that_goes_back_is_another_day_and_one_that_is_lost_keeps_the_span() -> None:
    assert quota.turn(Day(8, 0), 7, 10.0) == (Day(7, 0), True)
    assert quota.turn(Day(7, 0), None, 90_000.0) == (Day(None, 1), True)
    assert quota.turn(Day(7, 1), None, 90_000.0) == (Day(7, 1), False)


def test_without_a_date_the_next_day_is_never_now_and_never_more_than_a_day_away() -> None:
    told = [quota.seconds_to_next(moment(synced=False), ZONE, now) for now in (0.0, 1.0, 86_399.5, 86_400.0)]
    assert told == [86_401, 86_400, 1, 86_401]


def test_seconds_to_midnight_are_told_to_the_second() -> None:
    last = datetime.datetime(2026, 11, 22, 23, 59, 57, 500_000, tzinfo=ZoneInfo(ZONE))
    assert quota.seconds_to_next(moment(last), ZONE, 0.0) == 2
    first = datetime.datetime(2026, 11, 22, 0, 0, 0, tzinfo=ZoneInfo(ZONE))
    assert quota.seconds_to_next(moment(first), ZONE, 0.0) == 86_400


def test_of_a_persons_devices_the_one_that_knows_most_is_believed_after_a_restart() -> None:
    for spent in ({mac(1): 300, mac(2): 500}, {mac(1): 500, mac(2): 300}):
        again = quota.rebuilt(people((1, 5), (2, 5), (3, 6)), spent)
        assert again.used(5, {}) == 500 and again.used(6, {}) == 0 and again.spent == spent
    assert quota.rebuilt(people((3, 6)), {mac(1): 9}).before == {}, "who is away bears no mark"


def test_a_device_that_changes_its_mark_is_booked_out_of_one_and_into_the_other() -> None:
    accounts = Accounts({5: 100, 6: 40}, {mac(1): 100, mac(2): 40})
    moved, commands = quota.follow(accounts, people((1, 5), (2, 6)), people((1, 6), (2, 6)), {5: 10, 6: 1})
    assert moved.before == {6: 40} and moved.spent == {mac(1): 40, mac(2): 40}
    assert commands == (Spend(mac(1), 40),)


def test_who_stays_is_booked_nowhere_and_who_comes_with_nothing_is_written_nowhere() -> None:
    accounts = Accounts({5: 100}, {mac(1): 100})
    same, commands = quota.follow(accounts, people((1, 5)), people((1, 5), (2, 6)), {5: 700})
    assert same.before == {5: 100, 6: 0} and same.spent == {mac(1): 100, mac(2): 0} and commands == ()
    came, commands = quota.follow(Accounts({}, {mac(1): 70}), {}, people((1, 5)), {}, brought=0)
    assert came.before == {5: 0} and commands == (Spend(mac(1), 0),), "a code that has used nothing counts as just that"


def test_a_volume_of_nothing_is_used_up_at_once_and_people_without_an_account_count_from_nothing() -> None:
    assert quota.used_up(Accounts(), people((1, 5)), {}, 1) == frozenset()
    assert quota.used_up(Accounts(), people((1, 5)), {5: 1}, 1) == {5}
    assert quota.used_up(Accounts(), people((1, 5)), {}, 0) == {5}
