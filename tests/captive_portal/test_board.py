"""Which notices and numbers a reader sees: by language, by a clock that is right and by one that is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.emergency import Number
from appliance.moment import BUILT, Moment, Trust
from appliance.web.languages import BY_TAG, LANGUAGES
from captive_portal.board import numbers, shown

WATER = {
    "id": "a1b2c3d4", "source": "Camp management", "date": "2026-11-22T08:00:00Z", "expires": "2026-11-23T08:00:00Z",
    "priority": "urgent", "written": "en", "texts": {"en": "No water today.", "ar": "لا ماء اليوم.", "fa": "امروز آب نیست."},
}  # fmt: skip
DAY = 86_400
AT = 1_795_334_400.0  # 2026-11-22T08:00:00Z
_ANY = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3),
    max_leaves=8,
)


def at(wall: float = AT, trust: Trust = "synced") -> Moment:
    return Moment(wall, 100.0, trust)


def told(*notices: Any, **more: Any) -> dict[str, Any]:
    return {"notices": list(notices), **more}


@pytest.mark.parametrize(
    ("reader", "tag", "foreign"),
    [("ar", "ar", False), ("en", "en", False), ("fa-AF", "fa", True), ("ckb", "ar", True), ("ti", "ar", True), ("uk", "en", True)],
)
def test_a_reader_gets_the_own_language_else_the_nearest_marked(reader: str, tag: str, foreign: bool) -> None:
    (one,) = shown(told(WATER), BY_TAG[reader], at())
    assert (one.tag, one.foreign, one.text, one.own_name) == (tag, foreign, WATER["texts"][tag], BY_TAG[tag].own_name)  # type: ignore[index]
    assert one.direction == BY_TAG[tag].direction


def test_an_expired_notice_is_gone_by_a_clock_that_is_right() -> None:
    assert shown(told(WATER), BY_TAG["en"], at(AT + DAY - 1)) and not shown(told(WATER), BY_TAG["en"], at(AT + DAY))


@pytest.mark.parametrize("moment", [at(AT + 9 * DAY, "floor"), at(BUILT, "none"), at(AT, "floor")])
def test_by_a_clock_that_is_not_sure_it_stays_marked(moment: Moment) -> None:
    assert [one.doubtful for one in shown(told(WATER), BY_TAG["en"], moment)] == [True]


def test_the_most_urgent_stands_first_and_the_newest_among_equals() -> None:
    info, old = {**WATER, "priority": "info", "source": "1"}, {**WATER, "date": "2026-11-21T08:00:00Z", "source": "2"}
    assert [one.source for one in shown(told(info, old, WATER), BY_TAG["en"], at())] == ["Camp management", "2", "1"]


def test_the_hubs_numbers_go_before_the_sites_and_stand_in_the_tables_order() -> None:
    site = (Number("camp", "112"), Number("police", "911"))
    assert numbers({}, site, sample=False) == [site[1], site[0]]
    hub = told(numbers=[{"kind": "fire", "number": "199"}, {"kind": "moon", "number": "1000"}, {"kind": "police"}, None])
    assert numbers(hub, site, sample=False) == [Number("fire", "199")]


def test_an_invented_number_is_never_shown_outside_a_sample() -> None:
    hub = told(numbers=[{"kind": "fire", "number": "+999 555 0100"}])
    assert numbers(hub, (), sample=False) == [] and len(numbers(hub, (), sample=True)) == 1


@given(_ANY, st.dictionaries(st.sampled_from(list(WATER)), _ANY))
def test_facts_of_any_form_never_break_a_page(untrusted: Any, values: dict[str, Any]) -> None:
    for found in (told(untrusted), told({**WATER, **values}), {"notices": untrusted, "numbers": untrusted}):
        assert all(one.text is not None for one in shown(found, LANGUAGES[0], at()))
        numbers(found, (), sample=False)
