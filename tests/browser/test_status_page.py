"""The page for technicians: every line of the self-test, readable on a small phone in any of the site's languages."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Browser, audit, complaints, sticking_out

pytestmark = pytest.mark.browser


def test_the_status_page_is_readable_quiet_and_narrow(small_phone: Browser, portal: str) -> None:
    small_phone.go(f"{portal}/status")
    said = complaints(small_phone)
    assert "Self-test" in small_phone.words() and said == []
    assert sticking_out(small_phone) == []
    assert audit(small_phone) == []
    assert small_phone.some("script") == []
