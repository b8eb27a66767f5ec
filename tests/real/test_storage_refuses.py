"""Every writer of a box and of a hub on storage that refuses: nothing acknowledged is lost, what is refused is told, it goes on.

The rows are in tests/real/storage_writers.py, what is done to each in storage_cells.py; docs/benchmarks/storage.md has the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.real import storage_paper
from tests.real.storage_careless import CARELESS
from tests.real.storage_cells import ALL, COLUMNS, Cell, run
from tests.real.storage_writers import ROWS

pytestmark = [pytest.mark.net, pytest.mark.loopback]
TOGETHER = 4
"""Rows at a time: most of a cell is waiting."""
LONGEST = ("publish", "sync", "report store", "outbox", "tickets")
Found = Mapping[str, Mapping[str, Cell]]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Row -> column -> what was seen."""
    if not Path("/dev/loop-control").exists():
        pytest.skip("needs loop devices, to cut a card's power")
    found = defaultdict[str, dict[str, Cell]](dict)
    # The longest first, so that all end together.
    names = sorted(
        (row.name for row in (*ROWS, *CARELESS)), key=lambda name: name not in ("publish", "sync", "report store", "outbox")
    )
    for cell in run(tmp_path_factory.mktemp("storage"), names, TOGETHER):
        found[cell.row][cell.column] = cell
    return found


@pytest.mark.parametrize("row", [row.name for row in ROWS])
def test_r1_nothing_acknowledged_is_lost_and_what_is_refused_is_told(cells: Found, row: str) -> None:
    assert list(cells[row]) == list(COLUMNS)
    assert {column: cell.faults for column, cell in cells[row].items() if cell.faults} == {}


def test_r11_what_is_fetched_is_flushed_before_its_name(cells: Found) -> None:
    for row in ("parts", "downloads", "catalogue store"):
        assert not cells[row]["power cut without -shm"].faults and not cells[row]["cut in mid-rename"].faults
        assert cells[row]["cut in mid-rename"].cuts >= 3


def test_a_cell_without_content_has_its_reason(cells: Found) -> None:
    for row in ROWS:
        for cell in cells[row.name].values():
            assert cell.acknowledged >= 4 or len(cell.told) > len("- because")


@pytest.mark.parametrize(
    ("row", "column", "fault"),
    [
        ("not flushed", "power cut without -shm", "acknowledged and lost"),
        ("not flushed", "cut in mid-rename", "acknowledged and lost"),
        ("not flushed", "full", "OSError"),
        ("in place", "EIO on write", "what nobody wrote"),
        ("in place", "file size limit", "what nobody wrote"),
        ("folder not flushed", "power cut without -shm", "what was replaced"),
        ("silent", "full", "what was replaced"),
        ("silent", "read-only", "what was replaced"),
        ("left behind", "EIO on fsync", "left behind"),
    ],
)
def test_a_careless_writer_is_found_out(cells: Found, row: str, column: str, fault: str) -> None:
    assert any(fault in one for one in cells[row][column].faults), cells[row][column]


@pytest.mark.skipif(ALL, reason="the page counts the cuts of the default run")
def test_the_page_says_what_was_seen(cells: Found) -> None:
    seen = storage_paper.page(cell for row in ROWS for cell in cells[row.name].values())
    assert storage_paper.PAPER.read_text("utf-8") == seen, "make it anew: python -m tests.real.storage_paper"
