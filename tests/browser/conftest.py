"""Browsers for the tests, and the camp they look at."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chromium import DESK, SMALL_PHONE, Browser, chromium


@pytest.fixture(scope="session")
def portal(camp: dict[str, Any]) -> str:
    """The box's address for this machine's browser, without a slash at its end."""
    return str(camp["portal_url"]).rstrip("/")


@pytest.fixture(scope="session")
def hub(camp: dict[str, Any]) -> str:
    """The dashboard's address, without a slash at its end."""
    return str(camp["hub_url"]).rstrip("/")


@pytest.fixture(scope="session")
def status(portal: str) -> dict[str, Any]:
    """What the box says about itself: site, languages, whether its content is a sample."""
    with urllib.request.urlopen(f"{portal}/status.json", timeout=20) as answer:
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
