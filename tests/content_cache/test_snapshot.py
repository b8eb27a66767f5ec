"""The same catalogue always gives the same bytes, and nothing cut, mixed or oversized is read."""

from __future__ import annotations

import dataclasses
import json
import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInput
from content_cache import snapshot
from content_cache.snapshot import Catalogue, read, unpack, write
from tests.content_cache.data import catalogue, many, service

WHOLE = catalogue(service("a", "Clinic", arabic="عيادة"), service("b", "School", need="education"))


def test_the_order_of_records_does_not_matter() -> None:
    records, texts = list(WHOLE.records), list(WHOLE.translations)
    random.Random(5).shuffle(records)
    texts.reverse()
    assert write(Catalogue(WHOLE.header, tuple(records), tuple(texts))) == write(WHOLE)


def test_what_was_written_is_read_again() -> None:
    again = read(write(WHOLE))
    assert again.header == WHOLE.header
    assert sorted(map(repr, again.translations)) == sorted(map(repr, WHOLE.translations))
    assert write(again) == write(WHOLE)


def test_a_licence_is_kept_and_where_none_was_told_the_bytes_are_those_of_before_there_was_one() -> None:
    told = dataclasses.replace(WHOLE, header=dataclasses.replace(WHOLE.header, licence="CC BY 4.0"))
    assert read(write(told)).header.licence == "CC BY 4.0" and b'"licence":"CC BY 4.0"' in write(told)
    assert b"licence" not in write(WHOLE)


def test_the_header_counts_every_line() -> None:
    first, *rest = write(WHOLE).decode().splitlines()
    assert sum(json.loads(first)["counts"].values()) == len(rest)


def test_a_wrong_record_is_not_written() -> None:
    with pytest.raises(BadInput, match="points to nothing"):
        write(Catalogue(WHOLE.header, tuple(r for r in WHOLE.records if r.entity != "location"), ()))


def _lines() -> list[bytes]:
    return write(WHOLE).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (write(WHOLE)[:-1], "cut off"),
        (b"".join(_lines()[:-1]), "do not agree"),
        (b"".join([*_lines(), _lines()[-1]]), "do not agree|twice"),
        (b"".join([b"{}\n", *_lines()[1:]]), "not a catalogue of format"),
        (b"".join([*_lines()[:-1], b"[1]\n"]), "not a JSON object"),
        (b"".join([*_lines()[:-1], b"[" * 100_000 + b"\n"]), "not JSON"),
        (b"".join([*_lines()[:-1], b'"' + b"x" * snapshot.LONGEST_LINE + b'"\n']), "too long"),
    ],
)
def test_what_is_cut_or_mixed_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        read(content)


@given(st.integers(0, len(write(WHOLE)) - 1), st.binary(min_size=1, max_size=4))
def test_any_changed_bytes_are_either_refused_or_still_a_whole_catalogue(place: int, junk: bytes) -> None:
    content = write(WHOLE)
    changed = content[:place] + junk + content[place + len(junk) :]
    try:
        again = read(changed)
    except BadInput:
        return
    assert len(again.records) == len(WHOLE.records)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(junk: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read(junk)
    assert refused.value.mend and "\n" not in str(refused.value)
    try:
        content = unpack(junk)
    except BadInput as error:
        assert error.mend
    else:
        assert len(content) <= snapshot.LARGEST


@given(st.binary(max_size=300), st.binary(max_size=30))
def test_what_is_unpacked_is_what_was_packed_and_a_frame_that_is_cut_gives_no_more(content: bytes, junk: bytes) -> None:
    packed = zstandard.ZstdCompressor().compress(content)
    assert unpack(packed) == content
    for changed in (packed[:-1], packed[: len(packed) // 2] + junk):
        try:
            assert len(unpack(changed)) <= snapshot.LARGEST
        except BadInput as error:
            assert error.mend


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LARGEST", 100_000)
    with pytest.raises(BadInput, match="too large"):
        unpack(zstandard.compress(b"\0" * 10_000_000))


def test_another_header_is_another_snapshot() -> None:
    other = Catalogue(dataclasses.replace(WHOLE.header, sample=True), WHOLE.records, WHOLE.translations)
    assert read(write(other)).header.sample
    assert write(other) != write(WHOLE)


def test_counts_are_by_entity() -> None:
    assert many(7).count("service") == 7
