"""One asker is slowed down; a crowd of boxes behind one address, and everyone else, is not."""

from __future__ import annotations

import pytest

from provisioning.authority.limiter import ASKERS, BURST, PER_SECOND, Limiter
from tests.appliance.test_shared_limiter import eager, together

__all__ = ["eager"]


def test_forty_boxes_behind_one_address_may_all_enrol_at_once() -> None:
    limiter = Limiter()
    assert all(limiter.allows("camp", 0.0) for _ in range(40))


def test_one_asker_is_stopped_and_may_go_on_later_without_harm_to_others() -> None:
    limiter = Limiter()
    assert [limiter.allows("a", 0.0) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert limiter.allows("b", 0.0)
    assert limiter.allows("a", 1.01 / PER_SECOND)


def test_memory_is_bounded() -> None:
    limiter = Limiter()
    for n in range(ASKERS * 2):
        limiter.allows(str(n), 0.0)
    assert len(limiter.buckets) == ASKERS


def test_h5_one_who_holds_a_network_of_addresses_is_one_asker() -> None:
    limiter = Limiter()
    assert sum(limiter.allows(f"2001:db8:1:2::{n:x}", 0.0) for n in range(3 * BURST)) == BURST
    assert limiter.allows("2001:db8:1:3::1", 0.0) and limiter.allows("192.0.2.1", 0.0)


@pytest.mark.parametrize("camp", range(10))
def test_r8_threads_of_the_hub_let_no_more_through_than_one_would(eager: None, camp: int) -> None:
    limiter = Limiter()
    assert together(lambda _: limiter.allows(f"camp {camp}", 0.0), 8, 100) == (BURST, [])


def test_r8_threads_that_meet_more_askers_than_are_remembered_raise_nothing(eager: None) -> None:
    limiter = Limiter(askers=5)
    assert together(lambda n: limiter.allows(str(n % 40), 0.0), 8, 400)[1] == []
    assert len(limiter.buckets) == 5
