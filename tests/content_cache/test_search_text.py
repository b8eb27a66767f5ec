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
