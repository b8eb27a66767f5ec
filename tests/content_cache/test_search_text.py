"""What people type and what editors wrote meet; nothing typed becomes an operator."""

from __future__ import annotations

import re
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.search_text import LONGEST_QUERY, MOST_WORDS, indexed, match, normalise, words

WRITING = st.text(
    st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Z", "C"))
    | st.sampled_from("ابةىيیکءأإآؤئـًٌّْ٠١۲۳ـ\u200c\u200fﻻﷲàéßœŁİıǰΐй゙")
)


@given(WRITING)
def test_doing_it_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("مُسْتَشْفَى", "مستشفي"),  # vowel marks, alef maqsura
        ("مدرســة", "مدرسه"),  # tatweel, teh marbuta
        ("أسرة", "اسره"),  # hamza on alef
        ("إيجار", "ايجار"),  # hamza below alef
        ("آمنة", "امنه"),  # madda
        ("شؤون", "شوون"),  # hamza on waw
        ("عائلة", "عايله"),  # hamza on yeh
        ("کودکان", "كودكان"),  # Farsi kaf
        ("نیاز", "نياز"),  # Farsi yeh
        ("می\u200cکند", "میکند"),  # zero-width non-joiner
        ("قطاع ١٢", "قطاع 12"),  # Arabic digits
        ("بلاک ۱۲", "بلاک 12"),  # Persian digits
        ("ﻣﺪﺭﺳﺔ", "مدرسة"),  # presentation forms
        ("Santé", "sante"),
        ("Œuvre", "oeuvre"),
        ("STRASSE", "straße"),
        ("Łódź", "lodz"),
    ],
)
def test_ways_of_writing_meet(written: str, typed: str) -> None:
    assert normalise(written) == normalise(typed)


@pytest.mark.parametrize("typed", ["الماء", "ماء", "المَاء"])
def test_the_arabic_article_does_not_hide_a_word(typed: str) -> None:
    assert words(typed) == words("ماء")


def test_different_words_stay_different() -> None:
    assert normalise("بيت") != normalise("بنت")
    assert normalise("cash") != normalise("cache")


def test_the_last_word_is_a_beginning() -> None:
    assert match("cash ren") == '"cash" "ren"*'
    assert match("cash ren", any_word=True) == '"cash" OR "ren"*'


@pytest.mark.parametrize("empty", ["", "   ", '"*^:-()', "\u200c"])
def test_a_query_without_a_word_asks_nothing(empty: str) -> None:
    assert match(empty) == ""


@given(WRITING, st.booleans())
def test_no_query_is_an_operator_or_an_error(query: str, any_word: bool) -> None:
    expression = match(query, any_word=any_word)
    if not expression:
        return
    assert len(re.findall(r'"', expression)) <= 2 * MOST_WORDS
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table found using fts5(t, tokenize='unicode61 remove_diacritics 0')")
    connection.execute("insert into found values (?)", (indexed(query),))
    connection.execute("select count(*) from found where found match ?", (expression,)).fetchone()
    connection.close()


def test_a_long_query_is_cut() -> None:
    assert len(match("a" * 5_000)) <= LONGEST_QUERY + 3
    assert match(" ".join("abcdefghijklmnop")).count('"') == 2 * MOST_WORDS
