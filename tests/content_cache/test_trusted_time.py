"""What time it is at least: no clock that starts in 1970 makes old metadata new."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.moment import BUILT, Moment, Trust
from content_cache.trusted_time import at_least, has_expired, seconds

times = st.floats(0, 4e9)
trusts = st.sampled_from(["none", "floor", "synced"])


@given(times, trusts, times, times)
def test_it_is_never_before_what_was_built_or_signed(wall: float, trust: Trust, saved: float, signed: float) -> None:
    found = at_least(Moment(wall, 5, trust), saved, signed)
    assert found.wall >= max(wall, BUILT, signed) and (found.wall == wall or found.trust == "none")
    if trust != "synced":
        assert found.wall >= saved


def test_a_clock_that_was_compared_mends_a_saved_time_that_was_wrong() -> None:
    now = Moment(BUILT + 100, 5, "synced")
    assert at_least(now, saved=4e9, signed=0) == now


@pytest.mark.parametrize(("expires", "expired"), [(0.0, False), (BUILT + 10, False), (BUILT + 5, True), (BUILT, True)])
def test_what_was_signed_until_now_has_expired(expires: float, expired: bool) -> None:
    assert has_expired(expires, Moment(BUILT + 5, 0, "floor")) is expired


@pytest.mark.parametrize(
    ("date", "found"), [("1970-01-01T00:01:00Z", 60.0), ("1970-01-01T00:01:00", 0.0), ("", 0.0), ("yesterday", 0.0)]
)
def test_a_date_in_seconds(date: str, found: float) -> None:
    assert seconds(date) == found
