"""Opportunities: only of the vetted, over when they are over, fitting what was ticked."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.opportunities import MOST_TICKED, SKILLS, Offer, fit, is_voucher, may_show, offer, ticked

TODAY = datetime.date(2026, 11, 22)


def document(*told: tuple[str, str], vetted: str | None = "2026-10-01") -> dict[str, Any]:
    """A service with attributes; its organisation vetted on a day."""
    checked = [{"link_type": "vetted", "value": vetted}] if vetted is not None else []
    return {
        "attributes": [{"link_type": name, "value": value} for name, value in told],
        "organization": {"attributes": checked},
    }


DRIVER = document(("opportunity", "job"), ("last-day", "2026-12-31"), ("skill", "driving"), ("speaks", "ar"), ("speaks", "en"))


def test_an_offer_is_read_from_its_attributes() -> None:
    read = Offer("job", "2026-12-31", frozenset({"driving"}), frozenset({"ar", "en"}), "2026-10-01")
    assert offer(DRIVER) == read
    assert offer(document()) is None and offer(document(("opportunity", "lottery"))) is None


@pytest.mark.parametrize("told", [("opportunity", "job"), ("opportunity", "lottery"), ("voucher", "Yes")])
@pytest.mark.parametrize(("vetted", "shown"), [("2026-10-01", True), (None, False), ("", False), ("yes", False)])
def test_an_offer_of_an_organisation_nobody_vetted_is_not_shown(told: tuple[str, str], vetted: str | None, shown: bool) -> None:
    assert may_show(document(told, vetted=vetted)) is shown


def test_what_is_no_offer_needs_no_vetting() -> None:
    assert may_show(document(vetted=None)) and may_show({})
    assert is_voucher(document(("voucher", "Yes"))) and not is_voucher(DRIVER)


@pytest.mark.parametrize(("last_day", "over"), [("2026-11-21", True), ("2026-11-22", False), ("", False), ("soon", False)])
def test_an_offer_is_over_after_its_last_day(last_day: str, over: bool) -> None:
    read = offer(document(("opportunity", "event"), ("last-day", last_day)))
    assert read is not None and read.over(TODAY) is over


def test_every_skill_is_needed_and_one_language_is_enough() -> None:
    read = offer(DRIVER)
    assert read is not None
    assert fit(read, {"driving"}, {"ar"}).whole
    assert fit(read, set(), {"ar"}).skills == {"driving"} and fit(read, {"driving"}, {"fr"}).languages == {"ar", "en"}


@given(st.lists(st.text(max_size=20) | st.sampled_from(SKILLS), max_size=60))
def test_nothing_but_what_the_table_knows_is_ticked(untrusted: list[str]) -> None:
    found = ticked(untrusted, SKILLS)
    assert found <= set(SKILLS) and len(found) <= 2 * MOST_TICKED
