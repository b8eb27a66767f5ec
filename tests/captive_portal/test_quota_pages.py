"""What people read about the volume of a day: how much is left, why it ended, and when it begins anew."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from captive_portal.app import create_app
from tests.captive_portal.test_app import EVERY, LAYOUT, PHONE, TAGS
from tests.fakes.gate import FakeGate

LEFT = {"bytes": 500_000_000, "bytes_remaining": 120_000_000, "renews_seconds": 7_200}


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def client(gate: FakeGate) -> FlaskClient:
    return create_app(EVERY, LAYOUT, gate).test_client()


def use_up(gate: FakeGate) -> None:
    gate.quota = {**LEFT, "bytes_remaining": 0}
    gate.state.clear()


@pytest.mark.parametrize("page", ["you", "share", "connected"])
def test_who_is_connected_sees_what_is_left(client: FlaskClient, gate: FakeGate, page: str) -> None:
    gate.quota = LEFT
    client.post("/en/connect", headers=PHONE)
    text = client.get(f"/en/{page}", headers=PHONE).text
    assert "Data left today" in text and "120 MB" in text


@pytest.mark.parametrize("page", ["you", "share", "connected"])
def test_a_site_without_volumes_says_nothing_of_them(client: FlaskClient, page: str) -> None:
    client.post("/en/connect", headers=PHONE)
    text = client.get(f"/en/{page}", headers=PHONE).text
    assert "Data left" not in text and "a day" not in text and "used today" not in text


@pytest.mark.parametrize("tag", TAGS)
def test_who_taps_with_nothing_left_reads_why_and_when_in_every_language(client: FlaskClient, gate: FakeGate, tag: str) -> None:
    use_up(gate)
    answer = client.post(f"/{tag}/connect", headers=PHONE)
    assert answer.status_code == 403
    assert f'href="/{tag}/services"' in answer.text and f'href="/{tag}/emergency"' in answer.text
    if tag == "en":
        assert "You used your data for today" in answer.text and "New data in 2 hours." in answer.text
        assert "Try again" not in answer.text, "trying again is of no use"


@pytest.mark.parametrize("page", ["you", "share"])
def test_who_has_nothing_left_reads_it_on_their_pages_too(client: FlaskClient, gate: FakeGate, page: str) -> None:
    use_up(gate)
    text = client.get(f"/en/{page}", headers=PHONE).text
    assert "You used your data for today" in text and "500 MB" in text and "New data in 2 hours." in text
    assert "Go to connect" not in text


def test_the_privacy_page_names_what_is_kept_and_until_when(client: FlaskClient, gate: FakeGate) -> None:
    gate.quota = LEFT
    client.post("/en/connect", headers=PHONE)
    text = client.get("/en/you", headers=PHONE).text
    assert "How much you used today. It forgets that at night." in text and "Only how much you used today stays." in text


def test_the_api_tells_what_is_left(client: FlaskClient, gate: FakeGate) -> None:
    gate.quota = LEFT
    client.post("/en/connect", headers=PHONE)
    assert json.loads(client.get("/api/captive", headers=PHONE).text)["bytes-remaining"] == 120_000_000
