"""Two people at the hub and one in the camp: a notice is written, approved, read in Arabic, and taken back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from provisioning.lab.pace import patient
from tests.browser.chromium import DESK, SMALL_PHONE, Browser, audit, chromium, complaints, sticking_out
from tests.browser.test_dashboard import log_in
from tests.browser.test_pictures import take

pytestmark = pytest.mark.browser

ARABIC = "لا ماء في القطاع 5 حتى الظهر. الماء عند البوابة الشمالية."
CONTACT = patient(60)


@pytest.fixture(scope="module")
def people(hub: str, state: dict[str, Any]) -> Iterator[tuple[Browser, Browser]]:
    """The one who writes, at a desk; the one who approves, on a small screen."""
    with chromium(size=DESK) as one, chromium(size=SMALL_PHONE) as other:
        for browser, name in ((one, state["hub_user"]), (other, "second")):
            log_in(browser, hub, name, state["hub_password"])
            assert "/login" not in browser.current_url, name
        yield one, other


def right(browser: Browser, address: str) -> None:
    """The page fits its screen and meets WCAG 2.2 AA."""
    browser.go(address)
    assert sticking_out(browser) + complaints(browser) + audit(browser) == [], address


def picture(browser: Browser, name: str) -> None:
    if "CAMPBOX_PICTURES" in os.environ:
        take(browser, name)


def until_reads(browser: Browser, address: str, words: str, *, there: bool) -> None:
    def looks(one: Any) -> bool:
        one.execute_cdp_cmd("Network.clearBrowserCache", {})  # a phone keeps a page of the catalogue for a minute
        one.go(address)
        return (words in one.words()) is there

    WebDriverWait(browser, CONTACT, poll_frequency=0.5).until(looks, f"{words} on {address}: not {there}")


def test_a_notice_goes_from_two_people_to_the_camp_and_back(
    people: tuple[Browser, Browser], phone: Browser, hub: str, portal: str
) -> None:
    writes, approves = people
    writes.go(f"{hub}/notices")
    writes.one("input[name='source']").send_keys("Camp management")
    writes.one("input[value='urgent']").click()
    for tag, text in (("en", "No water in block 5 until noon. Water is at the north gate."), ("ar", ARABIC)):
        writes.one(f"textarea[name='text-{tag}']").send_keys(text)
    writes.press("form[action='/notices'] button")
    assert "A second person must approve it: you wrote it." in writes.words()
    right(approves, f"{hub}/notices")
    assert ARABIC in approves.words("tbody")
    approves.press("form[action$='/approve'] button")
    until_reads(phone, f"{portal}/ar/", ARABIC, there=True)
    picture(phone, "notice-ar")
    for page in ("ar/", "fa-AF/", "en/emergency", "ti/emergency"):
        right(phone, f"{portal}/{page}")
        assert phone.some(".note-alarm") and len(phone.some("script")) == 0
    assert phone.one("a[href='tel:911']").is_displayed()
    picture(phone, "emergency-ti")
    right(writes, f"{hub}/notices")
    picture(writes, "hub-notices")
    writes.press("form[action$='/end'] button")
    until_reads(phone, f"{portal}/ar/", ARABIC, there=False)


def test_a_service_is_corrected_by_two_people(people: tuple[Browser, Browser], phone: Browser, hub: str, portal: str) -> None:
    writes, approves = people
    right(writes, f"{hub}/catalogue-admin/services")
    writes.press(".plainlist a")
    address = writes.current_url
    right(writes, address)
    picture(writes, "hub-correction")
    writes.one("textarea[name='alert-en']").clear()
    writes.one("textarea[name='alert-en']").send_keys("Moved to block 7, beside the school.")
    writes.press("form.sheet button[type='submit']")
    right(approves, f"{hub}/catalogue-admin/services")
    approves.press("form[action$='/approve'] button")
    until_reads(phone, f"{portal}/en/services/{address.rpartition('/')[2]}", "Moved to block 7", there=True)
    for page in ("catalogue-admin", "catalogue-admin/organisations", "enrolments"):
        right(approves, f"{hub}/{page}")
        right(writes, f"{hub}/{page}")
