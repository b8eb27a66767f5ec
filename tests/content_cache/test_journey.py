"""The steps of a journey: known needs, each need somewhere, icons that are there."""

from __future__ import annotations

from content_cache import needs
from content_cache.journey import STEPS
from tests.content_cache.data import PROJECT


def test_every_step_has_known_needs_once_and_an_icon() -> None:
    for step in STEPS:
        assert set(step.needs) <= set(needs.BY_SLUG) and len(set(step.needs)) == len(step.needs)
        assert (PROJECT / "appliance" / "web" / "icons" / f"{step.icon}.svg").exists()


def test_every_need_belongs_to_a_step() -> None:
    assert {slug for step in STEPS for slug in step.needs} == set(needs.BY_SLUG)
