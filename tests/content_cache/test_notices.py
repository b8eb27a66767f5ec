"""What the hub tells a camp at once: the file's form, whatever comes in its place, and what a box keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import facts
from appliance.emergency import Number
from appliance.errors import BadInput, Refused, Unreachable
from content_cache import notice_board, notices
from content_cache.notices import Board, Notice
from tests.content_cache.site import place

WATER = Notice(
    "a1b2c3d4", "Camp management", "2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z", "urgent", "en",
    {"en": "No water in block 5 today.", "ar": "لا ماء في القطاع 5 اليوم."},
)  # fmt: skip
BOARD = Board((WATER,), (Number("police", "911"),), ("a" * 64,))


class Hub:
    """Stands for a signed repository with one small target, or with a problem."""

    def __init__(self, content: bytes | None = None, problem: Exception | None = None) -> None:
        self.content, self.problem = content, problem

    def small(self, name: str, limit: int) -> bytes | None:
        assert (name, limit) == (notices.NAME, notices.LARGEST)
        if self.problem:
            raise self.problem
        return self.content


def changed(**values: Any) -> bytes:
    """The file with one notice that has other values; a value of ``...`` is left out."""
    told = json.loads(notices.write(BOARD))
    told["notices"][0].update(values)
    told["notices"][0] = {name: value for name, value in told["notices"][0].items() if value is not ...}
    return json.dumps(told).encode()


def test_what_is_written_is_read_again() -> None:
    assert notices.read(notices.write(BOARD)) == BOARD


def test_what_a_newer_hub_adds_is_passed_over() -> None:
    told = json.loads(notices.write(BOARD)) | {"posters": [1]}
    told["notices"][0]["boxes"] = ["b"]
    assert notices.read(json.dumps(told).encode()) == BOARD


@pytest.mark.parametrize(
    "values",
    [
        {"id": "../etc"}, {"priority": "loud"}, {"date": "today"}, {"expires": "2026-11-22T08:00:00Z"}, {"texts": {}},
        {"texts": {"en": "x" * 301}}, {"texts": {"en": ""}}, {"texts": {"en": "two\nlines"}},
        {"texts": {"en": "turned \u202e round"}},
        {"texts": {"<b>": "x", "en": "x"}}, {"written": "fr"}, {"source": " "}, {"source": ...}, {"expires": None},
    ],
)  # fmt: skip
def test_a_notice_that_lacks_its_form_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        notices.read(changed(**values))


@pytest.mark.parametrize("number", ["٩١١", "", "call me", "9" * 30, 911, "911;ext=1"])
def test_a_number_that_cannot_be_dialled_is_refused(number: object) -> None:
    with pytest.raises(BadInput):
        notices.number({"kind": "police", "number": number})


def test_more_notices_than_a_page_can_bear_are_refused() -> None:
    many = tuple(replace(WATER, id=f"a1b2c3d{n}") for n in range(6))
    with pytest.raises(BadInput):
        notices.write(Board(many))
    with pytest.raises(BadInput):
        notices.write(Board((WATER, WATER)))


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_whatever_comes_in_its_place_is_a_board_or_refused(untrusted: bytes) -> None:
    try:
        assert isinstance(notices.read(untrusted), Board)
    except BadInput as error:
        assert error.mend


@given(st.dictionaries(st.sampled_from(["id", "source", "date", "expires", "priority", "written", "texts"]), st.text() | st.none()))
def test_a_notice_with_any_values_is_taken_or_refused(values: dict[str, Any]) -> None:
    try:
        notices.read(changed(**values))
    except BadInput as error:
        assert error.mend


def test_the_urgent_stands_first_then_the_newest() -> None:
    info = replace(WATER, id="c" * 8, priority="info", date="2026-11-22T09:00:00Z")
    newer = replace(WATER, id="b" * 8, date="2026-11-22T09:00:00Z")
    assert notices.ordered([info, WATER, newer]) == [newer, WATER, info]


def test_a_box_keeps_what_it_takes_and_tells_it_also_after_a_start_without_a_hub(tmp_path: Path) -> None:
    layout = place(tmp_path)
    notice_board.take(Hub(notices.write(BOARD)), layout)
    told = facts.read(layout, "notices")
    assert told["notices"][0]["texts"]["ar"] == WATER.texts["ar"] and "released" not in told
    assert notice_board.released(layout) == {"a" * 64}
    layout.facts("notices").unlink()
    notice_board.tell(layout)
    assert facts.read(layout, "notices") == told


def test_a_withdrawn_notice_is_gone_with_the_next_look(tmp_path: Path) -> None:
    layout = place(tmp_path)
    notice_board.take(Hub(notices.write(BOARD)), layout)
    notice_board.take(Hub(notices.write(Board())), layout)
    assert facts.read(layout, "notices")["notices"] == []
    notice_board.take(Hub(notices.write(BOARD)), layout)
    notice_board.take(Hub(None), layout)
    assert facts.read(layout, "notices")["notices"] == [] and notice_board.stored(layout) == Board()


@pytest.mark.parametrize("hub", [Hub(b"{}"), Hub(problem=Refused("too large"))])
def test_a_bad_file_leaves_the_notices_before_and_the_look_goes_on(tmp_path: Path, hub: Hub) -> None:
    layout = place(tmp_path)
    notice_board.take(Hub(notices.write(BOARD)), layout)
    notice_board.take(hub, layout)
    assert len(facts.read(layout, "notices")["notices"]) == 1 and notice_board.stored(layout) == BOARD


def test_a_hub_that_is_away_leaves_everything_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        notice_board.take(Hub(problem=Unreachable("gone")), place(tmp_path))


def test_a_damaged_file_on_disk_is_an_empty_board(tmp_path: Path) -> None:
    layout = place(tmp_path)
    notice_board.file(layout).write_bytes(b"\x00\x00")
    notice_board.tell(layout)
    assert facts.read(layout, "notices")["notices"] == []


def test_facts_that_have_not_changed_are_not_written_again(tmp_path: Path) -> None:
    layout = place(tmp_path)
    notice_board.take(Hub(notices.write(BOARD)), layout)
    before = layout.facts("notices").stat().st_ino
    notice_board.take(Hub(notices.write(BOARD)), layout)
    assert layout.facts("notices").stat().st_ino == before


@pytest.mark.parametrize("half", ["\\ud800", "a\\udfff", "\\udc00\\ud800"])
def test_r5_half_a_letter_that_no_page_can_write_is_refused(half: str) -> None:
    whole = changed().decode()
    for name, text in (("texts", f'{{"en": "{half}"}}'), ("source", f'"{half}"')):
        told = json.loads(whole)
        told["notices"][0] |= {"written": "en", "texts": {"en": "x"}, name: "HERE"}
        with pytest.raises(BadInput):
            notices.read(json.dumps(told).replace('"HERE"', text).encode())
