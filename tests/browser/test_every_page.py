"""What holds for every page of the box in every language: readable, small, quiet, in its direction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from appliance.web.languages import BY_TAG, LANGUAGES
from captive_portal.app import create_app as create_portal
from content_cache.app import create_app as create_catalogue
from tests.browser import journeys, talkback
from tests.browser.chromium import SMALL_PHONE, Browser, Weight, audit, chromium, complaints, keep_axe, sticking_out, weight
from tests.captive_portal.site import EVERY, LAYOUT
from tests.fakes.gate import FakeGate

pytestmark = pytest.mark.browser

TAGS = [language.tag for language in LANGUAGES]
KILOBYTE = 1000
SIZED = ("target-size", "scrollable-region-focusable", "color-contrast")
"""The rules of axe-core whose answer hangs on how large letters are: the only ones asked at both sizes."""
NOT_TOURED = {
    "/",  # in all languages at once: below
    "/offline", "/emergency", "/terms", "/<lang>/connect",  # lead elsewhere
    "/status",  # for technicians: test_status_page.py
    "/status.json", "/api/captive", "/static/<path:filename>",  # for programs
}  # fmt: skip
"""Addresses of the portal and the catalogue (those of its API left aside) that the tour leaves out, and why."""
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
    heard: list[str]
    wide: list[str]
    faults_at_200: list[str]
    complaints: list[str]
    small: list[str]
    scripts: int
    banners: int
    weight: Weight
    words: frozenset[str]


Tour = Callable[[str], dict[str, Sight]]
Walk = Callable[[Browser, str, str], Iterator[str]]


_SEEN = """
const page = document.documentElement, shown = element => element.getClientRects().length && element.innerText.trim();
const own = location.pathname.includes('/services/') ? '' : 'h1, ';  // there it is the catalogue's word
return {
  language: page.lang, direction: page.dir,
  scripts: document.querySelectorAll('script, [onclick], [onload], [onsubmit], iframe, object').length,
  banners: [...document.querySelectorAll('.sample')].filter(shown).length,
  words: [...document.querySelectorAll(own + 'h2, .button, .tab, label, dt')].filter(shown).map(e => e.innerText.trim()),
};
"""


def _look(phone: Browser) -> Sight:
    loaded, said = weight(phone), complaints(phone)
    seen = phone.ask(_SEEN)
    return Sight(
        language=seen["language"],
        direction=seen["direction"],
        edges=phone.ask(_EDGES),
        wide=sticking_out(phone),
        small=phone.ask(_SMALL, SMALLEST_TARGET),
        faults=audit(phone, *SIZED),
        heard=talkback.faults(phone),
        faults_at_200=_at_200_percent(phone),
        complaints=said,
        scripts=seen["scripts"],
        banners=seen["banners"],
        weight=loaded,
        words=frozenset(word for word in seen["words"] if not word[0].isdigit() and not word.startswith("+")),
    )


def _at_200_percent(phone: Browser) -> list[str]:
    """What is wrong with letters twice as large (WCAG 2.2, 1.4.4), as Android's font size makes them."""
    phone.ask("document.documentElement.style.fontSize = '200%'")
    return sticking_out(phone) + audit(phone)


@pytest.fixture(scope="module")
def tour(request: pytest.FixtureRequest, portal: str) -> Iterator[Tour]:
    """Every page in every language that is asked for, each opened once, looked at in every way and remembered.

    Two browsers share the work. To the box they are one phone: it taps when both have seen what there is before.
    """
    asked = {_language(item) for item in request.session.items if item.path == Path(__file__)}
    wanted = [tag for tag in TAGS if tag in asked]
    wanted = list(dict.fromkeys([*wanted, "en"]))
    seen: dict[str, dict[str, Sight]] = {language: {} for language in wanted}
    with _narrow() as one, _narrow() as other, ThreadPoolExecutor(2) as pool:
        for walk, deed in ((journeys.before, journeys.forget), (journeys.after, journeys.connect)):
            deed(one, portal, "en")
            free = SimpleQueue[Browser]()
            for browser in (one, other):
                free.put(browser)
            list(pool.map(lambda language, walk=walk, free=free: _walk(free, walk, portal, seen[language], language), wanted))
    yield seen.__getitem__


def _language(item: pytest.Item) -> str:
    params: dict[str, str] = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("language", "")


def _walk(free: SimpleQueue[Browser], walk: Walk, portal: str, seen: dict[str, Sight], language: str) -> None:
    phone = free.get()
    try:
        complaints(phone)
        for name in walk(phone, portal, language):
            seen[name] = _look(phone)
    finally:
        free.put(phone)


@contextmanager
def _narrow() -> Iterator[Browser]:
    with chromium(size=SMALL_PHONE) as phone:
        keep_axe(phone)
        phone.execute_cdp_cmd("Network.enable", {})
        phone.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
        yield phone


@pytest.mark.parametrize("language", TAGS)
def test_every_page_meets_wcag_2_2_aa_with_letters_twice_as_large(tour: Tour, language: str) -> None:
    assert {name: sight.faults_at_200 for name, sight in tour(language).items() if sight.faults_at_200} == {}


@pytest.mark.parametrize("language", TAGS)
def test_nor_do_its_targets_and_colours_fail_with_letters_as_they_come(tour: Tour, language: str) -> None:
    assert {name: sight.faults for name, sight in tour(language).items() if sight.faults} == {}


def test_the_choice_of_a_language_meets_wcag_2_2_aa_at_both_sizes(portal: str) -> None:
    with chromium(size=SMALL_PHONE, languages="tlh") as phone:
        phone.go(f"{portal}/")
        assert len(phone.some("main a[hreflang]")) >= len(TAGS), "everyone finds their own"
        assert sticking_out(phone) + audit(phone) + talkback.faults(phone) == []
        assert _at_200_percent(phone) == []


def test_the_tour_leaves_no_page_out(tour: Tour) -> None:
    """A page that somebody adds is looked at as well, or its view is named above with the reason."""
    toured = {name.partition(" ")[0].partition("?")[0] for name in tour("en")}
    left_out = set[str]()
    for app in (create_portal(EVERY, LAYOUT, FakeGate()), create_catalogue(EVERY, LAYOUT)):
        there = app.url_map.bind("")
        seen = {there.match(address, return_rule=True)[0].rule for address in toured if there.test(address)}
        pages = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
        left_out |= {page for page in pages - seen if not page.startswith("/hsds")}
    assert left_out == NOT_TOURED


@pytest.mark.parametrize("language", TAGS)
def test_no_page_scrolls_sideways_on_a_screen_320_pixels_wide(tour: Tour, language: str) -> None:
    assert {name: sight.wide for name, sight in tour(language).items() if sight.wide} == {}


@pytest.mark.parametrize("language", TAGS)
def test_who_listens_to_a_page_hears_names_and_roles_in_the_order_of_the_screen(tour: Tour, language: str) -> None:
    assert {name: sight.heard for name, sight in tour(language).items() if sight.heard} == {}


@pytest.mark.parametrize("language", TAGS)
def test_every_page_is_in_its_language_and_runs_in_its_direction(tour: Tour, language: str) -> None:
    direction = BY_TAG[language].direction
    start = "left" if direction == "ltr" else "right"
    for name, sight in tour(language).items():
        assert (sight.language, sight.direction) == (language, direction), name
        assert sight.edges["centred"] or sight.edges[start] <= 24, f"the heading of {name} does not begin at the {start}"


@pytest.mark.parametrize("language", TAGS)
def test_no_page_asks_for_what_its_policy_forbids_or_what_is_not_there(tour: Tour, language: str) -> None:
    failing = {f"/{language}/{name} before the tap" for name in ("nothing-here", "resting")}
    assert {name for name, sight in tour(language).items() if sight.complaints} == failing, "only those say that they are none"
    assert all(len(tour(language)[name].complaints) == 1 for name in failing), "and complain of nothing else"


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
def test_the_welcome_page_is_light(tour: Tour, language: str) -> None:
    weight = tour(language)[f"/{language}/ before the tap"].weight
    assert weight.size <= 30 * KILOBYTE
    assert 2 <= len(weight.requests) <= 6, weight.requests
    assert weight.elements <= 400


@pytest.mark.parametrize("language", TAGS)
def test_every_page_is_light_and_needs_nothing_from_elsewhere(tour: Tour, portal: str, language: str) -> None:
    for name, sight in tour(language).items():
        assert 0 < sight.weight.size <= 60 * KILOBYTE, name
        assert all(asked.startswith(portal) for asked in sight.weight.requests), sight.weight.requests


@pytest.mark.parametrize("language", [tag for tag in TAGS if tag != "en"])
def test_the_pages_of_a_language_are_in_that_language(tour: Tour, language: str) -> None:
    """Not one heading, button or tab is the English one."""
    ours, english = list(tour(language).items()), list(tour("en").values())
    assert len(ours) == len(english)
    for (name, sight), other in zip(ours, english, strict=True):
        assert sight.words & other.words - SAME_WORD.get(language, set()) == set(), name


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
