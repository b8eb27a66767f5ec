"""What people type and what editors wrote meet; nothing typed becomes an operator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.search_text import normalise, words

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
        ("l’hôpital", "hopital"),  # an elision
        ("d'eau", "eau"),
        ("women’s", "womens"),
        ("Ёлка", "елка"),
        ("ґанок", "ганок"),
        ("їжа", "іжа"),
        ("сім’я", "сімя"),
        ("ሓኪም", "ሀኪም"),  # homophones
        ("ሠራተኛ", "ሰራተኛ"),
        ("ዓይኒ", "አይኒ"),
        ("ፀሓይ", "ጸሃይ"),
        ("፲፪".replace("፲", "፩"), "12"),  # Ethiopic digits
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
    assert normalise("мій") != normalise("мии") and normalise("є") != normalise("е") and normalise("сир") != normalise("сір")
    assert normalise("ሰላም") != normalise("ሸላም")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\u0627\u0644\u0645\u0627", ["\u0645\u0627"]),  # the article, and two letters left
        ("\u0627\u0644\u0645", ["\u0627\u0644\u0645"]),  # one would be left
        ("\u0648\u0627\u0644\u0628\u064a\u062a", ["\u0628\u064a\u062a"]),  # "and the", three letters left
        ("\u0648\u0627\u0644\u062f\u0647", ["\u0648\u0627\u0644\u062f\u0647"]),  # two would be left: "his father"
        ("\u0628\u0627\u0644\u0628\u064a\u062a", ["\u0628\u064a\u062a"]),
        ("\u0643\u0627\u0644\u0628\u064a\u062a", ["\u0628\u064a\u062a"]),
        ("\u0641\u0627\u0644\u0628\u064a\u062a", ["\u0628\u064a\u062a"]),
        ("\u0644\u0644\u0628\u064a\u062a", ["\u0628\u064a\u062a"]),
        ("\u0644\u0644\u0628\u064a", ["\u0644\u0644\u0628\u064a"]),
        ("a, b;c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_the_article_is_left_out_where_enough_of_the_word_stays(written: str, kept: list[str]) -> None:
    assert words(written) == kept


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("l'eau", "eau"), ("qu'il", "il"), ("J\u2019ai", "ai"), ("m\u02bcappelle", "appelle"), ("o'clock", "oclock"),
        ("xl'eau", "xleau"), ("d' eau", "d eau"), ("\u00e9t\u00e9", "ete"), ("\u00c5", "a"), ("\u0439", "\u0439"),
        ("\u0457", "\u0456"), ("\u0491", "\u0433"), ("\u0451", "\u0435"), ("a\u00adb", "ab"), ("a\u200bb\ufeffc", "abc"),
        ("a-b_c", "a b c"), ("\u00bd", "1 2"), ("\u00b2", "2"), ("\u0967", "1"), ("\u2167", "viii"),
        ("\u0915\u093f", "\u0915\u093f"), ("\u1369", "1"), ("\u1210", "\u1200"), ("\u1216", "\u1206"),
        ("\u1228", "\u1228"), ("\u1283", "\u1200"), ("\u12a3", "\u12a0"), ("\u12d3", "\u12a0"), ("\u1203", "\u1200"),
        ("\u1213", "\u1200"), ("\u1346", "\u133e"), ("\u1226", "\u1236"), ("\u1227", "\u1227"), ("\u0301", ""),
        ("\u0600", ""), ("\u064b\u0628", "\u0628"), ("\u08f0\u0628", "\u0628"),
    ],
    ids=ascii,
)  # fmt: skip
def test_each_letter_becomes_what_people_type(written: str, normal: str) -> None:
    assert normalise(written) == normal
