"""The hub's journal of editions."""

from __future__ import annotations

from pathlib import Path

from content_cache.publish import journal
from content_cache.publish.edition import NewFile


def whole(serial: int) -> NewFile:
    return NewFile(f"catalogue-{serial}.zst", b"w" * 10, {"serial": serial, "date": "2026-11-22", "services": serial})


def test_the_newest_stands_first_and_no_more_than_twenty_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    for serial in range(1, 25):
        journal.note(path, [whole(serial)])
    assert [one["serial"] for one in journal.read(path)] == list(range(24, 4, -1))


def test_the_patch_told_is_the_one_from_the_version_before(tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    steps = [NewFile(f"patch-{base}-5.zst", b"p" * base, {"from": base, "to": 5}) for base in (2, 3, 4)]
    journal.note(path, [whole(5), *steps])
    assert journal.read(path)[0]["patch"] == 4


def test_a_journal_that_is_lost_or_damaged_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "versions.json"
    assert journal.read(path) == []
    for damaged in ('{"not": "a list"}', '[{"serial": 1', ""):
        path.write_text(damaged)
        journal.note(path, [whole(1)])
        assert [one["serial"] for one in journal.read(path)] == [1]
