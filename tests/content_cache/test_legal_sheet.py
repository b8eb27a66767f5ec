"""The reviewer's work sheet: whole, of the table's day, and in the words of the page."""

from __future__ import annotations

from dataclasses import replace

from babel import Locale

from content_cache.legal import LAWS, Review
from content_cache.legal.sheet import NONE_FOUND, sheet
from tests import golden_files
from tests.content_cache.data import PROJECT

PAPER = PROJECT / "docs" / "review" / "law.md"
NAMES = dict(Locale("en").territories)


def test_the_paper_in_docs_is_made_from_the_table() -> None:
    golden_files.same(PAPER, sheet(LAWS, NAMES))


def test_a_lawyer_finds_every_fact_of_her_country_once_with_room_for_an_answer() -> None:
    for code, law in LAWS.items():
        part = sheet({code: law}, NAMES)
        assert part.count(" | |\n") == len(law.parties) + len(law.statutes), code
        assert part.count(NONE_FOUND) == sum(statute.source is None for statute in law.statutes)
        assert f"## {NAMES[code]}\n\nNot passed by anybody yet." in part and "Signature:" in part


def test_what_was_passed_names_who_passed_it() -> None:
    read = replace(LAWS["UG"], review=Review("A. Reader, advocate", "2026-11-22"))
    assert "Passed by A. Reader, advocate on 2026-11-22." in sheet({"UG": read}, NAMES)
