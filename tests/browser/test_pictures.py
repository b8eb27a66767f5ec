"""Pictures for the README, of the real pages; taken only when asked, so that a test run changes no file.

CAMPBOX_PICTURES=1 ./campbox test browser --only pictures
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import MissingComponent
from appliance.run import find_program, run
from tests.browser import journeys
from tests.browser.chromium import DESK, PHONE, SMALL_PHONE, Browser, chromium
from tests.browser.test_dashboard import log_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CAMPBOX_PICTURES" not in os.environ, reason="pictures are taken when CAMPBOX_PICTURES is set"),
]

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 150_000
"""Bytes of one picture in the repository."""
BEFORE = {
    "welcome-en": "en/", "welcome-ar": "ar/", "welcome-fa": "fa-AF/", "welcome-fr": "fr/",
    "welcome-ti": "ti/", "welcome-uk": "uk/",
    "services-en": "en/services", "services-ar": "ar/services", "emergency-fr": "fr/emergency", "offline-fa": "fa-AF/offline",
    "places-ti": "ti/services/places", "steps-uk": "uk/services/steps", "offers-fa": "fa-AF/services/offers",
    "rights-ar": "ar/services/rights",
}  # fmt: skip
HUB = {"hub-catalogue": "catalogue-admin", "hub-organisations": "catalogue-admin/organisations"}
AFTER = {"connected-ar": "ar/connected", "share-en": "en/share", "you-fa": "fa-AF/you"}


def take(browser: Browser, name: str) -> None:
    """Save what is on the screen."""
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{name}.png"
    assert browser.save_screenshot(str(file))
    with contextlib.suppress(MissingComponent):
        run([find_program("pngquant"), "--force", "--skip-if-larger", "--ext", ".png", "64", str(file)], check=False)
    assert file.stat().st_size <= LARGEST, f"{file.name}: install pngquant, which makes it smaller"


def _night_doctor(browser: Browser, portal: str) -> str:
    browser.go(f"{portal}/en/services/need/health")
    (row,) = [link for link in browser.some(journeys.ENTRY) if "Night doctor" in link.text]
    return (row.get_attribute("href") or "").rpartition("/")[2]


@pytest.mark.parametrize(("size", "suffix"), [(PHONE, ""), (SMALL_PHONE, "-320")])
def test_pictures_of_the_box(portal: str, size: tuple[int, int], suffix: str) -> None:
    with chromium(size=size, scripts=False, sharpness=2) as browser:
        journeys.forget(browser, portal, "en")
        for name, page in BEFORE.items():
            if not suffix or name in ("welcome-ar", "services-ar"):
                browser.go(f"{portal}/{page}")
                take(browser, name + suffix)
        if not suffix:
            for language in ("en", "fa-AF"):
                browser.go(journeys.first_service(browser, portal, language))
                take(browser, f"service-{language[:2]}")
            night_doctor = _night_doctor(browser, portal)
            for language in ("ar", "ti", "uk"):
                browser.go(f"{portal}/{language}/services/{night_doctor}")
                take(browser, f"night-doctor-{language}")
            browser.go(f"{portal}/fa-AF/services/{night_doctor}/show")
            take(browser, "show-fa")
            journeys.connect(browser, portal, "en")
            for name, page in AFTER.items():
                browser.go(f"{portal}/{page}")
                take(browser, name)


def test_pictures_of_the_hub(hub: str, state: dict[str, Any]) -> None:
    with chromium(size=(1120, 280)) as browser:
        log_in(browser, hub, state["hub_user"], state["hub_password"])
        browser.go(f"{hub}/")
        time.sleep(2)
        take(browser, "hub-overview")
    with chromium(size=DESK) as browser:
        log_in(browser, hub, state["hub_user"], state["hub_password"])
        browser.go(f"{hub}/boxes/{state['box']['id']}")
        time.sleep(20)  # so that the live chart has something to show
        take(browser, "hub-box")
        for name, page in HUB.items():
            browser.go(f"{hub}/{page}")
            take(browser, name)
