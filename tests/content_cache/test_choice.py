"""Which file is fetched, in which order, and whether there is room and volume for it."""

from __future__ import annotations

import pytest

from content_cache.choice import MARGIN, STORE_FACTOR, Choice, affordable, choices, room
from content_cache.targets import Edition, File, Offer, Patch


def file(length: int, name: str = "full.zst") -> File:
    return File(name, length, "a" * 64, 32_768, ())


EDITION = Edition(file(1_000), 7, "b" * 64, 5_000, 3, False, "2026-11-22T01:02:03Z")


def offer(patch: int) -> Offer:
    return Offer(EDITION, {6: Patch(file(patch, "patch.zst"), 6, 7)})


def test_a_patch_comes_first_and_the_whole_stands_behind_it() -> None:
    assert choices(offer(10), 6) == (Choice(file(10, "patch.zst"), 6), Choice(EDITION.file, 0))


@pytest.mark.parametrize(("length", "ways"), [(999, 2), (1_000, 1), (1_001, 1)])
def test_a_patch_that_is_no_smaller_than_the_whole_is_not_worth_it(length: int, ways: int) -> None:
    assert len(choices(offer(length), 6)) == ways and choices(offer(length), 6)[-1] == Choice(EDITION.file)


@pytest.mark.parametrize("base", [0, 5])
def test_without_the_base_of_a_patch_there_is_only_the_whole(base: int) -> None:
    assert choices(offer(10), base) == (Choice(EDITION.file),)


def test_no_patch_is_laid_over_nothing() -> None:
    """Serial 0 stands for no snapshot at all: a patch that claims to start there has nothing to start from."""
    assert choices(Offer(EDITION, {0: Patch(file(10, "patch.zst"), 0, 7)}), 0) == (Choice(EDITION.file),)


def test_room_is_for_the_store_and_the_snapshot_beside_it() -> None:
    assert (STORE_FACTOR, MARGIN) == (8, 20_000_000) and room(EDITION) == 45_000


@pytest.mark.parametrize(
    ("have", "left", "enough"),
    [(0, None, True), (0, 1_000, True), (0, 999, False), (400, 600, True), (400, 599, False), (0, 0, False)],
)
def test_a_file_is_begun_only_when_the_volume_is_enough_for_its_rest(have: int, left: int | None, enough: bool) -> None:
    assert affordable(EDITION.file, have, left) is enough
