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
