"""Search is bounded in time and in how often, keeps nothing of what is asked, and counts what it could not answer."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from appliance.layout import Layout
from content_cache import catalogue_search, pages, unanswered
from content_cache.catalogue_builder import build
from content_cache.catalogue_search import KEPT, Asked, Search
from content_cache.catalogue_store import Store
from tests.content_cache.data import catalogue, many, service
from tests.content_cache.site import client


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three hundred services: made once, nobody changes it."""
    path = tmp_path_factory.mktemp("built") / "c.sqlite"
    build(path, many(300), 1, "aa")
    return path


@pytest.fixture
def connection(built: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{built}?mode=ro", uri=True)


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


def test_search_answers_cut_by_the_deadline_are_not_cached(connection: sqlite3.Connection) -> None:
    """What was found by chance until then would be the answer for everybody, also when there is time again."""
    search = Search(deadline=-1.0)
    assert search.find(connection, 1, Asked("clinic", "en")).cut and not search._kept
    search.deadline = 30.0
    again = search.find(connection, 1, Asked("clinic", "en"))
    assert not again.cut and again.total == 200 and search.find(connection, 1, Asked("clinic", "en")) is again


def test_an_answer_is_kept_for_its_question_alone(connection: sqlite3.Connection) -> None:
    """By the words, the language, how many are wanted and counted, and the catalogue's generation."""
    search = Search(deadline=30.0)
    asked = [
        search.find(connection, generation, one)
        for generation, one in [
            (1, Asked("clinic", "en")), (2, Asked("clinic", "en")), (1, Asked("clinic", "ar")),
            (1, Asked("clinic", "en", wanted=3)), (1, Asked("clinic", "en", wanted=3, most=9)), (1, Asked("clinics", "en")),
        ]
    ]  # fmt: skip
    assert len(search._kept) == 6 and len({id(one) for one in asked}) == 6
    assert [len(one.positions) for one in asked[:4]] == [20, 20, 20, 3] and [one.total for one in asked[2:5]] == [200, 200, 9]


def test_no_one_else_can_read_back_what_was_asked(connection: sqlite3.Connection) -> None:
    """Keyed by a secret of the process: the same question has another digest in every process."""
    one, other = Search(deadline=30.0), Search(deadline=30.0)
    for search in (one, other):
        search.find(connection, 1, Asked("clinic", "en"))
    assert one._kept.keys() != other._kept.keys() and all(len(key) == 16 for key in one._kept)


def test_what_was_asked_last_is_forgotten_last(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_search, "KEPT", 3)
    search = Search(deadline=30.0)
    first, second, _ = [search.find(connection, 1, Asked(f"x{n}", "en")) for n in range(3)]
    assert search.find(connection, 1, Asked("x0", "en")) is first
    search.find(connection, 1, Asked("new", "en"))
    assert search.find(connection, 1, Asked("x0", "en")) is first and len(search._kept) == 3
    assert search.find(connection, 1, Asked("x1", "en")) is not second


def test_an_error_that_is_not_the_deadline_is_an_error() -> None:
    other = sqlite3.connect(":memory:")
    other.execute("create table search_language (tag, field)")
    with pytest.raises(sqlite3.OperationalError, match="found"):
        Search(deadline=30.0).find(other, 1, Asked("clinic", "en"))


def test_a_thread_may_work_on_after_a_query_that_was_cut(connection: sqlite3.Connection) -> None:
    """The clock is taken off the connection, or the next thing that is read there would be broken off."""
    assert Search(deadline=-1.0).find(connection, 1, Asked("clinic", "en")).cut
    assert connection.execute("with recursive n(x) as (select 1 union all select x + 1 from n limit 20000) select sum(x) from n")


def answered(tmp_path: Path, query: str, *names: str) -> list[str]:
    """The names of what is found, the best first."""
    kept = catalogue(*(service(str(n), name) for n, name in enumerate(names)))
    build(tmp_path / "names.sqlite", kept, 1, "aa")
    total, found = Store(tmp_path / "names.sqlite").search(query, 0, 20)
    assert total == len(found)
    return [one.document["name"] for one in found]


@pytest.mark.parametrize(
    ("query", "names", "found"),
    [
        ("qwartz", ("Quartz", "School"), ["Quartz"]),  # one mistake
        ("kerozyn", ("Kerosene", "School"), []),  # three
        ("kerosyn", ("Kerosene", "School"), ["Kerosene"]),  # two in a long word
        ("bakxx", ("Bakri", "School"), []),  # two in a short one
        ("bax", ("Bay", "School"), []),  # one in one that is too short
        ("lambq", ("Lambs", "Lambent"), ["Lambs"]),  # the nearest alone
        ("zzkerosyn school", ("Kerosene", "School"), ["School"]),  # one word of two
        ("atungs", ("Beratungsstelle", "School"), ["Beratungsstelle"]),  # in the middle of a word
        ("atu", ("Beratungsstelle", "School"), []),  # too little to look for in the middle
        ("atungs stell", ("Beratungsstelle", "Stelle"), ["Stelle"]),
    ],
)
def test_what_may_have_been_meant(tmp_path: Path, query: str, names: tuple[str, ...], found: list[str]) -> None:
    assert answered(tmp_path, query, *names) == found


def test_a_sound_alike_is_nearer_than_two_mistakes(tmp_path: Path) -> None:
    assert answered(tmp_path, "zarka", "Zarqa", "Zamba") == ["Zarqa"]


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
