"""How often one may ask, and for how long that is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.limiter import Limiter


def test_a_burst_then_a_steady_rate_each_for_itself() -> None:
    limiter = Limiter(3, 0.5, 10)
    assert [limiter.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limiter.allows("b", 0.0)
    assert not limiter.allows("a", 1.9) and limiter.allows("a", 2.1)


def test_the_bucket_unused_for_longest_makes_room() -> None:
    limiter = Limiter(1, 0.001, 2)
    for name in ("a", "b", "a", "c"):
        limiter.allows(name, 0.0)
    assert list(limiter.buckets) == ["a", "c"]


def test_claim_who_has_not_asked_for_long_enough_is_not_known_any_more() -> None:
    limiter = Limiter(6, 1 / 60, 10)
    limiter.allows("a", 0.0)
    limiter.allows("b", 100.0)
    assert limiter.forgotten_after == 360
    limiter.expire(359.9)
    assert list(limiter.buckets) == ["a", "b"]
    limiter.expire(360.0)
    assert list(limiter.buckets) == ["b"]
    assert limiter.allows("c", 460.0) and list(limiter.buckets) == ["c"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=60))
def test_forgetting_gives_nobody_a_try_more(asked: list[tuple[str, float]]) -> None:
    """Property: the answers are those of a limiter that forgets nobody."""
    forgetful, faithful, now = Limiter(3, 0.1, 10), _Faithful(3, 0.1, 10), 0.0
    for name, pause in asked:
        now += pause
        assert forgetful.allows(name, now) == faithful.allows(name, now)


class _Faithful(Limiter):
    def expire(self, now: float) -> None:
        return


def test_a_bucket_into_which_nothing_flows_is_never_full_again() -> None:
    limiter = Limiter(2, 0.0, 10)
    assert [limiter.allows("a", now) for now in (0.0, 1.0, 1e9)] == [True, True, False]
