"""R6: one edition a request, whatever is swapped in meanwhile and however often."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance import clock
from content_cache import catalogue_store
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, Store
from content_cache.needs import stable_id
from content_cache.snapshot import Catalogue
from tests.content_cache import site
from tests.content_cache.data import catalogue, service

PAGES = (
    "/en/services/", "/en/services/need/health", "/en/services/need/health?open=now", "/en/services/search?q=clinic",
    f"/en/services/{stable_id('service', 's3')}", "/en/services/places", "/hsds/services", "/hsds/services?search=clinic",
    "/hsds/services?format=ndjson", "/hsds/services?full=true", "/hsds/organizations?full_service=true", "/hsds/catalogue.json",
    "/hsds/catalogue.hxl.csv",
)  # fmt: skip


def _edition(word: str, count: int) -> Catalogue:
    """Services of the same ids in another order, with a word in every name: rows and texts of two editions do not go together."""
    order = range(count) if word == "old" else reversed(range(count))
    return catalogue(*(service(f"s{n}", f"Clinic {word} {n}", arabic=f"عيادة {word} {n}", description=word) for n in order))


OLD, NEW = _edition("old", 7), _edition("new", 5)


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both as files, built once."""
    folder = tmp_path_factory.mktemp("editions")
    for name, edition, serial in (("old", OLD, 1), ("new", NEW, 2)):
        build(folder / name, edition, serial, name)
    return folder / "old", folder / "new"


def _swap_in(edition: Path, store_path: Path) -> None:
    shutil.copyfile(edition, store_path.with_name("swapped"))
    os.replace(store_path.with_name("swapped"), store_path)


def _swap_at(
    editions: tuple[Path, Path], store_path: Path, monkeypatch: pytest.MonkeyPatch, question: int | None
) -> Callable[[], int]:
    """Swap the file before the question of this number, and before each one after it, to and fro; gives how many were asked."""
    asked, original = [0], Store.ask

    def ask(self: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if question is not None and asked[0] >= question:
            _swap_in(editions[(asked[0] - question + 1) % 2], store_path)
        asked[0] += 1
        return original(self, sql, *values)

    monkeypatch.setattr(Store, "ask", ask)
    return lambda: asked[0]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> tuple[FlaskClient, Path]:
    """A browser before a site, and where its catalogue is."""
    folder = tmp_path_factory.mktemp("site")
    return site.client(folder, OLD), next(folder.rglob(FILE))


@pytest.mark.parametrize("page", PAGES)
def test_r6_a_catalogue_swapped_in_at_any_question_of_a_request_is_not_seen_by_it(
    browser: tuple[FlaskClient, Path], editions: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    client, path = browser
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda *_: moment)  # a page says what time it is, and a minute may end between two looks

    def ask(question: int | None) -> tuple[str, int]:
        _swap_in(editions[0], path)
        for made in path.parent.glob("downloads/*"):
            made.unlink()
        with monkeypatch.context() as patch:
            asked = _swap_at(editions, path, patch, question)
            answer = client.get(page)
            body = answer.get_data(as_text=True)
        assert answer.status_code == 200, body
        return body, asked()

    whole, questions = ask(None)
    assert questions, "a page that asks the catalogue nothing shows nothing here"
    for number in range(questions):
        assert ask(number)[0] == whole, f"swapped before question {number}"


def test_r6_the_next_request_sees_the_new_edition(browser: tuple[FlaskClient, Path], editions: tuple[Path, Path]) -> None:
    client, path = browser
    _swap_in(editions[0], path)
    before = client.get("/en/services/need/health").get_data(as_text=True)
    _swap_in(editions[1], path)
    after = client.get("/en/services/need/health").get_data(as_text=True)
    assert "Clinic old 3" in before and "Clinic new 3" in after and "old" not in after


def test_r6_an_answer_that_is_closed_late_lets_go_of_nothing_newer(tmp_path: Path) -> None:
    build(tmp_path / FILE, OLD, 1, "aa")
    store = Store(tmp_path / FILE)
    first = store.hold()
    second = store.hold()
    store.release(first)
    build(tmp_path / FILE, NEW, 2, "bb")
    about = store.about()
    assert about is not None and about.serial == 1
    store.release(second)
    about = store.about()
    assert about is not None and about.serial == 2


def test_r6_a_file_swapped_while_it_is_opened_is_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path / FILE, OLD, 1, "aa")
    connect, swaps = sqlite3.connect, iter((NEW,))

    def swapped(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        for edition in swaps:
            monkeypatch.setattr(catalogue_store.sqlite3, "connect", connect)
            build(tmp_path / FILE, edition, 2, "bb")
        return connection

    monkeypatch.setattr(catalogue_store.sqlite3, "connect", swapped)
    store = Store(tmp_path / FILE)
    about = store.about()
    assert about is not None and about.serial == 2 and store.generation() is not None


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY])
def test_r6_what_could_not_be_opened_once_is_no_catalogue_only_that_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A thread that once had no descriptor left said "no catalogue" until the next edition."""
    build(tmp_path / FILE, OLD, 1, "aa")
    store, connect = Store(tmp_path / FILE), sqlite3.connect

    def refuses(*_arguments: Any, **_named: Any) -> sqlite3.Connection:
        error = sqlite3.OperationalError("refused")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(catalogue_store.sqlite3, "connect", refuses)
    assert store.about() is None
    monkeypatch.setattr(catalogue_store.sqlite3, "connect", connect)
    about = store.about()
    assert about is not None and about.serial == 1


def test_r6_a_file_that_went_and_came_back_is_a_catalogue_again(tmp_path: Path) -> None:
    build(tmp_path / FILE, OLD, 1, "aa")
    store = Store(tmp_path / FILE)
    assert store.about() is not None
    (tmp_path / FILE).rename(tmp_path / "away")
    assert store.about() is None
    (tmp_path / "away").rename(tmp_path / FILE)
    assert store.about() is not None and store.counts_by_need() == {"health": 7}
