"""Search quality: a table of queries with the results people should see first, judged as a whole."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import pytest

from content_cache.catalogue_builder import build
from content_cache.catalogue_store import Store
from content_cache.needs import BY_SLUG, stable_id
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


def right(got: list[str], expected: list[str], needs: Mapping[str, Set[str]]) -> bool:
    """Whether every one of the first three is what was judged; ``needs`` of each service."""
    if not got or got[0] not in expected[0].split("|") or len(got) > len(expected):
        return False
    named = {one for one in expected[1:] if "|" not in one and "@" not in one}
    others = [one for one in got[1:] if one not in named]
    wanted = [one.split("|") for one in expected[1:] if one not in named]
    return named <= set(got) and any(
        all(_is(one, found, needs) for one, found in zip(wanted, order, strict=False)) and len(order) == len(wanted)
        for order in itertools.permutations(others, min(len(wanted), len(others)))
    )


def _is(either: list[str], found: str, needs: Mapping[str, Set[str]]) -> bool:
    return found in either or bool({f"@{need}" for need in needs[found]} & set(either))


def test_at_least_95_of_100_queries_show_first_what_people_look_for(corpus: Store, keys: dict[str, str]) -> None:
    wrong = list[Any]()
    for tag, query, expected in CASES["fixed"]:
        found = corpus.search(query, 0, 3, tag=tag)[1]
        got = [keys[one.id] for one in found]
        if not right(got, expected, {keys[one.id]: set(one.needs) for one in found}):
            wrong.append((tag, query, expected, got))
    assert len(wrong) <= (1 - RIGHT) * len(CASES["fixed"]), wrong


def test_who_types_bread_is_not_sent_to_the_library_opposite_the_bakery(corpus: Store, keys: dict[str, str]) -> None:
    for query in ("bread", "خبز", "хліб"):
        total, found = corpus.search(query, 0, 20)
        got = [keys[one.id] for one in found]
        assert total > 3 and "library" not in got[:3] and got[0] == "bread-oven", query
    assert "library" in [keys[one.id] for one in corpus.search("bakery", 0, 3)[1]]


def test_the_table_is_large_enough_and_in_six_languages(keys: dict[str, str]) -> None:
    assert len(CASES["fixed"]) >= 120 and {case[0] for case in CASES["fixed"]} == {"en", "ar", "fa-AF", "fr", "ti", "uk"}
    assert {key for case in CASES["fixed"] for one in case[2] for key in one.split("|") if "@" not in key} <= set(keys.values())
    assert {key for case in CASES["fixed"] for one in case[2] for key in one.split("|") if "@" in key} <= {
        f"@{one}" for one in BY_SLUG
    }


def test_the_judge_can_say_no() -> None:
    needs = {"a": {"food"}, "b": {"food"}, "c": {"cash"}, "d": {"food", "cash"}}
    assert right(["a", "b", "c"], ["x|a", "c", "@food"], needs) and right(["a"], ["a"], needs)
    assert right(["a", "b", "d"], ["a", "@cash", "@food"], needs) and right(["a", "d", "b"], ["a", "@food", "@food|c"], needs)
    assert not right(["b", "a"], ["a", "b"], needs) and not right(["a", "b"], ["a", "c"], needs) and not right([], ["a"], needs)
    assert not right(["a", "c", "b"], ["a", "@food", "@food"], needs), "one of the three is of another need"
    assert not right(["a", "b"], ["a"], needs), "a result that nobody has judged"
    assert not right(["a"], ["a", "@food"], needs), "a result that is missing"


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
