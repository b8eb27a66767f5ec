"""How far a typed word may be from a known one. That the distance is true is tried against every way in test_search_plan.py."""

from __future__ import annotations

import pytest

from content_cache.spelling import LONGEST, alike, allowed, deletions, distance


@pytest.mark.parametrize(
    ("word", "mistakes"),
    [("", 0), ("abc", 0), ("abcd", 1), ("abcde", 1), ("abcdef", 2), ("a" * 30, 2), ("\u0637\u0628", 0), ("\u0637\u0628\u0628", 1),
     ("\u0637" * 4, 1), ("\u0637" * 5, 2), ("\u0433" * 3, 0), ("\u0590" * 3, 0), ("\u0591" * 3, 1)],
)  # fmt: skip
def test_a_longer_word_may_have_more_mistakes(word: str, mistakes: int) -> None:
    assert allowed(word) == mistakes


@pytest.mark.parametrize(
    ("one", "other", "letters"),
    [("", "", 0), ("a", "", 0), ("abc", "abc", 3), ("abc", "abd", 2), ("ab", "abc", 2), ("xbc", "abc", 0)],
)
def test_words_begin_alike_up_to_the_first_other_letter(one: str, other: str, letters: int) -> None:
    assert alike(one, other) == alike(other, one) == letters


def test_each_letter_is_left_out_once() -> None:
    assert deletions("abca") == {"abca", "bca", "aca", "aba", "abc"} and deletions("") == {""}
    assert LONGEST == 20 and deletions("a" * 25) == {"a" * 20, "a" * 19} and deletions("a" * 19 + "bc") == deletions("a" * 19 + "b")


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [
        ("", "", 0), ("", "a", 1), ("abc", "abc", 0), ("abc", "ab", 1), ("ab", "abc", 1), ("abc", "axc", 1), ("abc", "bac", 1),
        ("abc", "acb", 1), ("abcd", "badc", 2), ("ca", "abc", 3), ("kitten", "sitting", 3), ("abcdef", "ghijkl", 6),
    ],
)  # fmt: skip
def test_letters_added_left_out_changed_and_swapped_each_count_one(one: str, other: str, mistakes: int) -> None:
    for most in range(7):
        assert distance(one, other, most) == distance(other, one, most) == min(mistakes, most + 1)


def test_only_the_first_letters_of_a_long_word_are_looked_at() -> None:
    assert distance("a" * 20 + "x", "a" * 20 + "yz", 2) == 0
    assert distance("a" * 19 + "x", "a" * 19 + "y", 2) == 1


def test_words_of_very_different_lengths_are_not_compared() -> None:
    assert distance("abc", "abcdef", 2) == 3 and distance("abc", "abcdef", 3) == 3 and distance("a", "abc", 1) == 2
