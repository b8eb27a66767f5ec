"""Browsers for the tests, and the camp they look at."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.web.languages import BY_TAG
from provisioning.lab.commands import DEFAULT_SITE
from provisioning.lab.pace import patient
from tests.browser.chromium import DESK, SMALL_PHONE, Browser, chromium
from tests.real.running_camp import RunningCamp


@pytest.fixture(scope="session")
def state(the_camp: RunningCamp) -> dict[str, Any]:
    """The state file of a camp in every language there is, with the invented sample (whose texts are there in four of them)."""
    site = the_camp.folder / "sample-site.toml"
    text = DEFAULT_SITE.read_text(encoding="utf-8").replace("sample = false", "sample = true")
    text = re.sub(r"(?m)^languages = \[.*?\]", f"languages = {json.dumps(list(BY_TAG))}", text)
    site.write_text(text, encoding="utf-8")
    the_camp.ensure("--config", str(site))
    return the_camp.state


@pytest.fixture(scope="session")
def portal(state: dict[str, Any]) -> str:
    """The box's address for this machine's browser, without a slash at its end."""
    return str(state["portal_url"]).rstrip("/")


@pytest.fixture(scope="session")
def hub(state: dict[str, Any]) -> str:
    """The dashboard's address, without a slash at its end."""
    return str(state["hub_url"]).rstrip("/")


@pytest.fixture(scope="session")
def status(portal: str) -> dict[str, Any]:
    """What the box says about itself: site, languages, whether its content is a sample."""
    with urllib.request.urlopen(f"{portal}/status.json", timeout=patient(60)) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


@pytest.fixture(scope="module")
def phone() -> Iterator[Browser]:
    """A phone of 360 x 640, scripts on."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def small_phone() -> Iterator[Browser]:
    """A phone of 320 x 568, scripts on (so that the tests can measure; the pages have none)."""
    with chromium(size=SMALL_PHONE) as browser:
        yield browser


@pytest.fixture(scope="module")
def desk() -> Iterator[Browser]:
    """An operator's screen."""
    with chromium(size=DESK) as browser:
        yield browser
