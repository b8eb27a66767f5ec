"""Free-text hours: what is clear is read, what is not stays words, and nothing is ever guessed."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.publish.importers import clock_words
from content_cache.publish.importers.camp_hours import Piece, understand
from content_cache.publish.importers.clock_words import ORDER
from tests.content_cache.data import real

WORKDAYS = ("MO", "TU", "WE", "TH", "SU")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("9:00am-12:30pm (Sat-Thu), ER: 24/7", [
            Piece((*WORKDAYS[:4], "SA", "SU"), "09:00", "12:30"), Piece(ORDER, "00:00", "00:00", "ER")]),
        ("MoH: 9:00am-1:00pm (Sun-Thu), EMPHNET: 9:00am-3:30pm (Sun-Thu)", [
            Piece(WORKDAYS, "09:00", "13:00", "MoH"), Piece(WORKDAYS, "09:00", "15:30", "EMPHNET")]),
        ("9:00am-4:00pm (Sun-Thu), 10:00am-2:00pm (Sat)", [
            Piece(WORKDAYS, "09:00", "16:00"), Piece(("SA",), "10:00", "14:00")]),
        ("24/7", [Piece(ORDER, "00:00", "00:00")]),
        ("Sun-Thu 9:00-16:00", [Piece(WORKDAYS, "09:00", "16:00")]),
        ("Sunday to Thursday: 9.00 to 15.30", [Piece(WORKDAYS, "09:00", "15:30")]),
        ("Mon, Wed 9am-12pm; Fri 22:00-06:00", [Piece(("MO", "WE"), "09:00", "12:00"), Piece(("FR",), "22:00", "06:00")]),
        ("الأحد-الخميس ٩:٠٠-١٦:٠٠", [Piece(WORKDAYS, "09:00", "16:00")]),
        ("8:00–24:00 (daily)", [Piece(ORDER, "08:00", "00:00")]),
    ],
)  # fmt: skip
def test_clear_hours_are_read(text: str, pieces: list[Piece]) -> None:
    assert list(understand(text).pieces) == pieces and not understand(text).words


@pytest.mark.parametrize(
    "text",
    [
        "24/7, closed Jan 2017", "9:00-16:00", "9-12 (Sat)", "8:00-16:00 (Sun-Thu) except holidays", "morning (Sun-Thu)",
        "25:00-26:00 (Sun)", "9:00-16:00 (Sun-Thu), closed: 12:00-13:00 (Fri)", "Ramadan: 9:00-13:00 (Sun-Thu), 24/7 until May",
    ],
)  # fmt: skip
def test_unclear_hours_are_words_and_open_nothing(text: str) -> None:
    assert not understand(text).pieces and ", ".join(understand(text).words) == text


def test_an_unclear_desk_does_not_hide_the_clear_one() -> None:
    assert understand("9:00-12:00 (Sun), ER: on call").pieces == (Piece(("SU",), "09:00", "12:00"),)


def test_strange_times_are_mended_and_named() -> None:
    read = understand("13:00pm-3pm (Sun)")
    assert read.pieces == (Piece(("SU",), "13:00", "15:00"),) and "hour mended" in read.mends[0]


def test_every_real_hour_of_zaatari_is_read_or_named() -> None:
    rows = csv.DictReader(real("zaatari", "facilities.csv").read_text("utf-8-sig").splitlines())
    written = [row["HOURS_EN"] for row in rows if row["HOURS_EN"]]
    assert len(written) == 26
    assert [text for text in written if understand(text).words] == ["24/7, closed Jan 2017"]


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_no_text_breaks_it_and_nothing_is_lost(text: str) -> None:
    read = understand(text)
    assert all(piece.days and clock_words.time_of_day(piece.opens)[0] == piece.opens for piece in read.pieces)
    assert read.pieces or read.words or not any(letter.isalnum() for letter in text)


clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


@given(st.sets(st.sampled_from(ORDER), min_size=1), clock, clock)
def test_what_is_written_clearly_is_read_back(days: set[str], opens: str, closes: str) -> None:
    ordered = tuple(day for day in ORDER if day in days)
    assert understand(f"{opens}-{closes} ({', '.join(ordered)})").pieces == (Piece(ordered, opens, closes),)


@pytest.mark.parametrize(
    ("number", "day"), [(1, "MO"), (7, "SU"), (0, "SU"), ("3", "WE"), ("Friday", "FR"), ("8", None), ("x", None)]
)
def test_weekdays_of_older_tables(number: object, day: str | None) -> None:
    assert clock_words.weekday_number(number) == day
