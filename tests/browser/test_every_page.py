"""What holds for every page of the box in every language: readable, small, quiet, in its direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from appliance.web.languages import BY_TAG, LANGUAGES
from tests.browser import journeys
from tests.browser.chromium import Browser, audit, complaints, sticking_out, weigh

pytestmark = pytest.mark.browser

TAGS = [language.tag for language in LANGUAGES]
WHOLE = ["ar", "fa-AF", "fr", "en"]
"""Languages whose every page is opened. Of the others it is welcome, emergency and services, so that all twelve take minutes:
layout, direction, letters and the longest words of a language show there."""
KILOBYTE = 1000
SMALLEST_TARGET = 48
"""CSS pixels of height of what people tap, where it is no part of a sentence. WCAG 2.2 AA asks 24, Android 48."""
SAME_WORD = {"fr": {"Services"}}
"""Words that a language shares with English."""
_EDGES = """
const heading = document.querySelector('h1'), range = document.createRange();
range.selectNodeContents(heading);
const box = range.getBoundingClientRect(), page = document.documentElement.clientWidth;
return {left: box.left, right: page - box.right, centred: getComputedStyle(heading).textAlign == 'center'};
"""
_SMALL = """
return [...document.querySelectorAll('a, button, input, select, summary, audio')].filter(element => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  return box.height && box.top >= 0 && style.display != 'inline' && style.position != 'absolute' && box.height < arguments[0];
}).map(element => element.outerHTML.slice(0, 80));
"""


@dataclass(frozen=True)
class Sight:
    """What was seen of one page on a phone 320 pixels wide."""

    language: str
    direction: str
    edges: dict[str, Any]
    faults: list[str]
    wide: list[str]
    wide_at_200: list[str]
    complaints: list[str]
    small: list[str]
    scripts: int
    banners: int


Tour = Callable[[str], dict[str, Sight]]


def _look(phone: Browser) -> Sight:
    said = complaints(phone)
    page = phone.one("html")
    return Sight(
        language=page.get_attribute("lang") or "",
        direction=page.get_attribute("dir") or "",
        edges=phone.ask(_EDGES),
        wide=sticking_out(phone),
        wide_at_200=_at_200_percent(phone),
        complaints=said,
        small=phone.ask(_SMALL, SMALLEST_TARGET),
        scripts=len(phone.some("script, [onclick], [onload], [onsubmit], iframe, object")),
        banners=len([banner for banner in phone.some(".sample") if banner.is_displayed() and banner.text.strip()]),
        faults=audit(phone),
    )


def _at_200_percent(phone: Browser) -> list[str]:
    """What sticks out with letters twice as large (WCAG 2.2, 1.4.4), as Android's font size and Chrome's text scaling make them."""
    phone.ask("document.documentElement.style.fontSize = '200%'")
    found = sticking_out(phone)
    phone.ask("document.documentElement.style.fontSize = ''")
    return found


@pytest.fixture(scope="module")
def tour(small_phone: Browser, portal: str) -> Tour:
    """Every page in one language (or its most seen ones), each looked at once and remembered."""
    seen: dict[str, dict[str, Sight]] = {}

    def visit(language: str) -> dict[str, Sight]:
        if language not in seen:
            complaints(small_phone)
            walk = journeys.visit if language in WHOLE else journeys.glance
            seen[language] = {name: _look(small_phone) for name in walk(small_phone, portal, language)}
        return seen[language]

    return visit


@pytest.mark.parametrize("language", TAGS)
def test_every_page_meets_wcag_2_2_aa(tour: Tour, language: str) -> None:
    assert {name: sight.faults for name, sight in tour(language).items() if sight.faults} == {}


@pytest.mark.parametrize("language", TAGS)
def test_no_page_scrolls_sideways_on_a_screen_320_pixels_wide(tour: Tour, language: str) -> None:
    assert {name: sight.wide for name, sight in tour(language).items() if sight.wide} == {}


@pytest.mark.parametrize("language", TAGS)
def test_nor_does_it_with_letters_twice_as_large(tour: Tour, language: str) -> None:
    assert {name: sight.wide_at_200 for name, sight in tour(language).items() if sight.wide_at_200} == {}


@pytest.mark.parametrize("language", TAGS)
def test_every_page_is_in_its_language_and_runs_in_its_direction(tour: Tour, language: str) -> None:
    direction = BY_TAG[language].direction
    start = "left" if direction == "ltr" else "right"
    for name, sight in tour(language).items():
        assert (sight.language, sight.direction) == (language, direction), name
        assert sight.edges["centred"] or sight.edges[start] <= 24, f"the heading of {name} does not begin at the {start}"


@pytest.mark.parametrize("language", TAGS)
def test_no_page_asks_for_what_its_policy_forbids_or_what_is_not_there(tour: Tour, language: str) -> None:
    expected = f"/{language}/nothing-here before the tap"
    assert {name: s.complaints for name, s in tour(language).items() if s.complaints and name != expected} == {}
    if language in WHOLE:
        assert tour(language)[expected].complaints, "a page that is not there says so"


@pytest.mark.parametrize("language", TAGS)
def test_what_people_tap_is_large_enough_for_a_thumb(tour: Tour, language: str) -> None:
    assert {name: sight.small for name, sight in tour(language).items() if sight.small} == {}


@pytest.mark.parametrize("language", TAGS)
def test_every_page_works_without_scripts_because_it_has_none(tour: Tour, language: str) -> None:
    assert {name: sight.scripts for name, sight in tour(language).items() if sight.scripts} == {}


@pytest.mark.parametrize("language", TAGS)
def test_a_sample_is_called_a_sample_on_every_page(tour: Tour, language: str, status: dict[str, Any]) -> None:
    assert status["sample"] is True
    assert {name: sight.banners for name, sight in tour(language).items() if sight.banners != 1} == {}


@pytest.mark.parametrize("language", TAGS)
def test_the_welcome_page_is_light(phone: Browser, portal: str, language: str) -> None:
    weight = weigh(phone, f"{portal}/{language}/")
    assert weight.size <= 30 * KILOBYTE
    assert len(weight.requests) <= 6, weight.requests
    assert weight.elements <= 400


@pytest.mark.parametrize("language", TAGS)
def test_every_page_is_light_and_needs_nothing_from_elsewhere(phone: Browser, portal: str, language: str) -> None:
    glanced = [f"{portal}/{language}/{name}" for name in journeys.GLANCED]
    for address in journeys.pages(phone, portal, language) if language in WHOLE else glanced:
        weight = weigh(phone, address)
        assert weight.size <= 60 * KILOBYTE, address
        assert all(asked.startswith(portal) for asked in weight.requests), weight.requests


@pytest.mark.parametrize("language", [tag for tag in TAGS if tag != "en"])
def test_the_pages_of_a_language_are_in_that_language(phone: Browser, portal: str, language: str) -> None:
    """Not one heading, button or tab is the English one."""
    parts = "h1, h2, .button, .tab, label, dt"
    detail = journeys.first_service(phone, portal, "en").removeprefix(f"{portal}/en/").split("?")[0]
    for name in ("", "you", "share", "emergency", "offline", "services", detail) if language in WHOLE else journeys.GLANCED:
        phone.go(f"{portal}/en/{name}")
        english = {part.text.strip() for part in phone.some(parts) if part.text.strip() and not part.text.strip()[0].isdigit()}
        phone.go(f"{portal}/{language}/{name}")
        same = {part.text.strip() for part in phone.some(parts)} & english - SAME_WORD.get(language, set())
        same -= {phone.words("h1")} if name == detail else set()  # a service may have the same name in two languages
        assert {words for words in same if not words.startswith("+")} == set(), f"/{language}/{name}"


@pytest.mark.parametrize("language", TAGS)
def test_every_letter_has_a_shape_of_its_own(phone: Browser, portal: str, language: str) -> None:
    """No word is drawn with the box of a font that lacks its letters: Chrome says which fonts it took."""
    phone.go(f"{portal}/{language}/")
    for command in ("DOM", "CSS"):
        phone.execute_cdp_cmd(f"{command}.enable", {})
    root = phone.execute_cdp_cmd("DOM.getDocument", {})["root"]["nodeId"]
    heading = phone.execute_cdp_cmd("DOM.querySelector", {"nodeId": root, "selector": "h1"})["nodeId"]
    fonts = phone.execute_cdp_cmd("CSS.getPlatformFontsForNode", {"nodeId": heading})["fonts"]
    assert fonts and not [font["familyName"] for font in fonts if "LastResort" in font["familyName"] or not font["glyphCount"]]
    need = BY_TAG[language].script
    assert need in ("Latn", "Cyrl") or any({"Arab": "Arabic", "Ethi": "Ethiopic"}[need] in font["familyName"] for font in fonts)
