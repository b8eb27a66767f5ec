"""What a person does on the box's pages, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.chromium import Browser

CONNECT, FORGET = "form[action$='/connect'] button", "form[action$='/you/erase'] button"
SERVICES_TAB = "nav a[href$='/services']"
NEED, SEARCH = "main a[href*='/services/need/']", "main input[name='q']"
ENTRY = "main a.row[href*='/services/']"
PLACE, TONGUE, KIND = "main a[href*='/services/place/']", "main a[href*='/services/language/']", "main a[href*='/services/offers/']"


def forget(browser: Browser, portal: str, language: str) -> None:
    """Be a phone that has not tapped yet."""
    browser.go(f"{portal}/{language}/you")
    if browser.some(FORGET):
        browser.press(FORGET)


def connect(browser: Browser, portal: str, language: str) -> None:
    """Tap "connect" on the welcome page."""
    browser.go(f"{portal}/{language}/")
    browser.press(CONNECT)


def search(browser: Browser, portal: str, language: str, words: str) -> None:
    """Type words into the search field of the services and send them."""
    browser.go(f"{portal}/{language}/services")
    field = browser.one(SEARCH)
    field.clear()
    field.send_keys(words)
    browser.press("main form[role='search'] button")


def first_service(browser: Browser, portal: str, language: str) -> str:
    """The address of some service's own page."""
    browser.go(f"{portal}/{language}/services")
    browser.press(NEED)
    return browser.one(ENTRY).get_attribute("href") or ""


def _found(browser: Browser, page: str, css: str) -> str:
    """The address of the first such link on a page of the services."""
    browser.go(page)
    return browser.one(css).get_attribute("href") or ""


def pages(browser: Browser, portal: str, language: str) -> list[str]:
    """The address of one page of every sort that this phone can see now, in one language."""
    start = f"{portal}/{language}"
    detail = first_service(browser, portal, language)
    need = browser.current_url
    search = f"{start}/services/search?q="
    plain = ("", "terms", "you", "share", "emergency", "offline", "erased", "resting", "services", "nothing-here")
    looks = ("places", "languages", "steps", "step/arriving", "offers?skill=driving&speak=ar", "vouchers", "rights")
    browsed = [f"{start}/services/{name}" for name in looks]
    leads = {"places": PLACE, "languages": TONGUE, "offers": KIND}
    browsed += [_found(browser, f"{start}/services/{name}", css) for name, css in leads.items()]
    browsed.append(_found(browser, f"{start}/services/offers", ENTRY))
    return [*(f"{start}/{name}" for name in plain), need, detail, f"{detail}/show", *browsed, f"{search}a", f"{search}zzzzqqqq"]


def before(browser: Browser, portal: str, language: str) -> Iterator[str]:
    """Open every page of the box one after the other, as whoever has not tapped sees them; names each while it is open."""
    for address in pages(browser, portal, language):
        browser.go(address)
        yield f"{address.removeprefix(portal)} before the tap"


def after(browser: Browser, portal: str, language: str) -> Iterator[str]:
    """Open the pages that are others after the tap; names each while it is open."""
    for name in ("connected", "you", "share"):
        browser.go(f"{portal}/{language}/{name}")
        yield f"/{language}/{name} after the tap"
