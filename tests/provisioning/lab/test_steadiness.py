"""The judgement on an uplink that comes and goes: it finds every way in which a phone can be treated wrongly."""

from __future__ import annotations

import pytest

from provisioning.lab.pages import Reply
from provisioning.lab.steadiness import LONGEST_WRONG, Change, Page, Seen, Verdict, judge
from provisioning.lab.watcher import what

UP_DOWN_UP = [Change(0, True), Change(10, False), Change(40, True)]


def _watch(*stretches: tuple[float, float, Page]) -> list[Seen]:
    """A look every half second from, until, page."""
    return [Seen(t / 2, t / 2 + 0.01, page) for begin, end, page in stretches for t in range(int(begin * 2), int(end * 2))]


def test_a_phone_that_is_told_in_time_and_asked_nothing_is_treated_well() -> None:
    verdict = judge(UP_DOWN_UP, _watch((0, 10, "online"), (10, 24, "nothing"), (24, 43, "offline"), (43, 60, "online")))
    assert verdict.holds
    assert (verdict.changes, verdict.page_changes, verdict.asked_to_tap) == (2, 2, 0)
    assert 13 < verdict.longest_wrong < 15


@pytest.mark.parametrize(
    ("stretches", "problem"),
    [
        (((0, 10, "online"), (10, 26, "nothing"), (26, 41, "offline"), (41, 60, "online")), "told nothing for 16 s"),
        (((0, 10, "online"), (10, 14, "nothing"), (14, 57, "offline"), (57, 60, "online")), "told down for 17 s while it is up"),
        (((0, 10, "online"), (10, 30, "online"), (30, 41, "offline"), (41, 60, "online")), "told up for 20 s while it is down"),
        (((0, 10, "online"), (10, 14, "nothing"), (14, 15, "captive"), (15, 41, "offline"), (41, 60, "online")), "asked to tap"),
        (((0, 4, "online"), (4, 5, "offline"), (5, 10, "online"), (10, 40, "offline"), (40, 60, "online")), "down for no reason"),
        ((), "never looked"),
    ],
)
def test_each_way_of_treating_a_phone_wrongly_is_found(stretches: tuple[tuple[float, float, Page], ...], problem: str) -> None:
    verdict = judge(UP_DOWN_UP, _watch(*stretches))
    assert not verdict.holds, problem
    assert str(verdict).endswith("does not hold")


def test_flapping_that_nobody_notices_is_no_page_change() -> None:
    changes = [Change(n * 10, n % 2 == 0) for n in range(10)]
    looks = _watch(*((n * 10, n * 10 + 10, "online" if n % 2 == 0 else "nothing") for n in range(10)))
    verdict = judge(changes, looks)
    assert verdict.holds and verdict.page_changes == 0 and 9 < verdict.longest_wrong < 10.1


def test_a_look_that_a_change_fell_into_decides_nothing() -> None:
    looks = [Seen(9.0, 9.1, "online"), Seen(9.9, 10.4, "nothing"), Seen(10.5, 10.6, "offline")]
    assert judge(UP_DOWN_UP, looks).longest_wrong == 0.0


def test_the_limit_is_the_house_plans() -> None:
    assert LONGEST_WRONG == 15.0
    assert not Verdict(1, 1, 0, 15.1, 0, None).holds and Verdict(1, 1, 0, 15.0, 0, None).holds


def test_looks_come_back_from_their_line() -> None:
    look = Seen(1.25, 1.5, "offline")
    assert Seen.from_json(look.to_json()) == look


@pytest.mark.parametrize(
    ("reply", "page"),
    [
        (Reply(200, {}, b"an ordinary page", 0), "online"),
        (Reply(302, {"location": "http://camp.internal/offline"}, b"", 0), "offline"),
        (Reply(302, {"location": "http://camp.internal/"}, b"", 0), "captive"),
        (Reply(200, {}, b"something else", 0), "captive"),
    ],
)
def test_an_answer_is_one_of_the_pages(reply: Reply, page: Page) -> None:
    assert what(reply) == page
