"""When the uplink counts as up or down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import reachability
from appliance.gate.reachability import PATIENCE, Heard, patience_left


def test_at_the_start_it_counts_as_up_until_patience_ends() -> None:
    known = reachability.begin(100)
    assert reachability.judge(known, None, 100 + PATIENCE - 0.1).state == "up"
    assert reachability.judge(known, None, 100 + PATIENCE).state == "down"


def test_what_was_down_before_a_restart_stays_down_until_a_success() -> None:
    known = reachability.begin(100, down=True)
    assert reachability.judge(known, None, 101).state == "down"
    assert reachability.judge(known, 102, 102).state == "up"


def test_one_success_brings_it_up_at_once() -> None:
    known = reachability.judge(reachability.begin(0), None, 20)
    assert known.state == "down" and known.since == 20
    again = reachability.judge(known, 30, 31)
    assert again.state == "up" and again.since == 31
    assert reachability.judge(again, 30, 30 + PATIENCE).state == "down"


def test_an_old_success_does_not_bring_it_up() -> None:
    known = reachability.judge(reachability.begin(0), 1, 1)
    known = reachability.judge(known, 1, 1 + PATIENCE)
    assert known.state == "down"
    assert reachability.judge(known, 1, 100).state == "down"


@given(st.lists(st.tuples(st.booleans(), st.floats(0.5, 3) | st.floats(10, 20))))
def test_no_wrong_state_lasts_longer_than_fifteen_seconds(checks: list[tuple[bool, float]]) -> None:
    """Property over any flapping: up means a success within the last 15 s, down means none since it went down."""
    now, last, known = 0.0, None, reachability.begin(0.0)
    for success, step in checks:
        now += step
        last = now if success else last
        known = reachability.judge(known, last, now)
        if known.state == "up":
            assert now - (last or 0.0) < PATIENCE
        else:
            assert last is None or now - last >= PATIENCE or last <= known.since


@given(st.floats(0, 1000), st.floats(0, 60))
def test_who_waits_as_long_as_patience_lasts_judges_neither_early_nor_late(began: float, waited: float) -> None:
    known = reachability.begin(began)
    left = patience_left(known, began + waited)
    assert left <= PATIENCE + 1e-9  # sums of floating-point seconds
    assert reachability.judge(known, None, began + waited + left + 1e-6).state == "down"
    assert left < 2e-6 or reachability.judge(known, None, began + waited + left - 1e-6).state == "up"
    assert patience_left(reachability.begin(began, down=True), began) == float("inf")


def test_n1_what_two_checks_refute_is_down_at_once_and_told_as_the_providers() -> None:
    known = reachability.judge(reachability.begin(0), 10, 10)
    once = reachability.judge(known, 10, 13, Heard(10, foreign=13))
    assert once.state == "up", "one check may have met a host that is blocked, and the other host's loss"
    twice = reachability.judge(once, 10, 15, Heard(10, foreign=15, refuted=15))
    assert (twice.state, twice.since, twice.portal) == ("down", 15, True)
    assert reachability.told(twice) == {"uplink": "down", "why": "portal"}
    back = reachability.judge(twice, 20, 20, Heard(20, foreign=15, refuted=15))
    assert (back.state, back.portal) == ("up", False)
    assert reachability.judge(back, 20, 21, Heard(20, foreign=15, refuted=15)).state == "up", "what is over refutes nothing"


def test_n1_one_blocked_host_beside_a_good_one_is_an_uplink() -> None:
    known = reachability.begin(0)
    for now in range(1, 100, 5):
        known = reachability.judge(known, now, now, Heard(now, foreign=now - 1))
        assert (known.state, known.portal) == ("up", False)


def test_n1_a_line_that_was_cut_is_not_called_the_providers() -> None:
    known = reachability.judge(reachability.begin(0), None, PATIENCE)
    assert reachability.told(known) == {"uplink": "down", "why": ""}


def test_n1_cut_becomes_the_providers_and_the_other_way_round() -> None:
    known = reachability.judge(reachability.begin(0), None, PATIENCE)
    known = reachability.judge(known, None, 30, Heard(foreign=29, refuted=29))
    assert known.portal and known.since == PATIENCE
    known = reachability.judge(known, None, 29 + PATIENCE, Heard(foreign=29, refuted=29))
    assert known.state == "down" and not known.portal


def test_patience_is_fifteen_seconds_counted_from_the_newest_success() -> None:
    assert PATIENCE == 15.0
    known = reachability.judge(reachability.begin(0), 10, 10)
    assert known.success == 10 and reachability.judge(known, 4, 20).success == 10, "an older one takes nothing back"
    assert reachability.judge(known, None, 24.9).state == "up" and reachability.judge(known, None, 25).state == "down"
    assert reachability.judge(known, 24, 25).state == "up" and reachability.judge(known, 24, 25).success == 24
    assert reachability.judge(known, 24, 25).since == 0, "it has been up all the time"


def test_the_very_success_that_was_known_brings_nothing_up() -> None:
    down = reachability.begin(5, down=True)
    assert reachability.judge(down, 5, 6).state == "down" and reachability.judge(down, 5.1, 6).state == "up"
    assert reachability.judge(down, 5.1, 6).success == 5.1


def test_n1_an_answer_of_somebody_else_counts_for_less_than_patience_and_only_after_the_last_success() -> None:
    down = reachability.judge(reachability.begin(0), None, 20)
    assert reachability.judge(down, None, 30, Heard(foreign=15.1)).portal
    assert not reachability.judge(down, None, 30, Heard(foreign=15.0)).portal
    assert (
        reachability.judge(down, None, 14, Heard(foreign=0.1)).portal
        and not reachability.judge(down, None, 14, Heard(foreign=0.0)).portal
    )
    falling = reachability.judge(reachability.begin(0), None, 15, Heard(foreign=14))
    assert (falling.state, falling.portal, falling.since) == ("down", True, 15)


def test_n1_a_success_at_the_same_moment_is_not_refuted() -> None:
    known = reachability.begin(0)
    assert reachability.judge(known, 10, 11, Heard(10, 10, refuted=10)).state == "up"
    assert reachability.judge(known, 10, 11, Heard(10, 10, refuted=10.1)).state == "down"


def test_what_is_told_while_it_is_up_and_how_much_patience_is_left() -> None:
    known = reachability.begin(100)
    assert reachability.told(known) == {"uplink": "up", "why": ""}
    assert [patience_left(known, now) for now in (100, 101, 115, 116)] == [15.0, 14.0, 0.0, 0.0]
