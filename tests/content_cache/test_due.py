"""When a box looks, and what it does not take."""

from __future__ import annotations

import pytest

from content_cache.due import AFTER_REFUSAL, Last, is_due, objection

HOUR = 3600


@pytest.mark.parametrize(
    ("last", "now", "asked", "due"),
    [
        (Last(), 1000.0, False, True),
        (Last(succeeded=1000.0), 1000.0 + HOUR - 1, False, False),
        (Last(succeeded=1000.0), 1000.0 + HOUR, False, True),
        (Last(succeeded=1000.0), 1001.0, True, True),
        (Last(succeeded=1000.0), 900.0, False, True),
        (Last(refused=1000.0), 1000.0 + AFTER_REFUSAL - 1, False, False),
        (Last(refused=1000.0), 1000.0 + AFTER_REFUSAL, False, True),
        (Last(succeeded=500.0, refused=1000.0), 1000.0 + AFTER_REFUSAL - 1, False, False),
    ],
)
def test_it_looks_when_due(last: Last, now: float, asked: bool, due: bool) -> None:
    assert is_due(last, now, HOUR, asked=asked) is due


def test_a_sample_is_only_for_a_demo() -> None:
    assert "invented" in objection(75, True, None, False)
    assert objection(75, True, None, True) == ""


@pytest.mark.parametrize(("stored", "offered", "held"), [(100, 70, False), (100, 69, True), (None, 0, False), (100, 200, False)])
def test_a_catalogue_that_shrinks_by_more_than_thirty_percent_is_held(stored: int | None, offered: int, held: bool) -> None:
    assert objection(offered, False, stored, False).startswith("held") is held
