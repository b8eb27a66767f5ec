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
from content_cache.search_plan import Slot, slots

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


def test_the_bounds_are_those_that_are_told() -> None:
    assert (search_plan.MOST_MEANINGS, search_text.LONGEST_QUERY, search_text.MOST_WORDS) == (3, 100, 8)
    words = [f"w{n}" for n in range(12)]
    assert [slot.word for slot in slots(" ".join(words))] == words[:8]
    assert slots("a" * 100)[0].word == "a" * 100 and slots("a" * 101)[0].word == "a" * 100


def test_only_the_last_word_may_still_be_being_typed_and_no_word_counts_twice() -> None:
    assert [(slot.word, slot.last) for slot in slots("xa xb xa xc")] == [("xa", False), ("xb", False), ("xc", True)]


@pytest.mark.parametrize(
    ("word", "last", "begun"), [("ab", False, '"ab"'), ("ab", True, '"ab"*'), ("abc", False, '"abc"*'), ("a", True, '"a"')]
)
def test_a_beginning_is_three_letters_or_two_of_the_last_word(word: str, last: bool, begun: str) -> None:
    assert Slot(word, last).begun() == begun


@pytest.mark.parametrize(
    ("word", "exact"),
    [
        ("tent", '"tent" OR "tents"'), ("tents", '"tents" OR "tentss" OR "tent"'), ("bus", '"bus" OR "buss"'),
        ("boss", '"boss" OR "bosss"'), ("ab", '"ab"'), ("abc", '"abc" OR "abcs"'), ("a1c", '"a1c"'), ("\u0645\u0627\u0621", None),
        ("birth certificate", '"birth certificate"'),
    ],
)  # fmt: skip
def test_a_word_is_meant_in_both_numbers_where_it_has_a_plain_one(word: str, exact: str | None) -> None:
    assert Slot(word).exact() == (exact or f'"{word}"')


@pytest.mark.parametrize(
    ("word", "stems"),
    [
        ("abcde", ["abcd"]), ("abcd", []), ("abcdef", ["abcde", "abcd"]), ("abcdefg", ["abcdef", "abcde", "abcd"]),
        ("abcdefgh", ["abcdefg", "abcdef", "abcde"]), ("qqqq wwwwww", []),
    ],
)  # fmt: skip
def test_what_may_be_an_ending_is_left_out_where_four_letters_stay(word: str, stems: list[str]) -> None:
    quoted = [f'"{word}"*', *(f'"{stem}"' for stem in stems)]
    assert Slot(word).meant() == " OR ".join(quoted)


def test_an_arabic_possessive_becomes_the_word_it_is_of() -> None:
    """My school: the teh before the ending was a teh marbuta, which is written as heh in the index."""
    school = "\u0645\u062f\u0631\u0633"
    for ending in ("\u062a\u064a", "\u062a\u0643", "\u062a\u0647\u0627", "\u062a\u0643\u0645"):
        assert f'"{school}\u0647"' in Slot(school + ending).meant()
    assert '"\u0628\u062a\u0647"' not in Slot("\u0628\u062a\u062a\u064a").meant(), "three letters must stay"
    assert '"\u0628\u0628\u062a\u0647"' in Slot("\u0628\u0628\u062a\u062a\u064a").meant()


def test_a_known_word_is_whole_and_means_what_its_synonyms_mean() -> None:
    sure, begun = Slot("doctor").sure(), Slot("xyzzy").sure()
    assert sure.startswith('"doctor" OR "doctors" OR ') and "*" not in sure and begun == '"xyzzy"*'
    (meaning, *_) = synonyms.BY_WORD["doctor"]
    meant = Slot("doctor").meant()
    assert meant.startswith('"doctor"* OR ') and all(f'"{word}"' in sure and f'"{word}"' in meant for word in meaning.words)


def test_an_unfinished_last_word_means_what_known_words_begin_so() -> None:
    assert Slot("doct", last=True).meanings() and not Slot("doct").meanings() and not Slot("doc", last=True).meanings()
    assert Slot("doctors").meanings() == Slot("doctor").meanings() == synonyms.BY_WORD["doctor"]
    assert all(len(Slot(word[:4], last=True).meanings()) <= 3 for word in synonyms.BY_WORD if word[:4] not in synonyms.BY_WORD)


def test_a_word_stands_for_all_services_of_its_need() -> None:
    token = f'"{search_plan.need_token("health")}"'
    assert search_plan.need_token("legal-help") == "0legalhelp"
    doctor, nothing = Slot("doctor"), Slot("xyzzy")
    assert token in doctor.anyhow() and token not in doctor.meant() and nothing.anyhow() == nothing.meant()
    assert doctor.of_its_need() == f"({token}) AND ({doctor.meant()})" and nothing.of_its_need() == nothing.meant()
    assert '("birth" AND "certificate")' in Slot("birth certificate").anyhow()


def test_a_guess_is_looked_for_beside_the_word() -> None:
    (slot,) = search_plan.guess([Slot("xyzzy")], {"xyzzy": ("doctor", "nurse")})
    assert slot.guesses == ("doctor", "nurse") and search_plan.guess([slot], {})[0].guesses == ()
    for guess in slot.guesses:
        assert Slot(guess).anyhow() in slot.guessed()
    assert slot.guessed().startswith(Slot("xyzzy").anyhow())
    sound = search_plan.sounding("zarqa")
    assert sound.startswith("{sound} : ") and sound in Slot("zarqa").guessed() and search_plan.sounding("a") == ""


def test_tiers_widen_from_the_exact_name_to_anything_anywhere() -> None:
    one, other = Slot("doctor"), Slot("xyzzy", last=True)
    made = list(search_plan.tiers([one, other], COLUMNS))
    assert made == [
        f"{{n0 n1}} : ({one.exact()}) AND {{n0 n1}} : ({other.exact()})",
        f"{{n0 n1}} : ({one.sure()}) AND {{n0 n1}} : ({other.sure()})",
        f"{{n0 n1}} : ({one.meant()}) AND {{n0 n1}} : ({other.meant()})",
        f"{{n0 n1 need place}} : ({one.begun()}) AND {{n0 n1 need place}} : ({other.begun()})",
        f"{{n0 n1 need}} : ({one.meant()}) AND {{n0 n1 need}} : ({other.meant()})",
        f"({one.of_its_need()}) AND ({other.of_its_need()})",
        f"- {{place}} : (({one.anyhow()}) AND ({other.anyhow()}))",
        f"({one.anyhow()}) AND ({other.anyhow()})",
    ]
    assert search_plan.everywhere([one, other]) == made[-1]
    assert search_plan.any_word([one, other]) == f"({one.guessed()}) OR ({other.guessed()})"
    assert search_plan.misspelt([one, other]) == f"({one.guessed()}) AND ({other.guessed()})"
    guessed = Slot("doctr", guesses=("doctor",))
    assert search_plan.misspelt_names([guessed], COLUMNS) == f"{{n0 n1}} : ({guessed.meant()} OR {one.meant()})"


def test_the_longest_known_phrase_is_taken_first() -> None:
    for phrase in sorted(synonyms.PHRASES):
        words = [word for word in phrase.split() if word not in synonyms.STOP]
        if 2 <= len(words) <= 4 and len(words) == len(phrase.split()):
            assert [slot.word for slot in slots(f"xyzzy {phrase} qqq")] == ["xyzzy", phrase, "qqq"]
            assert [slot.word for slot in slots(phrase)] == [phrase]


def test_at_most_two_needs_are_told_and_a_needs_own_name_is_that_need() -> None:
    some = sorted(
        {meaning.need: word for word, meanings in synonyms.BY_WORD.items() for meaning in meanings if meaning.need}.items()
    )
    words = [word for _, word in some if " " not in word][:3]
    found = search_plan.needs_meant(" ".join(words))
    assert len(found) == 2 and len(set(found)) == 2
    for name, need in synonyms.NEED_NAMES.items():
        assert search_plan.needs_meant(name) == (need,)
