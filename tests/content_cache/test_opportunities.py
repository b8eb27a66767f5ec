"""Opportunities: only of the vetted, over when they are over, fitting what was ticked."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.hsds import Record, record
from content_cache.needs import stable_id
from content_cache.opportunities import MOST_TICKED, SKILLS, Offer, fit, is_voucher, offer, ticked, vetted_only
from tests.content_cache.data import service

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


def records(link_type: str, vetted: str | None) -> list[Record]:
    """A service with one attribute, a place and its phone there; its organisation vetted on a day."""
    made, _ = service("s", "Easy money")
    id, organisation = stable_id("service", "s"), stable_id("organization", "o")
    made.append(attribute("told", "service", id, link_type, "job"))
    made.append(record("phone", id=stable_id("phone", "there"), service_at_location_id=stable_id("sal", "s"), number="+999 1"))
    if vetted is not None:
        made.append(attribute("vetted", "organization", organisation, "vetted", vetted))
    return made


def attribute(key: str, entity: str, id: str, link_type: str, value: str) -> Record:
    """One attribute of one record."""
    return record(
        "attribute", id=stable_id("attribute", key), link_id=id, link_entity=entity, link_type=link_type, label=key, value=value
    )


@pytest.mark.parametrize("told", ["opportunity", "voucher"])
@pytest.mark.parametrize("vetted", [None, "", "yes", "2026-13-01"])
def test_an_offer_of_an_organisation_nobody_vetted_is_left_out_with_all_that_belongs_to_it(told: str, vetted: str | None) -> None:
    left = vetted_only(records(told, vetted))
    assert {one.entity for one in left} <= {"organization", "location", "attribute"}
    assert not [one for one in left if one.values.get("link_entity") == "service"]


def test_of_a_vetted_organisation_and_of_what_is_no_offer_nothing_is_left_out() -> None:
    for kept in (records("opportunity", "2026-10-01"), records("source", None)):
        assert vetted_only(kept) == kept


def test_a_voucher_is_known_by_its_attribute() -> None:
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
