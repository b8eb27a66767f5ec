"""A query becomes expressions of our own; nothing typed becomes an operator; misspellings and sounds have their rules."""

from __future__ import annotations

import re
import sqlite3
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache import search_plan, search_text, skeleton, spelling, synonyms
from content_cache.needs import BY_SLUG
from content_cache.search_plan import slots

COLUMNS = ("n0", "n1")
WRITING = st.text(st.characters(codec="utf-8") | st.sampled_from('"*^:-(){}+ANDORNEAR طبيب ')) | st.sampled_from(
    sorted(synonyms.BY_WORD)
)
WORD = st.text(st.sampled_from("abcدرس"), min_size=1, max_size=9)


@settings(deadline=None)
@given(WRITING, st.lists(WORD, max_size=3))
def test_no_query_is_an_operator_or_an_error(query: str, guesses: list[str]) -> None:
    words = search_plan.guess(slots(query), {slot.word: tuple(guesses) for slot in slots(query)})
    if not words:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table found using fts5(n0, n1, need, place, rest, sound)")
    expressions = [*search_plan.tiers(words, COLUMNS), search_plan.misspelt(words), search_plan.any_word(words)]
    for expression in (*expressions, search_plan.misspelt_names(words, COLUMNS)):
        assert all(re.fullmatch(r"[\w\s]*", word) or not re.search(r'["*^:(){}]', word) for word in expression.split('"')[1::2])
        connection.execute("select count(*) from found where found match ?", (expression,)).fetchone()
    connection.close()


@pytest.mark.parametrize("empty", ["", "   ", '"*^:-()', "\u200c"])
def test_a_query_without_a_word_asks_nothing(empty: str) -> None:
    assert slots(empty) == ()


def test_a_long_query_is_cut() -> None:
    assert len(slots("abcdefgh " * 500)) == 1
    assert len(slots(" ".join("abcdefghijklmnop"))) <= search_text.MOST_WORDS
    assert len(slots("a" * 5_000)[0].word) <= search_text.LONGEST_QUERY


def test_words_without_meaning_are_left_out_unless_they_are_all_there_is() -> None:
    assert [slot.word for slot in slots("where can I find a doctor")] == ["doctor"]
    assert [slot.word for slot in slots("where is the")] == ["where", "is", "the"]


def test_a_known_phrase_is_one_thing() -> None:
    assert [slot.word for slot in slots("new birth certificate")] == ["new", "birth certificate"]
    assert [slot.word for slot in slots("ቤት ትምህርቲ")] == search_text.normalise("ቤት ትምህርቲ").split(",")


@pytest.mark.parametrize(
    ("query", "meant"),
    [("Santé", ("health",)), ("лікар", ("health",)), ("طبيب", ("health",)), ("docto", ("health",)), ("xyzzy", ())],
)
def test_the_need_that_is_meant(query: str, meant: tuple[str, ...]) -> None:
    assert search_plan.needs_meant(query) == meant


def test_every_need_has_words_in_six_languages_and_every_word_is_normal() -> None:
    assert {meaning.need for meaning in synonyms.MEANINGS} == set(BY_SLUG) | {""}
    for word in synonyms.BY_WORD:
        assert " ".join(search_text.words(word)) == word


def test_no_word_without_meaning_is_also_a_synonym() -> None:
    assert not synonyms.STOP & set(synonyms.BY_WORD)
    assert [slot.word for slot in slots("أريد ماء")] == ["ما"]


@given(WORD, WORD)
def test_distance_is_what_counting_every_way_gives(one: str, other: str) -> None:
    true = plain_distance(one, other)
    for most in (0, 1, 2):
        assert spelling.distance(one, other, most) == min(true, most + 1)
    if true <= 1:
        assert spelling.deletions(one) & spelling.deletions(other)


@cache
def plain_distance(one: str, other: str) -> int:
    """Every way there is, the shortest counted."""
    if not one or not other:
        return len(one) + len(other)
    ways = [
        plain_distance(one[1:], other) + 1,
        plain_distance(one, other[1:]) + 1,
        plain_distance(one[1:], other[1:]) + (one[0] != other[0]),
    ]
    if len(one) > 1 and len(other) > 1 and one[:2] == other[1::-1]:
        ways.append(plain_distance(one[2:], other[2:]) + 1)
    return min(ways)


@pytest.mark.parametrize(
    "names",
    [
        ("Zarqa", "Zarka", "Az-Zarqā’", "الزرقاء", "Зарка"),
        ("Zaatari", "Za'tari", "الزعتري", "Заатарі", "ዛዕታሪ"),
        ("Jerash", "Jarash", "جرش", "Джераш"),
        ("Irbid", "إربد", "Ірбід"),
        ("Mafraq", "المفرق", "Мафрак"),
    ],
)
def test_a_name_sounds_alike_in_every_script(names: tuple[str, ...]) -> None:
    assert len({tuple(skeleton.skeletons(name)) for name in names}) == 1 and skeleton.skeletons(names[0])


@given(st.text(max_size=20))
def test_no_word_breaks_a_skeleton(word: str) -> None:
    assert all(re.fullmatch("[a-z]{3,}", found) for found in skeleton.skeletons(word))
