"""A code on the pages: taken, shown once, entered, refused; and nothing of it where the site has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance import facts
from appliance.layout import Layout
from appliance.web.languages import LANGUAGES
from captive_portal.app import create_app
from tests.captive_portal.site import EVERY, LAYOUT, with_api, with_codes
from tests.fakes.gate import CODE, FakeGate

PHONE = {"X-Real-IP": "10.44.0.9", "Host": "camp.internal"}
SECOND = {"X-Real-IP": "10.44.0.10", "Host": "camp.internal"}
TAGS = [language.tag for language in LANGUAGES]
SITE = with_codes()
SHOWN = f'<bdi dir="ltr">{CODE[:4]} {CODE[4:8]} {CODE[8:]}</bdi>'


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def client(gate: FakeGate) -> FlaskClient:
    return create_app(SITE, LAYOUT, gate).test_client()


def test_a_site_without_codes_has_no_word_of_them() -> None:
    client = create_app(EVERY, LAYOUT, FakeGate()).test_client()
    client.post("/en/connect", headers=PHONE)
    for page in ("", "connected", "you"):
        assert "code" not in re.sub(r"<[^>]+>", " ", client.get(f"/en/{page}", headers=PHONE).text)
    assert client.get("/en/code", headers=PHONE).status_code == 404
    assert client.post("/en/code/take", headers=PHONE).status_code == 404


def test_a_code_is_taken_on_one_phone_and_entered_on_another(client: FlaskClient, gate: FakeGate) -> None:
    for page in ("connected", "you"):
        client.post("/en/connect", headers=PHONE)
        assert 'href="/en/code"' in client.get(f"/en/{page}", headers=PHONE).text
    assert "Get a code" in client.get("/en/code", headers=PHONE).text
    taken = client.post("/en/code/take", headers=PHONE)
    assert taken.status_code == 200 and SHOWN in taken.text and taken.headers["Cache-Control"] == "no-store"
    assert 'href="/en/code"' in client.get("/en/", headers=SECOND).text
    answer = client.post("/en/code", headers=SECOND, data={"code": f" {CODE[:4]} {CODE[4:]}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/connected")
    assert gate.asked[-1] == {"do": "enter-code", "ip": "10.44.0.10", "code": f" {CODE[:4]} {CODE[4:]}"}
    assert gate.state["10.44.0.10"] == "admitted"


def test_a_code_is_shown_once_and_never_again(client: FlaskClient) -> None:
    client.post("/en/connect", headers=PHONE)
    client.post("/en/code/take", headers=PHONE)
    for page in ("code", "you", "connected"):
        assert CODE[:4] not in client.get(f"/en/{page}", headers=PHONE).text
    assert "A new one ends the old one." in client.get("/en/code", headers=PHONE).text
    assert client.get("/en/code/take", headers=PHONE).headers["Location"] == "/en/code"


@pytest.mark.parametrize("tag", TAGS)
def test_the_digits_are_ascii_from_left_to_right_whatever_the_script(client: FlaskClient, tag: str) -> None:
    client.post(f"/{tag}/connect", headers=PHONE)
    assert SHOWN in client.post(f"/{tag}/code/take", headers=PHONE).text
    field = re.search(r"<input [^>]+>", client.get(f"/{tag}/code", headers=PHONE).text)
    assert field is not None
    for part in ('type="tel"', 'inputmode="numeric"', 'dir="ltr"', 'autocomplete="off"'):
        assert part in field[0]


@pytest.mark.parametrize(
    ("why", "status", "words"),
    [
        ("wrong-code", 403, "Check the digits."),
        ("wait", 429, "Wait a few minutes."),
        ("full", 503, "Too many people"),
        ("no-codes", 503, "Wait one minute"),
    ],
)
def test_a_refusal_says_what_to_do_and_leads_back_to_the_form(why: str, status: int, words: str) -> None:
    gate = FakeGate()
    gate.refuses = why
    answer = create_app(SITE, LAYOUT, gate).test_client().post("/en/code", headers=PHONE, data={"code": "1"})
    assert answer.status_code == status and words in answer.text and 'href="/en/code"' in answer.text


@pytest.mark.parametrize("body", [b"", b"code=", b"code=%ff%fe", b"code=" + b"1" * 9_000, b"other=1", b"code=%00"])
def test_rubbish_in_the_field_gets_the_same_answer_as_a_wrong_code(client: FlaskClient, gate: FakeGate, body: bytes) -> None:
    answers = [
        client.post("/en/code", headers=PHONE, data=one, content_type="application/x-www-form-urlencoded")
        for one in (b"code=111122223333", body)
    ]
    assert answers[0].status_code == answers[1].status_code == 403 and answers[0].data == answers[1].data
    assert len(gate.asked[-1]["code"]) <= 200


def test_who_is_not_connected_is_told_to_connect_first(client: FlaskClient) -> None:
    assert "Get a code" not in client.get("/en/code", headers=PHONE).text
    answer = client.post("/en/code/take", headers=PHONE)
    assert answer.status_code == 409 and "Connect first." in answer.text


@pytest.mark.parametrize("address", ["/en/code", "/en/code/take"])
def test_a_form_of_another_site_does_nothing(client: FlaskClient, gate: FakeGate, address: str) -> None:
    assert client.post(address, headers={**PHONE, "Origin": "http://evil.example"}).status_code == 403
    assert gate.asked == []


def test_with_the_gate_gone_the_page_comes_and_says_so() -> None:
    gate = FakeGate()
    gate.gone = True
    client = create_app(SITE, LAYOUT, gate).test_client()
    assert client.get("/en/code", headers=PHONE).status_code == 200
    assert client.post("/en/code", headers=PHONE, data={"code": CODE}).status_code == 503


def test_what_is_on_disk_for_a_code_is_said_before_it_is_taken_and_what_forgetting_does(client: FlaskClient) -> None:
    client.post("/en/connect", headers=PHONE)
    text = client.get("/en/you", headers=PHONE).text
    assert "on its disk" in text and "Nothing about your phone is written to disk" not in text
    assert "Your code is deleted too." not in text
    client.post("/en/code/take", headers=PHONE)
    assert "Your code is deleted too." in client.get("/en/you", headers=PHONE).text


def test_who_could_read_it_is_said_and_where_the_box_has_a_certificate_the_form_is_elsewhere(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, LAYOUT.code)
    layout.facts_dir.mkdir(parents=True)
    gate = FakeGate()
    client = create_app(with_codes(with_api()), layout, gate).test_client()
    assert "Others nearby could read this." in client.get("/en/code", headers=PHONE).text
    facts.publish(layout, "announce", {"offered": True})
    page = client.get("/en/code", headers=PHONE).text
    assert "<form" not in page and 'href="https://portal.example.org/en/code"' in page
    gate.asked.clear()
    answer = client.post("/en/code", headers=PHONE, data={"code": CODE})
    assert (answer.status_code, answer.headers["Location"]) == (303, "https://portal.example.org/en/code")
    assert gate.asked == [], "what came in the open is not taken"
    sealed = client.get("/en/code", headers={**PHONE, "X-Forwarded-Proto": "https"}).text
    assert "<form" in sealed and "Others nearby" not in sealed


def _pages(client: FlaskClient, tag: str) -> list[TestResponse]:
    before = [client.get(f"/{tag}/{page}", headers=PHONE) for page in ("", "code", "you")]
    refused = client.post(f"/{tag}/code", headers=PHONE, data={"code": "1"})
    client.post(f"/{tag}/connect", headers=PHONE)
    return [*before, refused, client.get(f"/{tag}/code", headers=PHONE), client.post(f"/{tag}/code/take", headers=PHONE),
            *(client.get(f"/{tag}/{page}", headers=PHONE) for page in ("code", "you", "connected"))]  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_of_a_site_with_codes_has_one_heading_an_icon_with_every_button_and_no_english(
    client: FlaskClient, tag: str
) -> None:
    for page in _pages(client, tag):
        assert page.text.count("<h1") == 1 and len(page.data) < 24_000
        for button in re.findall(r'<(?:button|a) class="button.*?</(?:button|a)>', page.text, re.DOTALL):
            assert "<svg" in button and re.sub(r"<[^>]+>|\s", "", button)
        own = re.sub(r'<div class="also" lang="en".*?</div>', "", page.text, flags=re.DOTALL)
        words = re.sub(r"<[^>]+>", " ", own.replace(SITE.site.name, "").replace("English", ""))
        assert tag == "en" or not re.search(r"\b(?:the|your|you|code is|digits|phone)\b", words), page.request.path
