"""What is open now, in lists and on pages; and nothing said where nobody can know."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from appliance import clock
from appliance.layout import Layout
from appliance.moment import Moment, Trust
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, Store
from content_cache.doors import Doors
from content_cache.hours import Closed, Open
from content_cache.hsds import Record, record
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue
from tests.content_cache.data import catalogue, service
from tests.content_cache.site import client

SUNDAY = datetime.datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Amman"))


def hours(key: str, **fields: str) -> Record:
    return record("schedule", id=stable_id("schedule", key), service_id=stable_id("service", key), **fields)


def mixed() -> Catalogue:
    """Open on Sundays, open at night, only words, and one that has the first one's hours."""
    made = catalogue(*(service(key, name) for key, name in (("a", "Day"), ("b", "Night"), ("c", "Words"), ("d", "Also day"))))
    other = {
        stable_id("schedule", "b"): hours("b", freq="WEEKLY", byday="SU", opens_at="20:00", closes_at="06:00"),
        stable_id("schedule", "c"): hours("c", description="Every second Sunday"),
    }
    return Catalogue(made.header, tuple(other.get(one.id, one) for one in made.records), made.translations)


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime.datetime, trust: Trust = "synced") -> None:
    monkeypatch.setattr(clock, "now", lambda: Moment(moment.timestamp(), 100.0, trust))


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    at(monkeypatch, SUNDAY)
    return client(tmp_path, mixed())


def test_services_with_the_same_hours_are_asked_once_and_a_new_catalogue_is_noticed(tmp_path: Path) -> None:
    build(tmp_path / "c.sqlite", mixed(), 1, "aa")
    store = Store(tmp_path / "c.sqlite")
    doors = Doors(store)
    assert len(store.timetables()) == 3
    opened = doors.open(SUNDAY)
    assert len(opened) == 1 and isinstance(doors.states(opened, SUNDAY)[next(iter(opened))], Open)
    assert doors.open(SUNDAY.replace(hour=18)) == frozenset()
    assert all(isinstance(doors.states(opened, SUNDAY.replace(hour=18))[one], Closed) for one in opened)
    build(tmp_path / "c.sqlite", catalogue(service("n", "New", need="food")), 2, "bb")
    assert doors.open(SUNDAY) == {1} and doors.open(SUNDAY.replace(hour=18)) == frozenset()


def test_the_filter_shows_only_what_is_open(browser: FlaskClient) -> None:
    page = browser.get("/en/services/need/health?open=now").get_data(as_text=True)
    assert page.count('class="row"') == 2 and "Also day" in page and "Night" not in page and "Words" not in page
    assert "2 services" in browser.get("/en/services?open=now").get_data(as_text=True)
    assert "/en/services/need/health?open=now" in browser.get("/en/services?open=now").get_data(as_text=True)
    assert browser.get("/en/services?open=now&need=health").headers["Location"] == "/en/services/need/health?open=now"


def test_a_list_says_of_each_until_when_and_nothing_where_nobody_knows(browser: FlaskClient) -> None:
    page = browser.get("/en/services/need/health").get_data(as_text=True)
    rows = {name: next(part for part in page.split("<li>") if f"<strong>{name}<" in part) for name in ("Day", "Night", "Words")}
    assert 'Open until <bdi dir="ltr">16:00</bdi>' in rows["Day"]
    assert 'Closed. Opens: <bdi dir="ltr">20:00</bdi>' in rows["Night"]
    assert "pen" not in rows["Words"] and "Closed" not in rows["Words"]


def test_a_detail_tells_today_and_keeps_words_as_words(browser: FlaskClient) -> None:
    page = browser.get(f"/en/services/{stable_id('service', 'a')}").get_data(as_text=True)
    assert 'Open until <bdi dir="ltr">16:00</bdi>' in page and "<strong>Today, Sunday</strong>" in page
    words = browser.get(f"/en/services/{stable_id('service', 'c')}").get_data(as_text=True)
    assert "Every second Sunday" in words and "Open until" not in words and "Closed" not in words


def test_the_next_page_after_a_minute_or_a_new_catalogue_says_what_is_so_then(
    browser: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page asks once, it asks once: the next page asks anew."""
    at(monkeypatch, SUNDAY.replace(hour=15, minute=59))
    before = browser.get("/en/services/need/health").get_data(as_text=True)
    at(monkeypatch, SUNDAY.replace(hour=16, minute=0))
    after = browser.get("/en/services/need/health").get_data(as_text=True)
    assert (before.count("Open until"), after.count("Open until")) == (2, 0) and "4 services" in after
    build(Layout.under(tmp_path, tmp_path).service_data("content") / FILE, catalogue(service("n", "New")), 2, "bb")
    swapped = browser.get("/en/services/need/health").get_data(as_text=True)
    assert "1 service<" in swapped and "<strong>New<" in swapped and swapped.count('class="row"') == 1


def test_nothing_open_is_said_and_is_no_error(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, SUNDAY.replace(hour=18))
    page = browser.get("/en/services/need/health?open=now")
    assert page.status_code == 200 and "Nothing of this is open now." in page.get_data(as_text=True)


def test_a_box_that_does_not_know_the_time_says_so_and_hides_nothing(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, SUNDAY, "none")
    page = browser.get("/en/services/need/health?open=now").get_data(as_text=True)
    assert page.count('class="row"') == 4 and "This box does not know the time. All are shown." in page and "Open until" not in page
    detail = browser.get(f"/en/services/{stable_id('service', 'a')}").get_data(as_text=True)
    assert "This box does not know the time." in detail and "08:00–16:00" in detail and "Open until" not in detail


def test_a_clock_that_nobody_has_set_is_shown_with_its_doubt(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"/en/services/{stable_id('service', 'a')}"
    assert "It may be wrong." not in browser.get(address).get_data(as_text=True)
    at(monkeypatch, SUNDAY, "floor")
    page = browser.get(address).get_data(as_text=True)
    assert 'The clock of this box shows <bdi dir="ltr">10:00</bdi>. It may be wrong.' in page and "Open until" in page
