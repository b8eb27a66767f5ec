"""The gate's words about a phone, and nonsense in their place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Unreachable
from captive_portal.device import Device, Share, from_answer

GOOD: dict[str, Any] = {
    "ok": True, "state": "admitted", "seconds_remaining": 60, "bytes_down": 5, "bytes_up": 6, "uplink": "up",
    "share": {"down_bps": 1, "up_bps": 2, "active_people": 3, "reason": "equal"},
}  # fmt: skip


def test_a_whole_answer() -> None:
    assert from_answer(GOOD) == Device("admitted", 60, 5, 6, "up", Share(1, 2, 3, "equal"))


@pytest.mark.parametrize(("state", "online"), [("captive", False), ("admitted", True), ("grace", True)])
def test_who_is_online(state: str, online: bool) -> None:
    assert from_answer({**GOOD, "state": state, "seconds_remaining": None}).online is online


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_no_answer(key: str) -> None:
    with pytest.raises(Unreachable):
        from_answer({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize("change", [{"ok": False}, {"state": "root"}, {"uplink": 1}, {"bytes_up": "many"}, {"share": []}])
def test_a_wrong_value_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(Unreachable):
        from_answer({**GOOD, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON))
def test_nonsense_is_unreachable_and_nothing_else(change: dict[str, Any]) -> None:
    said = {**GOOD, **change}
    try:
        found = from_answer(said)
    except Unreachable as error:
        assert error.where == "gate.sock" and said != GOOD
    else:
        assert said["ok"] is True and (found.state, found.uplink) == (said["state"], said["uplink"])
        assert (found.bytes_down, found.bytes_up) == (int(said["bytes_down"]), int(said["bytes_up"]))
