"""A row of the store that is damaged in an otherwise sound file: the file is no catalogue, on every page, and is built anew."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Unreachable
from appliance.layout import Layout
from content_cache import doors, shelves
from content_cache.catalogue_builder import build
from content_cache.catalogue_file import content_digest
from content_cache.catalogue_records import Records
from content_cache.catalogue_store import FILE, Store
from content_cache.hsds import ENTITIES
from content_cache.needs import stable_id
from content_cache.publish import publisher
from tests.appliance.web.rules import pages
from tests.content_cache import synced
from tests.content_cache.data import PROJECT, catalogue, service
from tests.content_cache.publish.test_open_api import hub, publish
from tests.content_cache.site import client
from tests.content_cache.synced import Box
from tests.content_cache.test_every_page import MACHINES

box, _sources = synced.box, synced.no_network
MIXED = catalogue(service("a", "Night clinic", arabic="العيادة الليلية"), service("b", "Primary school", need="education"))
CLINIC, PLACE, AID = stable_id("service", "a"), stable_id("location", "a"), stable_id("organization", "o")
COLUMNS = (
    "record.body", "service.short", "service.short_texts", "service.listed", "service.document", "service.texts", "timetable.body",
)  # fmt: skip
DAMAGE = {
    "cut off": "'{'", "another value": "5", "text": "'\"x\"'", "nothing": "NULL", "bytes": "x'ff00'",
    "no UTF-8": "CAST(x'7b22ff227d' AS TEXT)",
    "two for one": "'{},{}'", "deep": "printf('%.*c', 100000, '[')",
}  # fmt: skip


VALUES = {
    "slug": ["health"], "/<lang>/services/step/<slug> slug": ["arriving"], "kind": ["job"], "code": ["ar"], "id": [CLINIC],
    "/<lang>/services/place/<uuid:id> id": [PLACE],
}  # fmt: skip
MACHINES_ASKED = (
    "/hsds/services", "/hsds/services?full=true", "/hsds/services?search=clinic", f"/hsds/services/{CLINIC}",
    "/hsds/organizations", "/hsds/organizations?full_service=true", f"/hsds/organizations/{AID}?full_service=true",
    "/hsds/service_at_locations", "/hsds/taxonomies", "/hsds/taxonomy_terms", "/hsds/catalogue.json", "/hsds/catalogue.zip",
    "/hsds/catalogue.hxl.csv",
)  # fmt: skip
OTHER = {
    "no keys": "'{}'", "another key": "replace({0}, '\"id\"', '\"ie\"')",
    "other kinds": "replace({0}, '\"name\": ', '\"name\": 5, \"was\": ')", "a letter": "replace({0}, 'linic', 'lanic')",
}  # fmt: skip
"""What one bit or one bad writer makes of a row: still JSON, and of its kind."""


def damage(path: Path, column: str, value: str, rows: str = "1") -> None:
    table, _, name = column.partition(".")
    with closing(sqlite3.connect(path)) as db, db:
        assert db.execute(f"UPDATE {table} SET {name} = {value} WHERE {rows}").rowcount


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / FILE
    build(path, MIXED, 3, "aa")
    return path


QUESTIONS: dict[str, Callable[[Store], Any]] = {
    "timetables": lambda store: store.timetables(),
    "of_need": lambda store: store.of_need("health", 0, 20),
    "chosen": lambda store: store.chosen([1, 2]),
    "bodies": lambda store: store.bodies("location"),
    "documents": lambda store: store.documents([""]),
    "search": lambda store: store.search("clinic", 0, 20),
    "search_listed": lambda store: store.search_listed("clinic", 0, 20),
    "service": lambda store: [one for one in [store.service(CLINIC)] if one],
    "listed": lambda store: store.listed("1", (), 0, 20),
    "records": lambda store: store.records("organization", 0, 20),
    "page": lambda store: Records(store).page("organization", "1", (), 0, 20),
    "page with its services": lambda store: Records(store).page("service_at_location", "1", (), 0, 20),
    "full": lambda store: Records(store).full("organization", [AID]),
    "every": lambda store: [one for entity in ENTITIES for one in Records(store).every(entity)],
    "services": lambda store: list(Records(store).services()),
    "shelf": lambda store: list(shelves.Shelves(store).shelf().spots),
}
NOTHING: tuple[Any, ...] = ([], {}, (0, []))


@pytest.mark.parametrize("value", DAMAGE.values(), ids=DAMAGE)
def test_no_question_fails_and_whichever_meets_the_damage_has_no_catalogue(tmp_path: Path, sound: Path, value: str) -> None:
    path = tmp_path / FILE
    for column in COLUMNS:
        shutil.copy(sound, path)
        damage(path, column, value)
        met = set[str]()
        for name, question in QUESTIONS.items():
            store = Store(path)
            found = question(store)
            if store.about() is None:
                met.add(name)
                assert found in NOTHING and question(store) in NOTHING, f"{name} gives a part of what is damaged in {column}"
        assert met, f"nobody reads {column}"
        # Where records are asked for by what they point to, SQLite itself looks into their bodies.
        assert column != "record.body" or {"full", "page", "every"} <= met


def test_every_question_meets_what_it_reads(sound: Path) -> None:
    for name, question in QUESTIONS.items():
        store = Store(sound)
        assert question(store) not in NOTHING or name == "documents", name
        assert store.about() is not None


@pytest.mark.parametrize("changed", ["serial = 'three'", "sha256 = NULL", "services = x'ff'", "header = '{'"])
def test_a_catalogue_that_says_nonsense_of_itself_is_none(tmp_path: Path, sound: Path, changed: str) -> None:
    path = Path(shutil.copy(sound, tmp_path / FILE))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE about SET {changed}")
    store = Store(path)
    assert store.about() is None and store.about() is None and store.of_need("health", 0, 20) == (0, [])


def test_the_whole_is_whole_and_with_any_damage_it_is_not(tmp_path: Path, sound: Path) -> None:
    assert Store(sound).is_whole() and not Store(tmp_path / FILE).is_whole()
    for column in COLUMNS:
        for value in DAMAGE.values():
            path = Path(shutil.copy(sound, tmp_path / FILE))
            damage(path, column, value, f"rowid = (SELECT max(rowid) FROM {column.partition('.')[0]})")
            store = Store(path)
            assert store.about() is not None and not store.is_whole() and store.about() is None, (column, value)


def test_no_page_and_no_program_is_answered_by_a_fault(tmp_path: Path, sound: Path) -> None:
    browser = client(tmp_path, MIXED)
    path = next(tmp_path.rglob(FILE))
    addresses = [*pages(browser.application, "en", VALUES, MACHINES), "/en/services/search?q=clinic", *MACHINES_ASKED]
    for column in COLUMNS:
        build(path, MIXED, 1, column)
        damage(path, column, "'{'")
        for address in addresses:
            answer = browser.get(address)
            assert answer.status_code != 500, f"{address} with damage in {column}"


@pytest.mark.parametrize("value", OTHER.values(), ids=OTHER)
def test_r5_a_row_that_lost_its_form_fails_no_page_and_is_found_by_the_look_at_the_whole(tmp_path: Path, value: str) -> None:
    browser = client(tmp_path, MIXED)
    path = next(tmp_path.rglob(FILE))
    addresses = ["/en/services/need/health", f"/en/services/{CLINIC}", "/en/services/search?q=clinic", *MACHINES_ASKED]
    for column in (name for name in COLUMNS if name != "timetable.body"):
        build(path, MIXED, 1, column)
        assert Store(path).is_whole()
        damage(path, column, value.format(column.partition(".")[2]), "rowid = 1")
        for address in addresses:
            assert browser.get(address).status_code != 500, f"{address} with another {column}"
        with closing(sqlite3.connect(path)) as db:
            changed = db.execute("select content from about").fetchone()[0] != content_digest(db.execute)
        assert Store(path).is_whole() is not changed


def test_r5_every_address_is_asked_with_rows_without_keys(tmp_path: Path) -> None:
    browser = client(tmp_path, MIXED)
    path = next(tmp_path.rglob(FILE))
    for column in COLUMNS:
        build(path, MIXED, 1, column)
        damage(path, column, "'[[{}]]'" if column == "timetable.body" else "'{}'")
        for address in (*pages(browser.application, "en", VALUES, MACHINES), *MACHINES_ASKED):
            assert browser.get(address).status_code != 500, f"{address} with nothing in {column}"


def test_an_answer_that_fails_over_a_whole_catalogue_is_a_fault_and_the_whole_is_read_for_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client(tmp_path, MIXED)
    looks = list[int]()
    whole = Store.is_whole
    monkeypatch.setattr(Store, "is_whole", lambda store: looks.append(1) or whole(store))
    monkeypatch.setattr(Store, "of_need", lambda *_: 1 // 0)
    assert [browser.get("/en/services/need/health").status_code for _ in range(3)] == [500] * 3
    assert len(looks) == 1
    assert browser.get(f"/en/services/{CLINIC}").status_code == 200, "and the catalogue stays"


def test_a_download_is_whole_or_not_there(tmp_path: Path) -> None:
    browser = client(tmp_path, MIXED)
    path = next(tmp_path.rglob(FILE))
    damage(path, "record.body", "'{'", "entity = 'service_at_location'")
    assert [browser.get(f"/hsds/catalogue.{kind}").status_code for kind in ("json", "zip")] == [503, 404]
    assert list((path.parent / "downloads").iterdir()) == []
    build(path, MIXED, 2, "bb")
    assert browser.get("/hsds/catalogue.json").get_json()["service_at_location"]


def test_what_was_read_in_part_is_not_kept_for_the_next_thread(tmp_path: Path, sound: Path) -> None:
    path = Path(shutil.copy(sound, tmp_path / FILE))
    damage(path, "record.body", "'{'", "entity = 'language' or entity = 'location'")
    damage(path, "timetable.body", "'['")
    store = Store(path)
    shelf, opened = shelves.Shelves(store), doors.Doors(store)
    before = store.generation()
    assert shelf.shelf() == shelves.Shelf() and shelf._read[0] != before
    store = opened._store = Store(path)
    opened.open(datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC))
    assert opened._read[0] != before and store.about() is None


@pytest.mark.parametrize("rows", ["entity = 'organization'", "1"])
@pytest.mark.parametrize("value", ["'{'", "'{}'"])
def test_sync_builds_anew_what_is_damaged_without_a_line(box: Box, value: str, rows: str) -> None:
    damage(box.folder / FILE, "record.body", value, rows)
    box.hub.problem = Unreachable("the hub does not answer")  # type: ignore[assignment]
    told = box.sync()
    assert (told["state"], told["services"]) == ("offline", 10) and box.hub.fetched == ["full"]
    assert Store(box.folder / FILE).is_whole()


def test_sync_fetches_again_what_is_damaged_where_nothing_is_beside_it(box: Box) -> None:
    path = box.folder / FILE
    next(box.folder.glob("base.*")).unlink()
    content = bytearray(path.read_bytes())
    content[8192:-8192] = b"\xa5" * (len(content) - 16384)
    path.write_bytes(bytes(content))
    assert box.sync()["state"] == "updated" and box.hub.fetched == ["full", "full"]
    assert Store(path).is_whole()


def test_the_hub_builds_its_own_anew_from_what_is_published(tmp_path: Path) -> None:
    layout = Layout.under(tmp_path, PROJECT)
    browser = hub(layout)
    publish(layout, 3)
    assert browser.get("/hsds/organizations").get_json()["total_items"] == 1
    path = publisher.Place.of(layout).folder / "open" / FILE
    damage(path, "record.body", "'{'")
    assert browser.get("/hsds/organizations").get_json()["total_items"] == 0
    assert browser.get("/hsds/organizations").get_json()["total_items"] == 1
    damage(path, "service.listed", "'{}'")
    assert browser.get("/hsds/services").get_json()["total_items"] == 0
    assert all(one["name"] for one in browser.get("/hsds/services").get_json()["contents"])
    damage(path, "record.body", """'{"id": ["x"]}'""", "entity = 'location'")
    assert browser.get("/hsds/service_at_locations").get_json()["total_items"] == 3, "asked again, of one that was built anew"
    assert Store(path).is_whole()
    assert hub(layout).get("/hsds/services").get_json()["total_items"] == 3
