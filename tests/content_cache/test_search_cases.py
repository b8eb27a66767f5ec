"""Search quality: a table of queries with the results people should see first, judged as a whole."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from content_cache.catalogue_builder import build
from content_cache.catalogue_store import Store
from content_cache.needs import stable_id
from content_cache.publish.publisher import SAMPLE
from tests.content_cache.data import catalogue, real, service
from tests.content_cache.search_corpus import MORE, fixed, jordan

CASES = tomllib.loads((Path(__file__).parent / "search_cases.toml").read_text(encoding="utf-8"))
RIGHT = 0.95


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("search") / "c.sqlite"
    build(path, fixed(), 1, "aa")
    return Store(path)


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    sample = [one["id"] for one in json.loads(SAMPLE.read_text(encoding="utf-8"))["services"]]
    return {stable_id("service", "sample", key): key for key in [*sample, *(row[0] for row in MORE)]}


def right(got: list[str], expected: list[str]) -> bool:
    return bool(got) and got[0] in expected[0].split("|") and set(expected[1:]) <= set(got)


def test_at_least_95_of_100_queries_show_first_what_people_look_for(corpus: Store, keys: dict[str, str]) -> None:
    wrong = list[Any]()
    for tag, query, expected in CASES["fixed"]:
        got = [keys[one.id] for one in corpus.search(query, 0, 3, tag=tag)[1]]
        if not right(got, expected):
            wrong.append((tag, query, expected, got))
    assert len(wrong) <= (1 - RIGHT) * len(CASES["fixed"]), wrong


def test_the_table_is_large_enough_and_in_six_languages(keys: dict[str, str]) -> None:
    assert len(CASES["fixed"]) >= 120 and {case[0] for case in CASES["fixed"]} == {"en", "ar", "fa-AF", "fr", "ti", "uk"}
    assert {key for case in CASES["fixed"] for one in case[2] for key in one.split("|")} <= set(keys.values())


def test_the_judge_can_say_no() -> None:
    assert right(["a", "b", "c"], ["x|a", "c"])
    assert not right(["b", "a"], ["a"]) and not right(["a", "b"], ["a", "c"]) and not right([], ["a"])


def test_real_places_are_found_in_every_spelling(tmp_path: Path) -> None:
    build(tmp_path / "c.sqlite", jordan(real("jordan")), 1, "aa")
    store = Store(tmp_path / "c.sqlite")
    wrong = list[Any]()
    for tag, query, (name, place) in CASES["jordan"]:
        found = [one.document for one in store.search(query, 0, 3, tag=tag)[1]]
        got = [(d["name"], " ".join(t["location"]["name"] for t in d["service_at_locations"])) for d in found]
        if not got or not all(name in one and place in where for one, where in got[:1]) or not any(place in w for _, w in got):
            wrong.append((query, got))
    assert len(wrong) <= (1 - RIGHT) * len(CASES["jordan"]), wrong


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("مُسْتَوْصَف", "مستوصف"),  # vowel marks
        ("أسرّة", "اسره"),  # hamza and its forms
        ("رعاية", "رعايه"),  # teh marbuta
        ("مستشفى", "مستشفي"),  # alef maqsura
        ("مدرســــة", "مدرسة"),  # tatweel
        ("ﻋﻴﺎﺩﺓ", "عيادة"),  # presentation forms
        ("کلينيک مرکزی", "كلينيك مركزي"),  # Farsi and Urdu yeh and kaf
        ("می‌آموزیم", "میآموزیم"),  # zero-width non-joiner
        ("بلوك ١٢", "بلوک ۱۲"),  # Arabic and Persian digits
    ],
)
def test_the_nine_arabic_spelling_variants_find(tmp_path: Path, written: str, typed: str) -> None:
    other = service("b", "Two", arabic="شيء آخر", need="transport")
    build(tmp_path / "c.sqlite", catalogue(service("a", "One", arabic=written, need="transport"), other), 1, "aa")
    store = Store(tmp_path / "c.sqlite")
    for query in (written, typed):
        total, found = store.search(query, 0, 3, tag="ar")
        assert total == 1 and found[0].document["name"] == "One", query
