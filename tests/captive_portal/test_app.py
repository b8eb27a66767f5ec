"""The portal's pages with a gate in memory: journeys, refusals, forged forms, and what the pages never contain."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from html.parser import HTMLParser
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from appliance.emergency import KINDS, Number
from appliance.web.languages import BY_TAG, LANGUAGES
from captive_portal import views
from captive_portal.app import create_app
from tests.captive_portal.site import EVERY, LAYOUT, SITE, with_after_reboot, with_api
from tests.fakes.gate import FakeGate

PHONE = {"X-Real-IP": "10.44.0.9", "Host": "camp.internal"}
TAGS = [language.tag for language in LANGUAGES]
PAGES = ("", "connected", "you", "erased", "share", "offline", "emergency", "terms", "resting")


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def client(gate: FakeGate) -> FlaskClient:
    return _client(gate)


def _client(gate: FakeGate) -> FlaskClient:
    return create_app(EVERY, LAYOUT, gate).test_client()


def test_two_taps_to_the_internet(client: FlaskClient, gate: FakeGate) -> None:
    start = client.get("/", headers={**PHONE, "Accept-Language": "ar-SY"})
    assert (start.status_code, start.headers["Location"]) == (302, "/ar/")
    form = re.search(r'<form method="post" action="([^"]+)">', client.get("/ar/", headers=PHONE).text)
    assert form is not None
    tapped = client.post(form[1], headers=PHONE)
    assert (tapped.status_code, tapped.headers["Location"]) == (303, "/ar/connected")
    assert gate.asked == [{"do": "admit", "ip": "10.44.0.9"}]
    assert "أنت متصل" in client.get("/ar/connected", headers=PHONE).text


@pytest.mark.parametrize("tag", TAGS)
def test_the_rules_are_one_screen_of_short_lines_and_lead_on_with_one_tap_or_without(client: FlaskClient, tag: str) -> None:
    assert f'href="/{tag}/terms"' in client.get(f"/{tag}/", headers=PHONE).text
    text = client.get(f"/{tag}/terms", headers=PHONE).text
    own = re.sub(r'<div class="also".*?</div>', "", text[text.index("<main") : text.index("</main>")], flags=re.DOTALL)
    lines = re.findall(r"<li>([^<]+)</li>", own)
    assert len(lines) == 6 and len(re.sub(r"<[^>]+>|\s+", " ", own).split()) < 130
    assert f'action="/{tag}/connect"' in own, "the second tap connects"
    assert f'href="/{tag}/services"' in own and f'href="/{tag}/emergency"' in own, "a refusal leaves all that is here"


def test_a_refusal_is_told_to_nobody(client: FlaskClient, gate: FakeGate) -> None:
    client.get("/en/terms", headers=PHONE)
    assert gate.asked == []


def test_the_welcome_page_is_the_same_for_everybody_and_asks_the_gate_nothing(client: FlaskClient, gate: FakeGate) -> None:
    for address in ("/fr/", "/fr/offline", "/fr/emergency", "/fr/terms", "/fr/resting"):
        one = client.get(address, headers=PHONE).data
        assert one == client.get(address, headers={"X-Real-IP": "fd5c:a3b0:77::9", "User-Agent": "other"}).data
    assert gate.asked == []


def test_a_reader_whose_language_is_not_offered_chooses_from_own_names(client: FlaskClient) -> None:
    text = client.get("/", headers={**PHONE, "Accept-Language": "am"}).text
    for language in LANGUAGES:
        assert language.own_name in text and f'href="/{language.tag}/"' in text


@pytest.mark.parametrize("page", ["offline", "emergency", "terms"])
def test_an_address_without_language_leads_to_the_readers(client: FlaskClient, page: str) -> None:
    assert client.get(f"/{page}", headers={"Accept-Language": "fr"}).headers["Location"] == f"/fr/{page}"
    assert client.get(f"/{page}", headers={"Accept-Language": "am"}).headers["Location"] == f"/ar/{page}"


def test_connected_before_the_tap_leads_to_the_button(client: FlaskClient) -> None:
    assert client.get("/en/connected", headers=PHONE).headers["Location"] == "/en/"
    assert client.get("/en/connect", headers=PHONE).headers["Location"] == "/en/"


@pytest.mark.parametrize(
    ("why", "status", "words"),
    [
        ("full", 503, "Too many people"),
        ("unknown-device", 409, "Turn Wi-Fi off and on"),
        ("not-on-lan", 403, "Join the Wi-Fi first"),
        ("not-allowed", 403, "Ask the staff"),
        ("bad-request", 503, "Wait one minute"),
        ("something new", 503, "Wait one minute"),
    ],
)
def test_a_refusal_says_what_to_do_and_what_still_works(why: str, status: int, words: str) -> None:
    gate = FakeGate()
    gate.refuses = why
    answer = _client(gate).post("/en/connect", headers=PHONE)
    assert answer.status_code == status
    assert words in answer.text and 'href="/en/services"' in answer.text and 'href="/en/emergency"' in answer.text


@pytest.mark.parametrize("tag", TAGS)
def test_with_the_gate_gone_every_page_still_comes(tag: str) -> None:
    gate = FakeGate()
    gate.gone = True
    client = _client(gate)
    assert client.post(f"/{tag}/connect", headers=PHONE).status_code == 503
    assert client.post(f"/{tag}/you/erase", headers=PHONE).status_code == 503
    for page in PAGES:
        assert client.get(f"/{tag}/{page}", headers=PHONE).status_code == (503 if page == "resting" else 200)


def test_while_the_uplink_is_down_the_tap_counts_and_the_page_says_so() -> None:
    client = _client(FakeGate(uplink="down"))
    client.post("/en/connect", headers=PHONE)
    assert "The internet is down now" in client.get("/en/connected", headers=PHONE).text
    assert "The internet is down now" in client.get("/en/share", headers=PHONE).text


def test_you_tells_what_is_known_with_its_numbers(client: FlaskClient) -> None:
    assert "Not connected" in client.get("/en/you", headers=PHONE).text
    client.post("/en/connect", headers=PHONE)
    text = client.get("/en/you", headers=PHONE).text
    assert "12 hours" in text and "3.4 MB" in text and "120 kB" in text
    assert "12 ساعت" in client.get("/fa-AF/you", headers=PHONE).text


@pytest.mark.parametrize(("choice", "said"), [("ask", True), ("grace", False)])
@pytest.mark.parametrize(
    ("tag", "words"),
    [("en", "After a power cut everyone taps once more."), ("ar", "بعد انقطاع الكهرباء"), ("fr", "Après une coupure de courant")],
)
def test_whoever_must_tap_again_after_a_power_cut_is_told_why(
    choice: Literal["grace", "ask"], said: bool, tag: str, words: str
) -> None:
    client = create_app(with_after_reboot(choice), LAYOUT, FakeGate()).test_client()
    for page in ("", "you"):
        assert (words in client.get(f"/{tag}/{page}", headers=PHONE).text) is said
    client.post(f"/{tag}/connect", headers=PHONE)
    assert words not in client.get(f"/{tag}/you", headers=PHONE).text, "who is connected need not know"


def test_forgetting_a_phone_takes_one_button(client: FlaskClient, gate: FakeGate) -> None:
    client.post("/en/connect", headers=PHONE)
    assert 'action="/en/you/erase"' in client.get("/en/you", headers=PHONE).text
    assert client.post("/en/you/erase", headers=PHONE).headers["Location"] == "/en/erased"
    assert gate.asked[-1] == {"do": "erase", "ip": "10.44.0.9"}
    assert 'action="/en/you/erase"' not in client.get("/en/you", headers=PHONE).text


@pytest.mark.parametrize(("people", "words"), [(1, "the only one"), (4, "same share")])
def test_the_share_is_explained_with_its_numbers(people: int, words: str) -> None:
    client = _client(FakeGate(people=people))
    client.post("/en/connect", headers=PHONE)
    text = client.get("/en/share", headers=PHONE).text
    assert words in text and "10 Mb/s" in text
    assert ("2.4 Mb/s" if people == 4 else "9.5 Mb/s") in text


FORGED = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://camp.internal.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://camp.internal"},
    {"Origin": "nonsense["},
]


@pytest.mark.parametrize("headers", FORGED, ids=str)
@pytest.mark.parametrize("address", ["/en/connect", "/en/you/erase"])
def test_a_form_of_another_site_does_nothing(client: FlaskClient, gate: FakeGate, address: str, headers: dict[str, str]) -> None:
    assert client.post(address, headers={**PHONE, **headers}).status_code == 403
    assert gate.asked == []


OWN = [{}, {"Origin": "http://camp.internal"}, {"Origin": "http://camp.internal:8080"}, {"Sec-Fetch-Site": "same-origin"}]


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_the_sites_own_form_works(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/en/connect", headers={**PHONE, **headers}).status_code == 303


STATELESS = create_app(SITE, LAYOUT, FakeGate())


def asked_of_the_gate(untrusted: str) -> list[Any]:
    gate = FakeGate()
    STATELESS.extensions["gate"] = gate
    with STATELESS.test_request_context(environ_base={"HTTP_X_REAL_IP": untrusted}):
        views.ask_about_caller("status")
    return [request["ip"] for request in gate.asked]


@given(st.ip_addresses().map(str))
def test_an_address_reaches_the_gate_as_it_is(address: str) -> None:
    mapped = getattr(ipaddress.ip_address(address), "ipv4_mapped", None)
    assert asked_of_the_gate(address) == [str(mapped or address)]


@given(st.ip_addresses().map(str), st.text('0123456789abcdef.:/%[] ,;\t"{}é', min_size=1, max_size=8), st.integers(0, 40))
def test_only_an_address_reaches_the_gate(address: str, junk: str, place: int) -> None:
    """Text beside a good address, and within it, which may be an address still."""
    for untrusted in (address[:place] + junk + address[place:], junk):
        for ip in asked_of_the_gate(untrusted):
            assert ip == str(ipaddress.ip_address(ip)) and "%" not in ip


@given(st.text(max_size=60))
def test_no_text_that_is_no_address_reaches_the_gate(untrusted: str) -> None:
    assert asked_of_the_gate(f"{untrusted}x") == []


def test_what_a_phone_says_about_its_address_is_of_no_account(client: FlaskClient, gate: FakeGate) -> None:
    client.get("/en/you", headers={**PHONE, "X-Forwarded-For": "10.44.0.66", "Forwarded": "for=10.44.0.66"})
    assert gate.asked == [{"do": "status", "ip": "10.44.0.9"}]


def test_the_captive_portal_api_follows_the_state(client: FlaskClient) -> None:
    before = client.get("/api/captive", headers=PHONE)
    assert before.headers["Content-Type"] == "application/captive+json" and before.headers["Cache-Control"] == "private"
    assert before.json == {
        "captive": True, "user-portal-url": "http://camp.internal/", "venue-info-url": "http://camp.internal/ar/services",
        "can-extend-session": True, "x-android-use-custom-tabs": 361335020,
    }  # fmt: skip
    client.post("/en/connect", headers=PHONE)
    after = client.get("/api/captive", headers=PHONE).json
    assert after is not None and after["captive"] is False and after["seconds-remaining"] == 43_200


def test_the_captive_portal_api_speaks_https_where_there_is_a_public_name() -> None:
    answer = create_app(with_api(), LAYOUT, FakeGate()).test_client().get("/api/captive", headers=PHONE).json
    assert answer is not None and answer["user-portal-url"] == "https://portal.example.org/"


def test_the_captive_portal_api_has_the_name_the_phone_knows_it_by() -> None:
    client = create_app(with_api(), LAYOUT, FakeGate()).test_client()
    old = client.get("/api/captive", headers={**PHONE, "Accept": "application/capport+json"})
    assert old.headers["Content-Type"] == "application/capport+json" and "Accept" in old.headers["Vary"]


def test_the_captive_portal_api_says_nothing_when_it_does_not_know() -> None:
    gate = FakeGate()
    gate.gone = True
    assert _client(gate).get("/api/captive", headers=PHONE).status_code == 503


def test_the_status_of_the_box_says_nothing_about_people(client: FlaskClient, gate: FakeGate) -> None:
    client.post("/en/connect", headers=PHONE)
    answer = client.get("/status.json", headers=PHONE)
    assert answer.json is not None
    assert set(answer.json) == {
        "site",
        "languages",
        "uplink",
        "clock",
        "uptime_seconds",
        "version",
        "sample",
        "catalogue",
        "stick",
        "selftest",
    }
    assert "10.44.0.9" not in answer.text
    assert answer.json["uplink"] == "up"
    assert gate.asked[1:] == [{"do": "facts"}]
    gate.gone = True
    told = client.get("/status.json", headers=PHONE).json
    assert told is not None and told["uplink"] == "unknown"


def test_a_large_form_is_refused(client: FlaskClient) -> None:
    answer = client.post("/en/connect", headers=PHONE, data=b"x" * 10_000_000, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (303, 413)


@pytest.mark.parametrize("address", ["/en/../connect", "/en/you%00", "/en/%ff%fe", "/en/services", "/.env", "/en/you/"])
def test_odd_addresses_are_clean_errors(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers=PHONE)
    assert answer.status_code in (301, 308, 400, 404)


FETCHING = ("img", "script", "iframe", "link", "audio", "object", "embed")


class _Counter(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _pages(client: FlaskClient, tag: str) -> list[TestResponse]:
    before = [client.get(f"/{tag}/{page}", headers=PHONE) for page in PAGES]
    client.post(f"/{tag}/connect", headers=PHONE)
    return [*before, *(client.get(f"/{tag}/{page}", headers=PHONE) for page in ("connected", "you", "share"))]


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_keeps_the_budget_of_weight_and_nodes(client: FlaskClient, tag: str) -> None:
    style = len(client.get("/static/style.css").data)
    for page in _pages(client, tag):
        if page.status_code == 302:
            continue
        parser = _Counter()
        parser.feed(page.text)
        assert len(page.data) + style <= 30_000
        assert len(parser.tags) <= 400
        fetched = [
            tag
            for tag, attributes in parser.tags
            if tag in ("img", "script", "iframe") or (tag == "link" and "stylesheet" in (attributes.get("rel") or ""))
        ]
        assert fetched == ["link"]


@pytest.mark.parametrize("tag", TAGS)
def test_every_page_has_one_heading_a_name_for_every_link_and_an_icon_with_every_button(client: FlaskClient, tag: str) -> None:
    for page in _pages(client, tag):
        if page.status_code == 302:
            continue
        assert page.text.count("<h1") == 1
        for button in re.findall(r'<(?:button|a) class="button.*?</(?:button|a)>', page.text, re.DOTALL):
            assert "<svg" in button and re.sub(r"<[^>]+>|\s", "", button)
        for link in re.findall(r"<a .*?</a>", page.text, re.DOTALL):
            assert re.sub(r"<[^>]+>|\s", "", link)


@pytest.mark.parametrize("tag", TAGS)
def test_emergency_is_one_tap_from_every_page(client: FlaskClient, tag: str) -> None:
    for page in _pages(client, tag):
        assert page.status_code == 302 or f'href="/{tag}/emergency"' in page.text


ADVICE = {
    "": "Connect: Tap once. Nothing to type. It costs nothing.", "offline": "If pages do not open, turn mobile data off.",
    "emergency": "Ask the staff of this place.", "terms": "You do not have to connect.",
    "you": "Not connected: Your phone is on the Wi-Fi. It is not on the internet.",
    "share": "You are not connected yet. Connect to get your share.",
    "resting": "Wait one minute. Then try again.", "erased": "Your phone is forgotten: You are not on the internet now.",
}  # fmt: skip


def _said_besides(page: str) -> list[str]:
    """What a page says once more in the reviewed language."""
    found = re.findall(r'<div class="also" lang="en" dir="ltr">(.*?)</div>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", words).split()) for words in found]


@pytest.mark.parametrize("page", ADVICE)
@pytest.mark.parametrize("tag", TAGS)
def test_what_a_draft_says_to_do_stands_there_in_a_reviewed_language_too(client: FlaskClient, tag: str, page: str) -> None:
    found = _said_besides(client.get(f"/{tag}/{page}", headers=PHONE).text)
    assert len(found) == (not BY_TAG[tag].reviewed)
    for words in found:
        assert ADVICE[page] in words


@pytest.mark.parametrize(
    ("uplink", "page", "words"),
    [
        ("up", "connected", "You are connected: Open any page or app."),
        ("down", "connected", "The internet is down now. It comes back by itself. You do not need to tap again."),
        ("down", "share", "The internet is down now. It comes back by itself. You do not need to tap again."),
        ("down", "offline", "It comes back by itself. You do not need to tap again."),
    ],
)
def test_after_the_tap_a_draft_says_what_to_expect_in_a_reviewed_language_too(uplink: str, page: str, words: str) -> None:
    client = _client(FakeGate(uplink=uplink))
    client.post("/en/connect", headers=PHONE)
    for tag in TAGS:
        found = _said_besides(client.get(f"/{tag}/{page}", headers=PHONE).text)
        assert len(found) == (not BY_TAG[tag].reviewed) and all(words in one for one in found), tag


@pytest.mark.parametrize("tag", TAGS)
def test_what_an_emergency_number_is_for_stands_beside_it_in_a_reviewed_language_too(tag: str) -> None:
    numbers = tuple(Number(kind, "911") for kind in KINDS)
    text = create_app(dataclasses.replace(EVERY, emergency=numbers), LAYOUT, FakeGate()).test_client().get(f"/{tag}/emergency").text
    found = re.findall(r'<bdi dir="ltr">911</bdi><small class="also-word" lang="en" dir="ltr">([^<]+)</small>', text)
    english = ["All emergencies", "Ambulance", "Police", "Fire brigade", "Camp office", "Women's safety", "Children"]
    assert found == ([] if BY_TAG[tag].reviewed else english)


@pytest.mark.parametrize("tag", ["uk", "ckb"])
def test_a_refusal_in_a_draft_says_what_to_do_in_a_reviewed_language_too(tag: str) -> None:
    gate = FakeGate()
    gate.refuses = "unknown-device"
    text = _client(gate).post(f"/{tag}/connect", headers=PHONE).text
    assert re.search(r'class="also" lang="en".*Turn Wi-Fi off and on.*</div>', text, re.DOTALL)


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag != "en"])
def test_no_english_is_left_on_a_page_of_another_language(client: FlaskClient, tag: str) -> None:
    for page in (page for page in _pages(client, tag) if page.status_code != 302):
        own = re.sub(r'<div class="also" lang="en".*?</div>', "", page.text, flags=re.DOTALL)
        words = re.sub(r"<[^>]+>", " ", own.replace(SITE.site.name, "").replace("English", ""))
        assert not re.search(r"\b(?:the|your|you|connect|internet is|phone)\b", words), page.request.path


def test_the_welcome_page_lists_what_opens_without_connecting() -> None:
    garden = dataclasses.replace(SITE, access=dataclasses.replace(SITE.access, garden=("example.org", "health.example.net")))
    page, without = (create_app(site, LAYOUT, FakeGate()).test_client().get("/en/").text for site in (garden, SITE))
    for name in garden.access.garden:
        assert f'<a class="row" href="http://{name}/">' in page and f'<bdi dir="ltr">{name}</bdi>' in page
    assert page.index("Without connecting") < page.index("http://example.org/")
    assert "example.org" not in without
