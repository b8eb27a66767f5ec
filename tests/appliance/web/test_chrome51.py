"""The box's style sheets hold nothing that Android 7's WebView does not understand; and the check would find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.appliance.web.chrome51 import KNOWN, not_understood, rules

PROJECT = Path(__file__).resolve().parents[3]
SHEETS = sorted(path for name in ("appliance", "captive_portal", "content_cache") for path in (PROJECT / name).rglob("*.css"))
"""What phones get. The hub's pages are for desks and are not held to it."""


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_every_sheet_of_the_box_is_understood_by_chrome_51(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(list(rules(text))) > 50
    assert not_understood(text) == []


@pytest.mark.parametrize(
    ("sheet", "word"),
    [
        ("p { inset: 0 }", "inset"),
        ("p { margin-inline-start: 1rem }", "margin-inline-start"),
        ("p { margin-inline-start: 1rem; margin-left: 1rem }", "margin-inline-start"),
        ("p { display: grid }", "grid"),
        ("p { display: grid; display: block }", "grid"),
        (".row { display: flex; gap: 1rem }", "gap"),
        ("@media (min-width: 20rem) { p { aspect-ratio: 1 } }", "aspect-ratio"),
        ("p:is(.a, .b) { color: red }", ":is"),
        ("a:focus-visible { color: red }", ":focus-visible"),
        ("p:not(.a, .b) { color: red }", ":not"),
        ("p { width: min(10rem, 50%) }", "min("),
        ("p { color: #11223344 }", "#11223344"),
        ("p { position: sticky; top: 0 }", "sticky"),
        ("p { height: 100dvh }", "dvh"),
        ("@font-face { font-family: x; src: url(x.woff2) }", "@font-face"),
        ("@layer a { p { color: red } }", "@layer"),
        ("@media (width >= 20rem) { p { color: red } }", "@media"),
        ("p { font-family: system-ui }", "font-family"),
        ("p { some-new-thing: 1 }", "some-new-thing"),
    ],
)
def test_what_is_too_new_is_found(sheet: str, word: str) -> None:
    assert any(word in fault for fault in not_understood(sheet)), not_understood(sheet)


@pytest.mark.parametrize(
    "sheet",
    [
        "p { margin-left: 1rem; margin-inline-start: 1rem }",
        "p { top: 0; right: 0; inset: 0 }",
        "p { display: block; display: grid }",
        "p { height: 100vh; height: 100dvh }",
        "p { -webkit-appearance: none; appearance: none }",
        "p { --new: min(1px, 2px) }",
        '/* inset: 0 */ p::before { content: "grid; inset: 0" }',
        "p { font: 1rem system-ui, Roboto, sans-serif }",
    ],
)
def test_what_has_something_older_before_it_passes(sheet: str) -> None:
    assert not_understood(sheet) == []


@given(st.text(alphabet="ab{}:;@/*\"'() -#0\n", max_size=200))
def test_no_sheet_breaks_the_reader_or_hides_what_stands_before_it(sheet: str) -> None:
    alone = not_understood("p { inset: 0 }")
    assert len(alone) == 1
    assert alone[0] in not_understood("p { inset: 0 }\n" + sheet)


def test_the_known_ones_are_written_once_and_in_order() -> None:
    ours = sorted(name for name in KNOWN if not name.startswith("-"))
    assert "gap" not in ours and "inset" not in ours and "grid" not in ours and len(ours) > 60
