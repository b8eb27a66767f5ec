"""From joining to reading a service's own page, as people do it, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from appliance.web.languages import BY_TAG, LANGUAGES
from tests.browser import journeys
from tests.browser.chromium import PHONE, Browser, chromium

pytestmark = pytest.mark.browser

TAGS = [language.tag for language in LANGUAGES]


@pytest.fixture(scope="module", params=["scripts on", "scripts off"])
def any_phone(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with chromium(scripts=request.param == "scripts on") as browser:
        yield browser


def speaks(browser: Browser, language: str) -> None:
    page = browser.one("html")
    assert page.get_attribute("lang") == language
    assert page.get_attribute("dir") == BY_TAG[language].direction


@pytest.mark.parametrize(("scripts", "says"), [(True, "on"), (False, "off")])
def test_a_browser_without_scripts_runs_none(scripts: bool, says: str) -> None:
    with chromium(scripts=scripts) as browser:
        browser.go("data:text/html,<p>off<script>document.querySelector('p').textContent='on'</script>")
        assert browser.words("p") == says


@pytest.mark.parametrize("language", TAGS)
def test_a_person_connects_finds_a_service_and_reads_it(any_phone: Browser, portal: str, language: str) -> None:
    journeys.forget(any_phone, portal, language)
    any_phone.go(f"{portal}/{language}/")
    speaks(any_phone, language)

    any_phone.press(journeys.CONNECT)
    assert any_phone.current_url.endswith(f"/{language}/connected")
    speaks(any_phone, language)

    any_phone.press(journeys.SERVICES_TAB)
    assert len(any_phone.some(journeys.NEED)) >= 5, "needs to browse by"
    any_phone.press(journeys.NEED)
    name = any_phone.words(journeys.ENTRY).splitlines()[0]
    any_phone.press(journeys.ENTRY)
    speaks(any_phone, language)
    assert any_phone.words("h1").split()[0] in name


def test_the_rules_and_both_answers_to_them_are_on_one_screen(phone: Browser, portal: str) -> None:
    low = dict[str, list[float]]()
    for language in TAGS:
        phone.go(f"{portal}/{language}/terms")
        phone.ask("document.querySelectorAll('.sample').forEach(banner => banner.remove())")  # a demo's alone
        answers = [phone.one(css).rect for css in (journeys.CONNECT, ".screen a.button[href$='/services']")]
        low[language] = [answer["y"] + answer["height"] for answer in answers]
        assert min(answer["height"] for answer in answers) >= 48, language
    assert {language: ends for language, ends in low.items() if max(ends) > PHONE[1]} == {}


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_person_finds_a_service_by_a_word_of_its_name(any_phone: Browser, portal: str, language: str) -> None:
    any_phone.go(journeys.first_service(any_phone, portal, language))
    address, name = any_phone.current_url.split("?")[0], any_phone.words("h1")
    word = max(name.split(), key=len)

    journeys.search(any_phone, portal, language, word)

    assert any_phone.one(journeys.SEARCH).get_attribute("value") == word
    found = [(link.get_attribute("href") or "").split("?")[0] for link in any_phone.some(journeys.ENTRY)]
    assert found, f"nothing found for {word!r}"
    assert address in found or any(word in link.text for link in any_phone.some(journeys.ENTRY))


def test_a_person_finds_the_night_doctor_in_arabic_in_three_taps_with_scripts_off(portal: str) -> None:
    with chromium(scripts=False) as phone:
        phone.go(f"{portal}/ar/")
        phone.press("main a[href$='/ar/services']")
        phone.press("main a[href$='/services/need/health']")
        (row,) = [link for link in phone.some(journeys.ENTRY) if "طبيب الليل" in link.text]
        address = (row.get_attribute("href") or "").removeprefix(portal)
        phone.press(f"main a[href='{address}']")
        speaks(phone, "ar")
        assert phone.words("h1") == "طبيب الليل"
        assert phone.some("main a[href^='tel:']") and phone.some("main svg.map[role='img']")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_choice_among_offers_stays_in_the_address(any_phone: Browser, portal: str, language: str) -> None:
    any_phone.go(f"{portal}/{language}/services/offers")
    any_phone.press("main a[href$='/offers/job']")
    # The label is what a finger meets: the box lies under it.
    any_phone.one("input[value='driving']").click()
    any_phone.one("input[name='speak'][value='ar']").click()
    any_phone.press("main form button")
    assert any_phone.current_url.endswith(f"/{language}/services/offers/job?skill=driving&speak=ar")
    assert any_phone.one("input[value='driving']").is_selected()
    any_phone.press("footer a[hreflang='fr']")
    assert any_phone.current_url.endswith("/fr/services/offers/job?skill=driving&speak=ar")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_search_without_an_answer_says_so_and_leads_on(any_phone: Browser, portal: str, language: str) -> None:
    journeys.search(any_phone, portal, language, "zzzzqqqq")
    assert any_phone.some(journeys.ENTRY) == []
    assert any_phone.words("main").strip()
    assert any_phone.some(f"main a[href*='/{language}/services']"), "a way back to all services"


def test_the_catalogue_is_open_before_the_tap(any_phone: Browser, portal: str) -> None:
    journeys.forget(any_phone, portal, "en")
    any_phone.go(journeys.first_service(any_phone, portal, "en"))
    assert any_phone.words("h1")
    any_phone.go(f"{portal}/en/you")
    assert not any_phone.some(journeys.FORGET), "reading the catalogue admitted nobody"


def test_my_share_says_how_much_and_why(any_phone: Browser, portal: str) -> None:
    journeys.forget(any_phone, portal, "en")
    any_phone.go(f"{portal}/en/share")
    assert not any_phone.some(".figure"), "no share before the tap"
    journeys.connect(any_phone, portal, "en")
    any_phone.go(f"{portal}/en/share")
    assert re.fullmatch(r"[0-9.,]+ [kM]?b(it)?/s", any_phone.words(".figure"))
    assert "Why this much?" in any_phone.words("main")


def test_forget_me_takes_the_admission_away(any_phone: Browser, portal: str) -> None:
    journeys.connect(any_phone, portal, "en")
    any_phone.go(f"{portal}/en/you")
    any_phone.press(journeys.FORGET)
    any_phone.go(f"{portal}/en/you")
    assert not any_phone.some(journeys.FORGET)
    assert any_phone.words(".chip") == "Not connected"


@pytest.mark.parametrize(
    ("prefers", "gets"), [("ar,en", "ar"), ("fa", "fa"), ("prs", "fa-AF"), ("fr-CA,fr", "fr"), ("sw,en", "en")]
)
def test_the_first_page_speaks_the_language_of_the_phone(portal: str, prefers: str, gets: str) -> None:
    with chromium(languages=prefers) as browser:
        browser.go(f"{portal}/")
        assert browser.current_url == f"{portal}/{gets}/"
        speaks(browser, gets)


def test_a_phone_of_an_unknown_language_chooses_among_names_in_their_own_script(portal: str) -> None:
    with chromium(languages="sw", scripts=False) as browser:
        browser.go(f"{portal}/")
        names = [name.text.strip() for name in browser.some("main a[hreflang] strong")]
        assert sorted(names) == sorted(language.own_name for language in LANGUAGES)
        browser.press("main a[hreflang='fa-AF']")
        speaks(browser, "fa-AF")


@pytest.mark.parametrize("name", ["you", "services", "emergency"])
def test_changing_the_language_stays_on_the_page(any_phone: Browser, portal: str, name: str) -> None:
    any_phone.go(f"{portal}/en/{name}")
    any_phone.press("footer a[hreflang='ar']")
    assert any_phone.current_url == f"{portal}/ar/{name}"
    speaks(any_phone, "ar")
