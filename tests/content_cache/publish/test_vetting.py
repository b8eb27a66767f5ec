"""The hub's word on organisations: theirs alone counts, and without it no opportunity reaches a box."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.errors import BadInput
from content_cache import opportunities, snapshot
from content_cache.hsds import Record, record
from content_cache.needs import stable_id
from content_cache.publish import vetting
from content_cache.snapshot import Catalogue
from tests.content_cache.data import header

AID, OTHER = stable_id("organization", "aid"), stable_id("organization", "other")
JOB, CLINIC = stable_id("service", "job"), stable_id("service", "clinic")


def attribute(of: str, entity: str, kind: str, value: str) -> Record:
    return record("attribute", id=stable_id(of, kind), link_id=of, link_entity=entity, link_type=kind, label=kind, value=value)


def camp(*more: Record, sample: bool = False) -> Catalogue:
    records = (
        record("organization", id=AID, name="Aid", description=""),
        record("organization", id=OTHER, name="Zeal", description=""),
        record("service", id=JOB, name="Cook", status="active", organization_id=AID),
        record("service", id=CLINIC, name="Clinic", status="active", organization_id=OTHER),
        attribute(JOB, "service", "opportunity", "job"),
    )
    return Catalogue(header(sample=sample), (*records, *more), ())


def shown(catalogue: Catalogue) -> set[str]:
    """The services that a box takes in."""
    return {one.id for one in opportunities.vetted_only(catalogue.records) if one.entity == "service"}


def test_an_opportunity_shows_once_the_hub_has_vetted_its_organisation() -> None:
    assert shown(vetting.applied(camp(), {})) == {CLINIC}
    made = vetting.applied(camp(), {AID: "2026-11-22", stable_id("organization", "gone"): "2026-11-22"})
    assert shown(made) == {CLINIC, JOB} and snapshot.read(snapshot.write(made)) is not None
    assert shown(vetting.applied(made, {})) == {CLINIC}


def test_what_a_source_says_of_its_own_vetting_counts_for_nothing_but_in_the_sample() -> None:
    own = attribute(AID, "organization", "vetted", "2026-10-01")
    assert shown(vetting.applied(camp(own), {})) == {CLINIC}
    assert shown(vetting.applied(camp(own, sample=True), {})) == {CLINIC, JOB}


def test_organisations_that_wait_for_a_vetting_stand_first() -> None:
    (first, second) = vetting.organisations(camp())
    assert (first.name, first.services, first.asking, first.day) == ("Aid", 1, 1, "") and second.asking == 0
    day = vetting.organisations(vetting.applied(camp(), {AID: "2026-11-22"}))[0].day
    assert day == "2026-11-22"


@pytest.mark.parametrize(("organisation", "day"), [(JOB, "2026-11-22"), ("x", "2026-11-22"), (AID, "today")])
def test_only_an_organisation_of_the_catalogue_is_vetted_and_on_a_day(organisation: str, day: str) -> None:
    with pytest.raises(BadInput, match="no such organisation"):
        vetting.content(camp(), organisation, day)
    assert vetting.content(replace(camp()), AID, "2026-11-22")["name"] == "Aid"
