"""What holds for every page of the box in every language: readable, small, quiet, in its direction."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.web.languages import BY_TAG, LANGUAGES
from tests.browser import journeys
from tests.browser.chromium import Browser, audit, complaints, sticking_out, weigh

pytestmark = pytest.mark.browser

TAGS = [language.tag for language in LANGUAGES]
KILOBYTE = 1000
SMALLEST_TARGET = 44
"""CSS pixels of height; what people tap in the page itself. WCAG 2.2 AA asks 24, WCAG 2.1 AAA 44."""


@pytest.mark.parametrize("language", TAGS)
def test_every_page_meets_wcag_2_2_aa(phone: Browser, portal: str, language: str) -> None:
    faults = {name: found for name in journeys.visit(phone, portal, language) if (found := audit(phone))}
    assert faults == {}


@pytest.mark.parametrize("language", TAGS)
def test_no_page_scrolls_sideways_on_a_screen_320_pixels_wide(small_phone: Browser, portal: str, language: str) -> None:
    faults = {name: found for name in journeys.visit(small_phone, portal, language) if (found := sticking_out(small_phone))}
    assert faults == {}


@pytest.mark.parametrize("language", TAGS)
def test_every_page_runs_in_the_direction_of_its_language(small_phone: Browser, portal: str, language: str) -> None:
    direction = BY_TAG[language].direction
    start = "left" if direction == "ltr" else "right"
    for name in journeys.visit(small_phone, portal, language):
        page = small_phone.one("html")
        assert (page.get_attribute("lang"), page.get_attribute("dir")) == (language, direction), name
        edge = small_phone.ask(
            "const h = document.querySelector('h1'), r = document.createRange(); r.selectNodeContents(h);"
            "const box = r.getBoundingClientRect(), page = document.documentElement.clientWidth;"
            "return {left: box.left, right: page - box.right, centred: getComputedStyle(h).textAlign == 'center'};"
        )
        assert edge["centred"] or edge[start] <= 24, f"the heading of {name} does not begin at the {start}: {edge}"


@pytest.mark.parametrize("language", TAGS)
def test_no_page_asks_for_what_its_policy_forbids_or_what_is_not_there(phone: Browser, portal: str, language: str) -> None:
    complaints(phone)
    faults = {}
    for name in journeys.visit(phone, portal, language):
        found = [line for line in complaints(phone) if "/nothing-here" not in line]
        if found:
            faults[name] = found
    assert faults == {}


@pytest.mark.parametrize("language", TAGS)
def test_the_welcome_page_is_light(phone: Browser, portal: str, language: str) -> None:
    weight = weigh(phone, f"{portal}/{language}/")
    assert weight.size <= 30 * KILOBYTE
    assert len(weight.requests) <= 6, weight.requests
    assert weight.elements <= 400


@pytest.mark.parametrize("language", TAGS)
def test_every_page_is_light_and_needs_nothing_from_elsewhere(phone: Browser, portal: str, language: str) -> None:
    for address in journeys.pages(phone, portal, language):
        weight = weigh(phone, address)
        assert weight.size <= 60 * KILOBYTE, address
        assert all(asked.startswith(portal) for asked in weight.requests), weight.requests


@pytest.mark.parametrize("language", TAGS)
def test_what_people_tap_is_large_enough_for_a_thumb(phone: Browser, portal: str, language: str) -> None:
    for name in journeys.visit(phone, portal, language):
        small = phone.ask(
            "return [...document.querySelectorAll('a, button, input, select, summary')].filter(e => {"
            "  const box = e.getBoundingClientRect(), style = getComputedStyle(e);"
            "  return box.height && box.top >= 0 && style.display != 'inline' && style.position != 'absolute'"
            "    && box.height < arguments[0];"
            "}).map(e => e.outerHTML.slice(0, 80));",
            SMALLEST_TARGET,
        )
        assert small == [], name


@pytest.mark.parametrize("language", TAGS)
def test_every_page_works_without_scripts_because_it_has_none(phone: Browser, portal: str, language: str) -> None:
    for name in journeys.visit(phone, portal, language):
        assert phone.some("script, [onclick], [onload], [onsubmit], iframe, object") == [], name


@pytest.mark.parametrize("language", TAGS)
def test_a_sample_is_called_a_sample_on_every_page(phone: Browser, portal: str, language: str, status: dict[str, Any]) -> None:
    for name in journeys.visit(phone, portal, language):
        banners = [banner for banner in phone.some(".sample") if banner.is_displayed() and banner.text.strip()]
        assert len(banners) == (1 if status["sample"] else 0), name


@pytest.mark.parametrize("language", [tag for tag in TAGS if tag != "en"])
def test_the_pages_of_a_language_are_in_that_language(phone: Browser, portal: str, language: str) -> None:
    """Not one heading, button or tab is the English one."""
    english = {}
    for name in ("", "you", "share", "emergency", "offline", "services"):
        phone.go(f"{portal}/en/{name}")
        english[name] = {part.text.strip() for part in phone.some("h1, h2, .button, .tab, label") if part.text.strip()}
    for name, words in english.items():
        phone.go(f"{portal}/{language}/{name}")
        same = {part.text.strip() for part in phone.some("h1, h2, .button, .tab, label")} & words
        assert same == set(), f"/{language}/{name}"
