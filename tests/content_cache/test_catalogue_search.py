"""Search is bounded in time and in how often, keeps nothing of what is asked, and counts what it could not answer."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.layout import Layout
from content_cache import pages, unanswered
from content_cache.catalogue_builder import build
from content_cache.catalogue_search import KEPT, Asked, Search
from content_cache.catalogue_store import Store
from tests.content_cache.data import catalogue, many, service
from tests.content_cache.site import client


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    build(tmp_path / "c.sqlite", many(300), 1, "aa")
    return sqlite3.connect(tmp_path / "c.sqlite")


def test_a_query_that_takes_too_long_is_cut_off_and_says_so(connection: sqlite3.Connection) -> None:
    answer = Search(deadline=-1.0).find(connection, 1, Asked("clinic", "en"))
    assert answer.cut and answer.total == len(answer.positions)
    assert not Search().find(connection, 1, Asked("clinic", "en")).cut


def test_a_query_that_found_nothing_in_time_is_not_called_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search.__init__, "__defaults__", (-1.0,))
    assert client(tmp_path, many(300)).get("/en/services/search?q=clinic").status_code == 503


def test_no_search_asks_the_same_twice(connection: sqlite3.Connection) -> None:
    """A word without a meaning of its own makes some of the ways to look for it alike."""
    asked = list[str]()
    connection.set_trace_callback(lambda sql: asked.append(sql) if "order by bm25" in sql else None)
    Search().find(connection, 1, Asked("aid", "en"))
    assert len(asked) > 1 and len(set(asked)) == len(asked)


def test_answers_are_kept_but_not_the_questions(connection: sqlite3.Connection) -> None:
    search = Search()
    first = search.find(connection, 1, Asked("secretword clinic", "en"))
    connection.close()
    assert search.find(connection, 1, Asked("SECRETWORD  clinic!", "en")) is first
    assert "secretword" not in repr(vars(search))
    with pytest.raises(sqlite3.ProgrammingError):
        search.find(connection, 2, Asked("secretword clinic", "en"))


def test_the_cache_is_bounded(connection: sqlite3.Connection) -> None:
    search = Search()
    for n in range(KEPT + 20):
        search.find(connection, 1, Asked(f"x{n}", "en"))
    assert len(search._kept) == KEPT


def test_names_in_the_readers_language_come_first(tmp_path: Path) -> None:
    both = catalogue(service("a", "Coin", arabic="مال"), service("b", "Zero", arabic="كوين"), service("c", "Coins du camp"))
    build(tmp_path / "c.sqlite", both, 1, "aa")
    store = Store(tmp_path / "c.sqlite")
    assert [one.document["name"] for one in store.search("coin", 0, 3, tag="en")[1]][0] == "Coin"


def test_parts_of_names_are_found_when_nothing_else_is(tmp_path: Path) -> None:
    build(tmp_path / "c.sqlite", catalogue(service("a", "Familienberatungsstelle"), service("b", "School")), 1, "aa")
    total, found = Store(tmp_path / "c.sqlite").search("beratung", 0, 5)
    assert total == 1 and found[0].document["name"] == "Familienberatungsstelle"


@pytest.fixture
def browser(tmp_path: Path) -> FlaskClient:
    return client(tmp_path, many(3))


def test_a_device_that_asks_too_often_waits_and_others_do_not(browser: FlaskClient) -> None:
    def ask(device: str, address: str = "/en/services/search?q=clinic") -> int:
        return browser.get(address, headers={"X-Real-IP": device}).status_code

    assert [ask("10.0.0.1") for _ in range(pages.SEARCHES)] == [200] * pages.SEARCHES
    assert ask("10.0.0.1") == 429 and ask("10.0.0.1", "/hsds/services?search=clinic") == 429
    assert ask("10.0.0.2") == 200 and ask("10.0.0.1", "/en/services/need/health") == 200


def test_a_search_leads_to_the_need_it_speaks_of(browser: FlaskClient) -> None:
    page = browser.get("/en/services/search?q=doctor").get_data(as_text=True)
    assert 'class="chip" href="/en/services/need/health"' in page


def test_what_was_not_found_is_counted_by_need_and_never_by_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "EVERY", -1.0)
    browser = client(tmp_path, many(3))
    for query in ("lawyer", "secretword", "xqzzy", "clinic", ""):
        browser.get(f"/en/services/search?q={query}")
    written = Layout.under(tmp_path, tmp_path).facts("catalogue").read_text()
    assert json.loads(written) == {"unanswered": {"legal-help": 1, "other": 2}} and "secret" not in written
