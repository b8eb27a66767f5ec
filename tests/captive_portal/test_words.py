"""Numbers and times in the reader's own way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import flask
import pytest

from appliance import clock
from appliance.web.languages import BY_TAG
from captive_portal.app import create_app
from captive_portal.words import amount, lasting, speed, until
from tests.captive_portal.site import EVERY, LAYOUT
from tests.fakes.gate import FakeGate


@pytest.fixture(params=["en"])
def reader(request: pytest.FixtureRequest) -> Iterator[str]:
    app = create_app(EVERY, LAYOUT, FakeGate())
    with app.test_request_context(f"/{request.param}/you"):
        app.preprocess_request()
        yield request.param


def test_speeds_are_in_bits_and_short(reader: str) -> None:
    assert [speed(bits) for bits in (2_375_000, 475_000, 10_000_000, 512)] == ["2.4 Mb/s", "475 kb/s", "10 Mb/s", "0.5 kb/s"]


def test_amounts_are_in_bytes_and_short(reader: str) -> None:
    assert [amount(count) for count in (0, 999, 3_400_000, 120_000, 5_600_000_000)] == [
        "0 byte",
        "999 byte",
        "3.4 MB",
        "120 kB",
        "5.6 GB",
    ]


def test_lengths_are_rounded_to_what_people_say(reader: str) -> None:
    assert [lasting(seconds) for seconds in (43_200, 5_400, 600, 20)] == ["12 hours", "2 hours", "10 minutes", "20 seconds"]


@pytest.mark.parametrize("reader", [tag for tag in BY_TAG if tag != "en"], indirect=True)
def test_digits_are_ascii_in_every_language_as_on_the_phones_own_clock(reader: str) -> None:
    for text in (lasting(43_200), speed(2_375_000), amount(3_400_000), until(60)):
        assert not re.search(r"[٠-٩۰-۹]", text) and re.search(r"[0-9]", text)


def test_the_end_is_in_the_sites_time_zone(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: clock.Moment(1_795_219_200.0, 5.0, "synced"))
    assert until(3600).replace("\u202f", " ") == "4:00 AM"


def test_a_box_that_does_not_know_the_time_names_no_time(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: clock.Moment(1_795_219_200.0, 5.0, "none"))
    assert until(3600) == ""
    assert flask.request.path == "/en/you"
