"""The model that judges what readers see can object, to each of the three things it must never see."""

from __future__ import annotations

import pytest

from content_cache.catalogue_store import About
from tests.content_cache.reader_model import Reader, Seen

ONE, TWO = About(1, "aa", {}, 10), About(2, "bb", {}, 12)


@pytest.fixture
def reader() -> Reader:
    made = Reader({1: ("aa", (10,)), 2: ("bb", (12,))})
    assert made.objection(Seen(None, (0,), None)) == "" == made.objection(Seen(ONE, (10,), ONE))
    return made


def test_versions_may_follow_each_other_also_during_a_look(reader: Reader) -> None:
    assert reader.objection(Seen(ONE, (12,), TWO)) == reader.objection(Seen(TWO, (12,), TWO)) == ""
    assert reader.versions == {1, 2} and reader.looks == 4


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (Seen(None, (0,), None), "nothing"),
        (Seen(ONE, (10,), None), "nothing"),
        (Seen(ONE, (11,), ONE), "holds"),
        (Seen(About(1, "bb", {}, 10), (10,), About(1, "bb", {}, 10)), "holds"),
        (Seen(About(3, "cc", {}, 10), (10,), About(3, "cc", {}, 10)), "never published"),
    ],
)
def test_it_objects(reader: Reader, seen: Seen, why: str) -> None:
    assert why in reader.objection(seen)


def test_it_objects_to_an_older_version(reader: Reader) -> None:
    reader.objection(Seen(TWO, (12,), TWO))
    assert "after 2" in reader.objection(Seen(ONE, (10,), ONE))
