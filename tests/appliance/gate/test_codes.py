"""What a code is, what is kept of it, and when it ends."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import BadInput
from appliance.gate import codes
from appliance.gate.codes import Code

CODE = Code("0042", b"s" * 16, b"d" * 32, until=5_000.0, mark=7, down=3, up=4, last_day=20_000)


@pytest.mark.parametrize(
    "typed",
    [
        "004212345678",
        "0042 1234 5678",
        " 0042-1234-5678\r\n",
        "٠٠٤٢ ١٢٣٤ ٥٦٧٨",
        "۰۰۴۲۱۲۳۴۵۶۷۸",
        "\u20660042 1234 5678\u2069",
        "००४२ १२३४ ५६७८",
    ],
)
def test_a_code_may_be_typed_in_the_digits_of_any_script(typed: str) -> None:
    assert codes.split(typed) == ("0042", "12345678")


@pytest.mark.parametrize("typed", ["", "00421234567", "0042123456789", "0042 1234 567x", "0042.1234.5678", "²" * 12, "1" * 5_000])
def test_what_is_no_code_is_told_before_a_hash_is_made(typed: str) -> None:
    assert codes.split(typed) is None


@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_a_code(typed: str) -> None:
    parts = codes.split(typed)
    assert parts is None or (len(parts[0]), len(parts[1])) == (4, 8) and "".join(parts).isascii() and "".join(parts).isdecimal()


def test_a_hash_is_slow_salted_and_of_the_secret() -> None:
    begin = time.process_time()
    first = codes.slow_hash("12345678", b"a" * 16)
    assert time.process_time() - begin > 0.005, "scrypt with 16 MiB; a quick hash takes a microsecond"
    assert len(first) == codes.DIGEST
    assert first != codes.slow_hash("12345679", b"a" * 16) and first != codes.slow_hash("12345678", b"b" * 16)


def test_selectors_are_never_given_twice() -> None:
    book: dict[str, Code] = {}
    for draw in range(300):
        name = codes.free_selector(book, draw * 7_919)
        assert name not in book and len(name) == codes.SELECTOR
        book[name] = replace(CODE, selector=name)


def test_only_the_right_digest_of_a_code_that_is_still_good_opens() -> None:
    assert codes.fits(CODE, b"d" * 32, 20_000) and codes.fits(CODE, b"d" * 32, None), "a box without a date ends nobody's code"
    assert not codes.fits(CODE, b"e" * 32, 20_000) and not codes.fits(CODE, b"d" * 32, 20_001)
    assert not codes.fits(None, bytes(32), 20_000), "not even the digest it is compared with"
    assert not codes.fits(CODE, b"", 20_000), "a hash that failed"


def test_its_days_begin_when_the_box_first_knows_the_date_and_anew_with_every_use() -> None:
    young = replace(CODE, last_day=None)
    assert not codes.ended(young, 99_999)
    assert codes.used(young, None).last_day is None
    assert codes.dated(young, 100).last_day == 130 and codes.dated(CODE, 100).last_day == 20_000
    assert codes.used(CODE, 19_999).last_day == 20_029


def test_a_full_book_drops_the_code_that_would_end_first_of_those_who_are_away() -> None:
    book = {f"{n:04}": replace(CODE, selector=f"{n:04}", mark=n, last_day=n) for n in range(codes.MOST)}
    assert codes.superfluous({}) is None
    book["0009"] = replace(book["0009"], mark=None)
    book["0005"] = replace(book["0005"], mark=None)
    assert codes.superfluous(book) == "0005"
    del book["0001"]
    assert codes.superfluous(book) is None, "there is room for one"
    everyone_here = {f"{n:04}": replace(CODE, selector=f"{n:04}", mark=n, last_day=n or 10**6) for n in range(codes.MOST)}
    assert codes.superfluous(everyone_here) == "0001"
    everyone_here["0007"] = replace(everyone_here["0007"], last_day=None)
    assert codes.superfluous(everyone_here) == "0007", "one that has no day yet"


def test_what_is_left_of_a_session_or_a_whole_one() -> None:
    assert codes.seconds_left(CODE, 3_600, 4_000) == 1_000
    assert codes.seconds_left(CODE, 3_600, 5_000) == 3_600
    assert codes.seconds_left(CODE, 3_600, 4_999) == 1 and codes.seconds_left(CODE, 3_600, 4_999.5) == 3_600


def test_bytes_of_another_day_are_not_counted_and_a_day_that_is_not_known_is_the_same() -> None:
    spent = replace(CODE, spent=700, spent_day=8)
    assert [codes.spent_on(spent, date) for date in (8, 9, 7, None)] == [700, 0, 0, 700]
    assert codes.spent_on(replace(spent, spent_day=None), 8) == 700


def test_a_code_is_read_back_as_it_was_within_one_boot() -> None:
    assert codes.from_json("0042", json.loads(json.dumps(codes.as_json(CODE, "boot", 1_000))), "boot", 4_000) == CODE


def test_after_a_power_cut_what_was_left_is_left_and_nobody_has_a_mark() -> None:
    kept = codes.from_json("0042", codes.as_json(CODE, "boot", 1_000), "other", 70)
    assert kept == replace(CODE, mark=None, until=70 + 4_000)
    gone = codes.from_json("0042", codes.as_json(CODE, "boot", 6_000), "other", 70)
    assert gone.until == 70


def test_what_stands_on_disk_names_no_device_and_no_secret() -> None:
    kept = codes.as_json(CODE, "boot", 1_000)
    assert set(kept) == {"secret", "boot", "at", "until", "mark", "down", "up", "last_day", "spent", "spent_day"}
    assert "0042" not in json.dumps(kept)


def test_claim_what_stands_on_disk_has_no_hour_and_tells_what_is_left() -> None:
    kept, passing = codes.parted(codes.as_json(CODE, "boot", 1_000))
    assert set(kept) == {"secret", "left", "down", "up", "last_day", "spent", "spent_day"} and kept["left"] == 4_000
    assert passing == {"boot": "boot", "at": 1_000, "until": 5_000, "mark": 7}
    assert codes.from_json("0042", kept, "boot", 70) == replace(CODE, mark=None, until=4_070)
    assert codes.parted(codes.as_json(CODE, "boot", 9_000))[0]["left"] == 0


def test_a_file_from_before_there_were_volumes_has_nothing_spent() -> None:
    old = {name: one for name, one in codes.as_json(CODE, "boot", 1_000).items() if not name.startswith("spent")}
    assert codes.from_json("0042", old, "boot", 1_000) == CODE


GOOD = codes.as_json(CODE, "boot", 1_000) | {"left": 4_000}


@example({"spent": float("inf")})
@example({"until": float("nan")})
@given(st.dictionaries(st.sampled_from([*GOOD]), st.none() | st.booleans() | st.text() | st.floats() | st.lists(st.integers())))
def test_a_spoilt_file_is_a_code_or_bad_input_and_nothing_else(spoilt: dict[str, object]) -> None:
    for boot in ("boot", "other"):
        try:
            found = codes.from_json("0042", {**GOOD, **spoilt}, boot, 0)
        except BadInput:
            continue
        assert (found.selector, len(found.salt), len(found.digest)) == ("0042", len(CODE.salt), len(CODE.digest))
        assert math.isfinite(found.until) and (boot == "boot" or found.mark is None)
        again = codes.as_json(found, boot, 0)
        assert codes.from_json("0042", json.loads(json.dumps(again)), boot, 0) == found


@pytest.mark.parametrize(("selector", "value"), [("42", GOOD), ("x042", GOOD), ("0042", None), ("0042", []), ("0042", {})])
def test_a_file_that_is_none_of_ours_is_bad_input(selector: str, value: object) -> None:
    with pytest.raises(BadInput):
        codes.from_json(selector, value, "boot", 0)


def test_a_new_code_knows_of_no_mark_no_day_and_nothing_used() -> None:
    new = Code("0042", b"s" * 16, b"d" * 32, until=5.0)
    assert (new.mark, new.last_day, new.spent_day) == (None, None, None) and (new.down, new.up, new.spent) == (0, 0, 0)
    assert (codes.GOOD_DAYS, codes.MOST, codes.SELECTOR, codes.SECRET) == (30, 4_000, 4, 8), "as the papers say"


def test_a_code_is_good_on_its_last_day_and_not_on_the_next() -> None:
    assert [codes.ended(CODE, day) for day in (19_999, 20_000, 20_001)] == [False, False, True]


def test_a_free_selector_is_any_that_nobody_has_by_the_draw() -> None:
    assert [codes.free_selector({}, draw) for draw in (0, 7, 9_999, 10_000)] == ["0000", "0007", "9999", "0000"]
    book = {"0000": CODE, "0002": CODE}
    assert [codes.free_selector(book, draw) for draw in (0, 1, 9_997, 9_998)] == ["0001", "0003", "9999", "0001"]


def test_of_a_long_text_only_the_beginning_is_looked_at() -> None:
    assert codes.split("0042 1234 5678" + " " * 186 + "9") == ("0042", "12345678")
    assert codes.split("0042 1234 5678" + " " * 185 + "9") is None


def test_marks_that_are_spoilt_are_none_of_ours_and_what_is_negative_is_nothing_left() -> None:
    kept = codes.as_json(CODE, "boot", 1_000)
    for name, value in (("down", None), ("up", "x"), ("secret", "AAAA"), ("secret", kept["secret"][:-4])):
        with pytest.raises(BadInput):
            codes.from_json("0042", kept | {name: value}, "boot", 0)
    alone = codes.parted(kept)[0] | {"left": -5}
    assert codes.from_json("0042", alone, "boot", 70).until == 70
    assert codes.from_json("0042", kept | {"mark": None}, "boot", 0).mark is None
    assert codes.from_json("0042", kept | {"last_day": None}, "boot", 0).last_day is None
