"""Days and lists in the reader's language, and only in that."""

from __future__ import annotations

import pytest
from babel import Locale
from flask.testing import FlaskClient

from appliance.web.languages import BY_TAG
from content_cache.words import date, day, listing
from tests.content_cache.site import client

LAST = ["ar", "fa-AF", "fa", "ps", "ckb", "ku", "ur", "so", "ti", "fr", "en", "uk"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return client(tmp_path_factory.mktemp("box"), None)


def _said(browser: FlaskClient, tag: str) -> tuple[str, str, str]:
    with browser.application.test_request_context(f"/{tag}/services"):
        browser.application.preprocess_request()
        return day(0), date("2026-11-21"), str(listing(["1", "2"]))


def test_no_language_names_the_days_of_another_whichever_was_asked_first(browser: FlaskClient) -> None:
    for order in (LAST, LAST[::-1]):
        mondays = {tag: _said(browser, tag)[0] for tag in order}
        for tag, monday in mondays.items():
            assert monday == Locale.parse(BY_TAG[tag].locale).days["format"]["wide"][0]
        assert len(set(mondays.values())) >= len(mondays) - 2, mondays  # Dari, Persian and Urdu may share one
        assert (mondays["fr"], mondays["uk"], mondays["so"]) == ("lundi", "понеділок", "Isniin")


@pytest.mark.parametrize(("tag", "comma"), [("ur", "،"), ("ckb", "،"), ("ti", "፣"), ("ku", ","), ("uk", ",")])
def test_a_list_has_the_comma_of_its_script(browser: FlaskClient, tag: str, comma: str) -> None:
    assert _said(browser, tag)[2] == f"1{comma} 2"


@pytest.mark.parametrize("tag", LAST)
def test_dates_have_ascii_digits_and_their_own_month(browser: FlaskClient, tag: str) -> None:
    text = _said(browser, tag)[1]
    assert text.startswith("21 ") and text.endswith(" 2026") and text.isascii() is (tag in ("en", "fr", "ku", "so"))


def test_this_list_is_the_table() -> None:
    assert set(LAST) == set(BY_TAG)
