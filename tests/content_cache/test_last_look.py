"""What the last look left behind: whatever stands in its file, a box looks again."""

from __future__ import annotations

from pathlib import Path

import pytest

from content_cache.due import Last, is_due
from content_cache.last_look import last_look, last_look_file
from tests.content_cache.site import place


@pytest.mark.parametrize("number", ["9" * 400, "NaN", "1e999", "-1e999", "null", '"soon"', "[1]", "{}"])
@pytest.mark.parametrize("name", ["succeeded", "refused", "waited", "saved"])
def test_r5_an_odd_number_in_the_file_is_as_no_look_at_all(tmp_path: Path, name: str, number: str) -> None:
    layout = place(tmp_path)
    last_look_file(layout).write_text(f'{{"{name}": {number}}}')
    assert last_look(layout) == Last()
    assert is_due(last_look(layout), 1.8e9, 3600, asked=False)


def test_what_was_kept_is_read(tmp_path: Path) -> None:
    layout = place(tmp_path)
    last_look_file(layout).write_text('{"succeeded": 1000, "refused": 2000.5}')
    assert last_look(layout) == Last(succeeded=1000.0, refused=2000.5)
