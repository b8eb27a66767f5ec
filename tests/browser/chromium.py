"""Chromium without a screen: a phone's or a desk's, with scripts or without; and what can be measured in it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from appliance.errors import MissingComponent
from appliance.run import find_program
from provisioning.lab.pace import patient

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE, SMALL_PHONE, DESK = (360, 640), (320, 568), (1280, 800)
PATIENCE = patient(60)
"""Seconds after which a page that should have come is a fault; long, because a busy machine is none."""

_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-default-apps", "--hide-scrollbars",
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,Translate",
    "--force-prefers-reduced-motion",
)  # fmt: skip
_WCAG_2_2_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


class Browser(webdriver.Chrome):
    """A Chromium with a new profile, thrown away at its end."""

    def go(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.get(url)

    def one(self, css: str) -> WebElement:
        """The first element that fits, as soon as it is there. Raises TimeoutException."""
        found: WebElement = WebDriverWait(self, PATIENCE).until(lambda d: d.find_element(By.CSS_SELECTOR, css), f"no {css}")
        return found

    def some(self, css: str) -> list[WebElement]:
        """Every element that fits, now."""
        return list(self.find_elements(By.CSS_SELECTOR, css))

    def press(self, css: str) -> None:
        """Press a button or follow a link, and wait for the page it leads to."""
        element = self.one(css)
        element.click()
        WebDriverWait(self, PATIENCE).until(lambda d: _is_gone(element), f"{css} leads nowhere")
        self.one("body")

    def words(self, css: str = "body") -> str:
        """What a person reads there."""
        return self.one(css).text

    def ask(self, script: str, *arguments: Any) -> Any:
        """The value of a script of the test's own; works also where the page's scripts are switched off."""
        return self.execute_script(script, *arguments)


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except WebDriverException:  # chromedriver names a page that went away in several ways
        return True
    return False


@cache
def _program() -> str:
    for name in ("chromium", "chromium-headless-shell"):
        try:
            return find_program(name)
        except MissingComponent:
            continue
    raise MissingComponent("there is no Chromium", mend="run ./campbox test browser as root: it installs one")


@contextmanager
def chromium(
    *, size: tuple[int, int] = PHONE, scripts: bool = True, languages: str = "en", sharpness: float = 1
) -> Iterator[Browser]:
    """A browser whose page is exactly ``size`` CSS pixels and which prefers ``languages`` (as in Accept-Language).

    ``sharpness``: pixels of the screen for one CSS pixel.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = _program()
    for option in _OPTIONS:
        options.add_argument(option)
    width, height = size
    metrics = {"width": width, "height": height, "pixelRatio": sharpness, "touch": False, "mobile": width < 600}
    options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    environment = {**os.environ, "SE_AVOID_STATS": "true", "SE_OFFLINE": "true"}
    browser = Browser(options=options, service=Service(find_program("chromedriver"), env=environment))
    browser.set_page_load_timeout(PATIENCE)
    browser.set_script_timeout(PATIENCE)
    # By the debugging protocol, not by preferences: Chromium's headless shell has none.
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    agent = browser.execute_cdp_cmd("Browser.getVersion", {})["userAgent"]
    browser.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": languages})
    try:
        yield browser
    finally:
        browser.quit()


@dataclass(frozen=True)
class Weight:
    """What one page cost: requests on the wire, bytes of their answers with heads, elements of the page."""

    requests: tuple[str, ...]
    size: int
    elements: int


def weigh(browser: Browser, url: str) -> Weight:
    """Open ``url`` as a phone does that was never here, and count."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get_log("performance")  # type: ignore[no-untyped-call]
    browser.go(url)
    return weight(browser)


def weight(browser: Browser) -> Weight:
    """What the page that is open asked for, if this was last said before it."""
    asked, size = list[str](), 0
    for entry in browser.get_log("performance"):  # type: ignore[no-untyped-call]
        if '"Network.requestWillBeSent"' not in entry["message"] and '"Network.loadingFinished"' not in entry["message"]:
            continue
        message = json.loads(entry["message"])["message"]
        if message["params"].get("type") == "Document" and "redirectResponse" not in message["params"]:
            asked, size = list[str](), 0  # another page begins
        if message["method"] == "Network.requestWillBeSent" and message["params"]["request"]["url"].startswith("http"):
            asked.append(message["params"]["request"]["url"])
        elif message["method"] == "Network.loadingFinished":
            size += int(message["params"]["encodedDataLength"])
    return Weight(tuple(asked), size, browser.ask("return document.querySelectorAll('*').length"))


def sticking_out(browser: Browser) -> list[str]:
    """What makes the page scroll sideways: empty where it does not."""
    found: list[str] = browser.ask(
        """
        const page = document.documentElement, width = page.clientWidth;
        if (page.scrollWidth <= width && document.body.scrollWidth <= width) return [];
        return [...document.body.querySelectorAll('*')].filter(e => {
          const box = e.getBoundingClientRect();
          return box.width && (box.right > width + 1 || box.left < -1) && getComputedStyle(e).position != 'absolute';
        }).slice(-4).map(e => e.tagName + '.' + e.className + ' ' + (e.textContent || '').trim().slice(0, 40))
          .concat(['the page is ' + page.scrollWidth + ' wide']);
        """
    )
    return found


def audit(browser: Browser, *rules: str) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA on the page that is open, or against ``rules`` alone; one line a fault."""
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _WCAG_2_2_AA}
    if not browser.ask("return !!window.axe"):
        browser.execute_script(_axe())
    violations = browser.execute_async_script(
        """
        const done = arguments[1];
        axe.run(document, {
          runOnly: arguments[0], rules: arguments[0].type == 'tag' ? {'target-size': {enabled: true}} : {},
          resultTypes: ['violations'], preload: false,
        }).then(result => done(result.violations), error => done([{id: 'axe itself: ' + error, nodes: []}]));
        """,
        only,
    )
    return [f"{v['id']}: {' '.join(str(node['target']) for node in v['nodes'][:3])} {v.get('help', '')}" for v in violations]


def keep_axe(browser: Browser) -> None:
    """Have every page bring axe-core from now on: handing over its 600 kB for each costs more than what it then does."""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _axe()})


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def complaints(browser: Browser) -> list[str]:
    """What the browser itself found wrong: blocked by policy, not found, script errors."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]
