"""The pages of a site with codes, on a small phone in every language: taken, read, entered. No camp is needed for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from werkzeug.serving import make_server

from appliance.web.languages import LANGUAGES
from captive_portal.app import create_app
from tests.browser import journeys
from tests.browser.chromium import Browser, audit, complaints, keep_axe, sticking_out
from tests.captive_portal.site import LAYOUT, with_codes
from tests.fakes.gate import CODE, FakeGate

pytestmark = [pytest.mark.browser, pytest.mark.front]
TAGS = [language.tag for language in LANGUAGES]
TAKE, FIELD, ENTER = "form[action$='/code/take'] button", "input[name='code']", "form[action$='/code'] button"
SHOWN = f"{CODE[:4]} {CODE[4:8]} {CODE[8:]}"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Its address; whoever asks is the phone 10.44.0.9."""
    app = create_app(with_codes(), LAYOUT, FakeGate())

    def seen_by_nginx(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        return app({**environ, "HTTP_X_REAL_IP": "10.44.0.9"}, start)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, seen_by_nginx, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()


def _faults(phone: Browser) -> list[str]:
    """At the usual size of letters, then with letters twice as large."""
    found = complaints(phone) + audit(phone) + sticking_out(phone)
    phone.ask("document.documentElement.style.fontSize = '200%'")
    return found + sticking_out(phone)


@pytest.fixture(scope="module", autouse=True)
def axe(small_phone: Browser) -> None:
    keep_axe(small_phone)


@pytest.mark.parametrize("tag", TAGS)
def test_a_code_is_taken_read_and_entered_on_pages_that_anyone_can_use(small_phone: Browser, site: str, tag: str) -> None:
    journeys.forget(small_phone, site, tag)
    journeys.connect(small_phone, site, tag)
    small_phone.go(f"{site}/{tag}/code")
    assert _faults(small_phone) == []
    small_phone.go(f"{site}/{tag}/code")
    small_phone.press(TAKE)
    code = small_phone.one("bdi[dir='ltr']")
    assert code.text == SHOWN and _faults(small_phone) == []
    small_phone.go(f"{site}/{tag}/code")
    small_phone.one(FIELD).send_keys("1111 2222 3333")
    small_phone.press(ENTER)
    assert [said for said in complaints(small_phone) if "403" not in said] == [] and _faults(small_phone) == []
    small_phone.press(f"main a.button[href='/{tag}/code']")
    small_phone.one(FIELD).send_keys(SHOWN)
    small_phone.press(ENTER)
    assert small_phone.current_url == f"{site}/{tag}/connected" and _faults(small_phone) == []
