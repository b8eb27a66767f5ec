"""The store: whole or not at all, found in every language, noticed by readers when it changes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from appliance.errors import NotSo
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import Store
from content_cache.needs import stable_id
from tests.content_cache.data import catalogue, many, service

MIXED = catalogue(
    service("a", "Night clinic", arabic="العيادة الليلية", description="A nurse is there."),
    service("b", "Primary school", need="education", arabic="مدرسة ابتدائية"),
    service("c", "Water point", need="water-sanitation"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    build(tmp_path / "c.sqlite", MIXED, 3, "aa")
    return Store(tmp_path / "c.sqlite")


def test_it_says_what_it_holds(store: Store) -> None:
    about = store.about()
    assert about is not None and (about.serial, about.sha256, about.services) == (3, "aa", 3)
    assert about.header["timezone"] == "Asia/Amman"
    assert store.counts_by_need() == {"health": 1, "water-sanitation": 1, "education": 1}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("night", "Night clinic"), ("العيادة", "Night clinic"), ("عياده ليليه", "Night clinic"), ("مدرسه", "Primary school"),
        ("nurse", "Night clinic"), ("schoo", "Primary school"), ("doctor", "Night clinic"), ("médecin", "Night clinic"),
        ("ماء", "Water point"), ("Test Aid water", "Water point"),
    ],
)  # fmt: skip
def test_search_finds_in_all_languages_at_once(store: Store, query: str, first: str) -> None:
    total, found = store.search(query, 0, 5)
    assert total and found[0].document["name"] == first


def test_where_nothing_holds_all_words_any_word_counts(store: Store) -> None:
    assert store.search("night xyzzy", 0, 5)[0] == 1
    assert store.search("xyzzy", 0, 5) == (0, [])


def test_pages_of_a_list_are_whole(tmp_path: Path) -> None:
    build(tmp_path / "c.sqlite", many(45), 1, "aa")
    store = Store(tmp_path / "c.sqlite")
    seen = [one.id for offset in (0, 20, 40) for one in store.of_need("health", offset, 20)[1]]
    assert len(seen) == len(set(seen)) == store.of_need("health", 0, 20)[0] == 45
    assert len({one.id for offset in (0, 20, 40) for one in store.search("clinic", offset, 20)[1]}) == 45


def test_a_need_counts_as_many_as_its_pages_show_also_among_those_that_are_open_and_in_a_new_catalogue(tmp_path: Path) -> None:
    """How many there are is counted once a catalogue, not once a page."""
    store = Store(tmp_path / "c.sqlite")
    for serial, made in ((1, many(45)), (2, MIXED), (3, many(7))):
        build(tmp_path / "c.sqlite", made, serial, "aa")
        for among in (None, frozenset({1}), frozenset({1, 2, 3}), frozenset[int]()):
            for need in ("health", "education", "cash"):
                total, found = store.of_need(need, 0, 100, among)
                assert total == len(found) == store.counts_by_need(among).get(need, 0)


def test_what_lists_read_stands_before_the_long_texts(store: Store) -> None:
    """SQLite section 1.6 of its file format: to a column behind a long one leads only the chain of pages that holds that one."""
    columns = [name for _, name, *_ in store.ask("pragma table_info(service)")]
    short = max(columns.index(name) for name in ("id", "timetable", "short", "short_texts"))
    assert short < min(columns.index(name) for name in ("listed", "document", "texts"))


def test_readers_notice_a_new_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    store = Store(path)
    assert store.about() is None and store.search("clinic", 0, 5) == (0, []) and store.counts_by_need() == {}
    build(path, many(2), 1, "aa")
    assert store.counts_by_need() == {"health": 2}
    build(path, many(5), 2, "bb")
    assert store.counts_by_need() == {"health": 5}


@pytest.mark.parametrize("junk", [b"", b"not a database at all", b"SQLite format 3\0" + b"\0" * 4096])
def test_a_broken_file_is_no_catalogue(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "c.sqlite").write_bytes(junk)
    assert Store(tmp_path / "c.sqlite").about() is None


def test_a_file_damaged_in_the_middle_is_no_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    build(path, many(300), 1, "aa")
    content = bytearray(path.read_bytes())
    content[8192:-8192] = b"\xa5" * (len(content) - 16384)
    path.write_bytes(bytes(content))
    store = Store(path)
    assert store.of_need("health", 0, 20) == (0, []) and store.search("clinic", 0, 5) == (0, [])
    assert store.about() is None


def test_a_file_of_another_schema_is_no_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    build(path, many(1), 1, "aa")
    connection = sqlite3.connect(path)
    connection.execute("update about set schema = 99")
    connection.commit()
    connection.close()
    assert Store(path).about() is None


def test_a_failure_on_the_way_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.sqlite"
    build(path, many(2), 1, "aa")

    def full(_path: object, _to: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NotSo, match=r"c\.sqlite: cannot write: No space left on device"):
        build(path, many(5), 2, "bb")
    about = Store(path).about()
    assert about is not None and about.serial == 1 and os.listdir(tmp_path) == ["c.sqlite"]


def test_a_service_is_found_by_its_id_alone(store: Store) -> None:
    found = store.service(stable_id("service", "a"))
    assert found is not None and found.needs == ("health",)
    assert found.document["organization"]["name"] == "Test Aid"
    assert store.service("' or 1=1 --") is None


@pytest.mark.parametrize("header", ["'{'", "'[]'", "'{}'", "'5'", "NULL", "x'ff'", "CAST(x'22ff' AS TEXT)", "'{\"sample\": 1}'"])
def test_r5_a_catalogue_that_says_nothing_of_itself_is_none_and_is_built_anew(store: Store, header: str) -> None:
    with sqlite3.connect(store.path) as db:
        db.execute(f"UPDATE about SET header = {header}")
    db.close()
    assert Store(store.path).about() is None  # as sync asks: it restores what is beside
    assert Store(store.path).of_need("health", 0, 10) == (0, [])
    build(store.path, MIXED, 3, "aa")
    assert store.about() is not None


@pytest.mark.parametrize("schema", ["CAST(x'ff' AS TEXT)", "NULL", "'three'", "3.5", "9e999"])
def test_r1_another_schema_is_no_catalogue_and_the_file_stays(store: Store, schema: str) -> None:
    with sqlite3.connect(store.path) as db:
        db.execute(f"UPDATE about SET schema = {schema}")
    db.close()
    before = store.path.read_bytes()
    assert Store(store.path).about() is None
    assert store.path.read_bytes() == before
