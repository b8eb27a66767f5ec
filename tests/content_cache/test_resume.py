"""Going on at the byte: what is asked, what an answer means, which bytes are good."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Refused, Unreachable
from content_cache.resume import Chunks, Missing, Part, Start, asking, start, validator

HUB = "https://hub.test/"


def test_a_new_file_is_asked_for_whole() -> None:
    assert asking(Part(), HUB) == {}


def test_the_rest_is_asked_for_on_condition_that_it_is_the_same_file() -> None:
    assert asking(Part(100, HUB, '"abc"'), HUB) == {"Range": "bytes=100-", "If-Range": '"abc"'}


@pytest.mark.parametrize("part", [Part(100, "usb", '"abc"'), Part(100, HUB, "")])
def test_from_another_source_the_rest_is_asked_for_by_its_hash_alone(part: Part) -> None:
    assert asking(part, HUB) == {"Range": "bytes=100-"}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"etag": '"5f-1"', "last-modified": "x"}, '"5f-1"'),
        ({"etag": 'W/"5f-1"', "last-modified": "Sun, 22 Nov 2026 01:00:00 GMT"}, ""),
        ({"last-modified": "Sun, 22 Nov 2026 01:00:00 GMT"}, "Sun, 22 Nov 2026 01:00:00 GMT"),
        ({"etag": '"a\r\nX: y"'}, ""),
        ({"etag": '"' + "a" * 300}, ""),
        ({}, ""),
    ],
)
def test_only_a_strong_validator_is_repeated(headers: dict[str, str], found: str) -> None:
    assert validator(headers) == found


def test_the_rest_begins_where_it_broke_off() -> None:
    assert start(206, {"content-range": "bytes 40-99/100", "etag": '"a"'}, 40, 100) == Start(40, 0, '"a"')


def test_a_server_that_sends_all_again_is_heard_from_where_it_broke_off() -> None:
    assert start(200, {"content-length": "100"}, 40, 100) == Start(0, 40, "")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_not_there_may_be_elsewhere(status: int) -> None:
    with pytest.raises(Missing):
        start(status, {}, 0, 100)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (416, {}), (500, {}), (301, {}), (304, {}), (206, {}),
        (206, {"content-range": "bytes 0-99/100"}), (206, {"content-range": "bytes 40-100/100"}),
        (206, {"content-range": "bytes 41-99/100"}), (206, {"content-range": "items 40-99/100"}),
    ],
)  # fmt: skip
def test_any_other_answer_is_tried_again(status: int, headers: dict[str, str]) -> None:
    with pytest.raises(Unreachable):
        start(status, headers, 40, 100)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, {"content-length": "101"}), (200, {"content-length": "9" * 5000}), (206, {"content-range": "bytes 40-99/101"})],
)
def test_a_size_that_is_not_the_signed_one_is_refused_before_reading(status: int, headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        start(status, headers, 40, 100)


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["content-range", "content-length", "etag"]), st.text()),
    st.integers(0, 100),
)
def test_no_answer_is_taken_for_another_part_of_the_file(status: int, headers: dict[str, str], have: int) -> None:
    with contextlib.suppress(Refused, Unreachable):
        found = start(status, headers, have, 100)
        assert found.at + found.skip == have


def _hashes(content: bytes, size: int, digits: int = 32) -> list[str]:
    return [hashlib.sha256(content[at : at + size]).hexdigest()[:digits] for at in range(0, len(content), size)]


@given(st.binary(min_size=1, max_size=400), st.integers(1, 100), st.lists(st.integers(1, 90), max_size=12))
def test_the_right_bytes_pass_however_they_are_cut(content: bytes, size: int, cuts: list[int]) -> None:
    chunks = Chunks(_hashes(content, size), size, len(content))
    at = 0
    for cut in [*cuts, len(content)]:
        assert chunks.feed(content[at : at + cut])
        at = min(len(content), at + cut)
        assert chunks.seen == at and chunks.good == (at if at == len(content) else at // size * size)


@given(st.binary(min_size=1, max_size=400), st.integers(1, 100), st.data())
def test_a_wrong_byte_costs_its_chunk_and_no_more(content: bytes, size: int, data: st.DataObject) -> None:
    wrong = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[wrong] ^= 1
    chunks = Chunks(_hashes(content, size), size, len(content))
    assert not chunks.feed(bytes(changed)) and chunks.good == wrong // size * size


def test_more_than_was_signed_is_refused_at_once() -> None:
    with pytest.raises(Refused):
        Chunks(_hashes(b"abc", 2), 2, 3).feed(b"abcd")


@pytest.mark.parametrize(("hashes", "size", "total"), [(["00"], 0, 10), (["00"], 4, 10), (["00"] * 4, 4, 10)])
def test_hashes_that_do_not_add_up_are_refused(hashes: list[str], size: int, total: int) -> None:
    with pytest.raises(Refused):
        Chunks(hashes, size, total)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"etag": '"' + "a" * 198 + '"'}, '"' + "a" * 198 + '"'), ({"etag": '"' + "a" * 199 + '"'}, ""), ({"etag": '"\u00e9"'}, ""),
        ({"etag": "", "last-modified": "d" * 40}, "d" * 40), ({"last-modified": "d" * 41}, ""), ({"last-modified": "\u00e9"}, ""),
        ({"last-modified": "a\r\nb"}, ""), ({"etag": '"a"'}, '"a"'), ({"etag": "bare", "last-modified": "d"}, ""),
    ],
)  # fmt: skip
def test_a_validator_is_short_and_printable(headers: dict[str, str], found: str) -> None:
    assert validator(headers) == found


def test_the_first_byte_that_is_not_here_is_asked_for() -> None:
    assert asking(Part(1, HUB, '"a"'), HUB)["Range"] == "bytes=1-"
    assert asking(Part(0, HUB, '"a"'), HUB) == {}


@pytest.mark.parametrize(
    ("said", "total"), [("bytes 40-99/100", 100), ("bytes 40-99/*", 100), ("bytes 40-40/100", 100), ("bytes 40-98/*", 100)]
)
def test_a_range_that_begins_where_it_broke_off_is_taken(said: str, total: int) -> None:
    assert start(206, {"content-range": said, "etag": '"v"'}, 40, total) == Start(40, 0, '"v"')


@pytest.mark.parametrize(
    "said",
    ["bytes 0-99/100", "bytes 39-99/100", "bytes 40-100/*", "bytes 40-99/100 ", "bytes 40-99", " bytes 40-99/100", "40-99/100"],
)
def test_another_range_is_tried_again(said: str) -> None:
    with pytest.raises(Unreachable):
        start(206, {"content-range": said}, 40, 100)
    with pytest.raises(Unreachable):
        start(206, {"content-range": "bytes 0-99/100"}, 0, 100)  # nobody asked for a part


@pytest.mark.parametrize("said", ["99", "-100", "1e2", "\u0661\u0660\u0660", "", "100 ", "0"])
def test_a_whole_answer_of_another_length_is_refused(said: str) -> None:
    with pytest.raises(Refused):
        start(200, {"content-length": said}, 0, 100)
    assert start(200, {"content-length": "100"}, 0, 100) == start(200, {}, 0, 100) == Start(0, 0, "")


@pytest.mark.parametrize("status", [400, 401, 402, 405, 409, 411, 199, 201, 204, 205, 207, 503])
def test_an_answer_that_is_neither_whole_nor_the_rest_is_not_read(status: int) -> None:
    with pytest.raises(Unreachable) as told:
        start(status, {"content-length": "100", "content-range": "bytes 40-99/100"}, 40, 100)
    assert not isinstance(told.value, Missing), "the file may be there the next time"


@pytest.mark.parametrize(
    ("count", "size", "total", "fits"), [(1, 4, 4, True), (2, 4, 5, True), (1, 4, 5, False), (2, 4, 4, False), (1, -4, 4, False)]
)
def test_there_is_a_hash_for_each_piece(count: int, size: int, total: int, fits: bool) -> None:
    if fits:
        assert Chunks(["00"] * count, size, total).total == total
    else:
        with pytest.raises(Refused):
            Chunks(["00"] * count, size, total)


def test_without_hashes_only_the_length_is_judged_and_nothing_is_called_good() -> None:
    chunks = Chunks([], 0, 3)
    assert chunks.feed(b"ab") and chunks.feed(b"c") and (chunks.seen, chunks.good) == (3, 0)
    assert chunks.feed(b"")
    with pytest.raises(Refused):
        chunks.feed(b"d")


def test_a_second_piece_is_judged_by_itself() -> None:
    """By its own bytes and its own hash, of which as many digits count as were signed."""
    content = b"abcdef"
    for digits in (8, 64):
        chunks = Chunks(_hashes(content, 3, digits), 3, 6)
        assert chunks.feed(b"abc") and chunks.good == 3 and not chunks.feed(b"deX") and chunks.good == 3
    assert not Chunks(_hashes(b"defabc", 3), 3, 6).feed(content), "in their order"
