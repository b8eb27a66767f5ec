"""The hub as an operator meets it: the door, the overview, a chart that moves by itself."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from provisioning.lab.pace import patient
from tests.browser.chromium import DESK, SMALL_PHONE, Browser, audit, chromium, complaints, sticking_out

pytestmark = pytest.mark.browser

PEOPLE_ONLINE = """
const term = [...document.querySelectorAll('dt')].find(element => element.textContent.trim() == 'People online');
return (document.querySelector("td[data-label='People online']") || term.nextElementSibling).innerText.trim();
"""
LIVE = patient(180)
"""Seconds within which a live chart must have heard something: the hub's word to the box, its first readings, and a margin."""


def log_in(browser: Browser, hub: str, user: str, password: str) -> None:
    browser.go(f"{hub}/login")
    browser.one("input[name='user']").send_keys(user)
    browser.one("input[name='password']").send_keys(password)
    browser.press("main form button, form button")


@pytest.fixture(scope="module", params=[DESK, SMALL_PHONE], ids=["desk", "small phone"])
def operator(request: pytest.FixtureRequest, hub: str, state: dict[str, Any]) -> Iterator[Browser]:
    with chromium(size=request.param) as browser:
        log_in(browser, hub, state["hub_user"], state["hub_password"])
        WebDriverWait(browser, LIVE).until(lambda b: b.find_elements("css selector", "table.boxes"), "no box has reported")
        yield browser


def pages(hub: str, state: dict[str, Any]) -> list[str]:
    return [f"{hub}/", f"{hub}/boxes/{state['box']['id']}", f"{hub}/incidents"]


def test_nobody_gets_in_with_a_wrong_password(desk: Browser, hub: str, state: dict[str, Any]) -> None:
    log_in(desk, hub, state["hub_user"], "not the password")
    assert desk.current_url.split("?")[0].endswith("/login")
    desk.go(f"{hub}/")
    assert "/login" in desk.current_url
    assert state["box"]["id"] not in desk.words()


def test_the_overview_names_the_box_and_leads_to_it(operator: Browser, hub: str, state: dict[str, Any]) -> None:
    operator.go(f"{hub}/")
    assert state["box"]["id"] in operator.words()
    operator.press(f"a[href$='/boxes/{state['box']['id']}']")
    assert state["box"]["id"] in operator.words("h1")


def test_the_chart_of_a_box_moves_by_itself(operator: Browser, hub: str, state: dict[str, Any]) -> None:
    operator.go(f"{hub}/boxes/{state['box']['id']}")
    assert operator.one("#chart canvas").size["width"] > 200
    operator.ask(
        "window.heard = 0;window.campboxEvents.addEventListener('points', e => { window.heard += JSON.parse(e.data).length; });"
    )
    WebDriverWait(operator, LIVE).until(lambda b: b.execute_script("return window.heard") >= 2, "no live points came")
    assert re.match(r"Now [0-9.]+ [kM]bit/s down", operator.words("#chart-says"))


REFUSED = """
const stream = window.campboxEvents, says = document.getElementById('chart-says');
stream.dispatchEvent(new MessageEvent('refused', { data: '"SQLITE_IOERR"' }));
stream.dispatchEvent(new Event('error'));
return [document.querySelector('#main > p.note:first-child').textContent, says ? says.textContent : null];
"""
STANDS = "return [...document.querySelectorAll('#main > p.note')].some(note => note.textContent.includes('store does not answer'));"


def test_a_store_that_refuses_is_said_until_the_page_comes_again(operator: Browser, hub: str, state: dict[str, Any]) -> None:
    words = "The hub's store does not answer"
    for address in pages(hub, state):
        operator.go(address)
        note, chart = operator.ask(REFUSED)
        assert note.startswith(words) and chart in (None, f"{words}; trying again …"), address
        operator.ask("window.campboxEvents.dispatchEvent(new Event('open'));")
        WebDriverWait(operator, patient(20)).until(lambda b: not b.ask(STANDS), f"{address} says it for ever")
    assert complaints(operator) == []


def test_a_person_is_never_counted_below_ten(operator: Browser, hub: str, state: dict[str, Any]) -> None:
    """Whatever the noise has made of the few who are there: once in some hundred camps it is ten or more."""
    for address in pages(hub, state)[:2]:
        operator.go(address)
        assert re.fullmatch(r"fewer than 10|[1-9][0-9]+ people", operator.ask(PEOPLE_ONLINE).lower()), address


def test_the_dashboard_meets_wcag_2_2_aa_and_fits_its_screen(operator: Browser, hub: str, state: dict[str, Any]) -> None:
    faults = {}
    for address in pages(hub, state):
        operator.go(address)
        time.sleep(1)  # a chart draws itself after the page
        faults[address] = sticking_out(operator) + complaints(operator) + audit(operator)
    assert {address: found for address, found in faults.items() if found} == {}


def test_logging_out_closes_the_door(hub: str, state: dict[str, Any]) -> None:
    with chromium(size=DESK) as browser:
        log_in(browser, hub, state["hub_user"], state["hub_password"])
        browser.press("form[action$='/logout'] button")
        browser.go(f"{hub}/")
        assert "/login" in browser.current_url
