"""Signatures that end: renewed by a timer, whatever the clock did; what only a person can renew is told in good time."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from appliance import clock
from appliance.clock import BUILT, Moment
from appliance.hub_config import HubConfig
from appliance.layout import Layout
from content_cache.publish import publisher, renew
from content_cache.publish.desk_views import DeskViews
from content_cache.publish.publisher import Place
from content_cache.publish.signing import LIFE, SignedRepository

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    made = Layout.under(tmp_path, tmp_path)
    monkeypatch.setattr(publisher, "now", lambda: NOW)
    publisher.ensure(made)
    return made


def repository(layout: Layout, now: datetime.datetime) -> SignedRepository:
    place = Place.of(layout)
    return SignedRepository(place.repository, place.keys, now)


@pytest.mark.parametrize("ahead", [3 * 365, 400])
def test_r4_what_was_signed_while_the_clock_ran_ahead_is_signed_anew_once_it_is_right(layout: Layout, ahead: int) -> None:
    """Else the timestamp would be believed for years: who holds an old one back could hold boxes at it."""
    assert repository(layout, NOW + ahead * DAY).renew()
    right = repository(layout, NOW + DAY)
    assert right.renew()
    for role, days in LIFE.items():
        left = right.open(role).signed.expires - right.now
        assert datetime.timedelta(days=days) / 2 <= left <= datetime.timedelta(days=days) + DAY, role
    assert not right.renew(), "once"


def test_r4_a_hub_that_does_not_know_the_date_signs_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Layout, "from_environment", lambda *_: layout)
    monkeypatch.setattr(publisher, "now", lambda: NOW + 25 * DAY)
    monkeypatch.setattr(clock, "now", lambda floor=BUILT: Moment(float(BUILT), 5.0, "none"))
    before = repository(layout, NOW).timestamp().version
    renew.main()
    assert repository(layout, NOW).timestamp().version == before
    monkeypatch.setattr(clock, "now", lambda floor=BUILT: Moment((NOW + 25 * DAY).timestamp(), 5.0, "synced"))
    renew.main()
    assert repository(layout, NOW).timestamp().version == before + 1


def test_r4_a_root_that_ends_is_told_on_every_page_from_a_third_of_its_life_left(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = DeskViews(HubConfig("hub.test"), layout)
    assert views.root_that_ends() == []
    ends = publisher.root_ends(layout)
    assert ends == NOW + LIFE["root"] * DAY
    third = datetime.timedelta(days=LIFE["root"]) / 3
    monkeypatch.setattr(publisher, "now", lambda: ends - third)
    assert views.root_that_ends() == []
    monkeypatch.setattr(publisher, "now", lambda: ends - third + DAY)
    [(words, _)] = views.root_that_ends()
    assert f"{ends:%Y-%m-%d}" in words and "catalogue keys renew --drawer" in words


def test_a_hub_that_published_nothing_has_no_root_to_end(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path / "none", tmp_path)
    assert publisher.root_ends(layout) is None and DeskViews(HubConfig("hub.test"), layout).root_that_ends() == []


def test_r5_a_damaged_repository_closes_no_page(layout: Layout) -> None:
    for path in (Place.of(layout).repository / "metadata").glob("*root.json"):
        path.write_text("nonsense")
    assert DeskViews(HubConfig("hub.test"), layout).root_that_ends() == []
