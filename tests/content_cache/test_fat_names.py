"""Names on a stick: what is let through can stand on FAT32 and exFAT, and on every system that reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.fat_names import LARGEST_FILE, problem, twins

FORBIDDEN = set('"*/:<>?\\|') | {chr(code) for code in range(32)} | {"\x7f"}
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{number}" for name in ("com", "lpt") for number in range(10))}


@pytest.mark.parametrize(
    "path",
    ["metadata/12.targets.json", f"targets/{'a' * 64}.catalogue-7.zst", f"targets/orgs/{'0' * 8}-x/{'b' * 64}.services.jsonl"],
)
def test_what_is_published_can_stand_on_a_stick(path: str) -> None:
    assert problem(f"campbox/{path}", 1_000) == ""


_BAD = (
    "", "a//b", "/a", "a/", "..", "a/../b", ".hidden", "a.", "a ", "CON", "nul.json", "aux/x", "a:b", "é", "a\u202eb", "x" * 201,
    "a/" * 130 + "a",
)  # fmt: skip


@pytest.mark.parametrize("path", _BAD)
def test_what_cannot_is_named(path: str) -> None:
    assert problem(path)


def test_a_file_of_four_gigabytes_is_too_large() -> None:
    assert problem("a", LARGEST_FILE) == "" != problem("a", LARGEST_FILE + 1)


@given(st.text("ab.CON0-_ /\\:*~\u00e9", max_size=12) | st.text(max_size=300))
def test_every_name_that_is_let_through_is_legal_on_fat(path: str) -> None:
    if problem(path) == "":
        for name in path.split("/"):
            assert 0 < len(name) <= 255 and not set(name) & FORBIDDEN and name.isascii()
            assert name not in (".", "..") and not name.endswith((".", " ")) and name.split(".")[0].lower() not in RESERVED


def test_paths_that_differ_in_case_alone_are_found() -> None:
    assert twins(["a/b", "A/b", "a/c"]) == ["A/b"] and twins(["a", "b"]) == []
