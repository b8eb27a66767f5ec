"""What holds for every address of the portal, taken from its own table of addresses, errors included."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from appliance.web.languages import LANGUAGES
from captive_portal.app import create_app
from tests.appliance.web.rules import HELP, pages, without_icon_or_word
from tests.captive_portal.site import LAYOUT, with_codes
from tests.fakes.gate import FakeGate

TAGS = [language.tag for language in LANGUAGES]
PHONE = {"X-Real-IP": "10.44.0.9", "Host": "camp.internal"}
MACHINES = {"/static/<path:filename>": "files", "/api/captive": "RFC 8908", "/status.json": "for programs"}
ODD = ("/{}/nothing-here", "/{}/you/erase", "/{}/code/%00")


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(with_codes(), LAYOUT, FakeGate()).test_client()


def _seen(client: FlaskClient, tag: str) -> dict[str, str]:
    """Every page as it comes, at the end of its redirects, before and after the tap; with those of errors and refusals."""
    found, gate = dict[str, str](), FakeGate()
    client.application.extensions["gate"] = gate
    reader = {**PHONE, "Accept-Language": tag}
    for when in ("before", "after"):
        for address in (*pages(client.application, tag, {}, MACHINES), *(odd.format(tag) for odd in ODD)):
            found[f"{address} {when}"] = client.get(address, headers=reader, follow_redirects=True).text
        client.post(f"/{tag}/connect", headers=reader)
    found["forged"] = client.post(f"/{tag}/connect", headers={**reader, "Origin": "http://evil.example"}).text
    found["choice"] = client.get("/", headers={**PHONE, "Accept-Language": "am"}).text
    gate.refuses = "full"
    found["full"] = client.post(f"/{tag}/connect", headers=reader).text
    gate.gone = True
    found["gone"] = client.post(f"/{tag}/you/erase", headers=reader).text
    return found


@pytest.mark.parametrize("tag", TAGS)
def test_help_is_one_tap_away_on_every_page_and_every_button_has_icon_and_word(client: FlaskClient, tag: str) -> None:
    seen = _seen(client, tag)
    assert len(seen) > 40 and any("/status " in name for name in seen)
    for name, page in seen.items():
        assert "<h1" in page, name
        assert set(HELP.findall(page)) & {f"/{tag}/emergency", "/emergency"}, f"{name} does not lead to help"
        assert without_icon_or_word(page) == [], name


def test_what_gives_no_page_is_for_machines(client: FlaskClient) -> None:
    for rule in MACHINES:
        assert client.get(rule.replace("<path:filename>", "style.css"), headers=PHONE).mimetype != "text/html"
