"""The style sheet and the icons: what Android 7's Chrome 51 understands, colours people can read, and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[3] / "appliance" / "web"
STYLE = (WEB / "static" / "style.css").read_text()
RULES = re.sub(r"/\*.*?\*/", "", STYLE, flags=re.DOTALL)
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", RULES))


def test_nothing_newer_than_chrome_51_is_needed() -> None:
    newer = (
        r"grid|\bgap:|inline-(?:start|end)|block-(?:start|end)|\binset\b|:is\(|:where\(|:has\(|clamp\(|@layer|aspect-ratio"
        r"|:focus-visible"
    )
    assert re.findall(newer, RULES) == []


def test_no_font_or_picture_is_fetched() -> None:
    assert "@font-face" not in RULES and "url(" not in RULES and "@import" not in RULES


def test_what_is_set_on_one_side_is_turned_round_for_right_to_left() -> None:
    one_sided = re.findall(r"^([^\n{@]+)\{[^}]*\b(?:margin|padding)-(?:left|right):", RULES, flags=re.MULTILINE)
    ours = [selector.strip() for selector in one_sided if "rtl" not in selector and selector.strip() != ".wrap"]
    for selector in ours:
        assert f'[dir="rtl"] {selector}' in RULES, selector


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "ground"), ("ink", "card"), ("ink", "tint"), ("soft", "ground"), ("soft", "card"), ("soft", "tint"),
        ("main", "card"), ("main", "ground"), ("main", "tint"), ("alarm", "ground"), ("alarm", "alarm-tint"), ("good", "good-tint"),
    ],
)  # fmt: skip
def test_colours_have_the_contrast_of_wcag_aa(ink: str, ground: str) -> None:
    assert contrast(COLOURS[ink], COLOURS[ground]) >= 4.5


@pytest.mark.parametrize("ground", ["main", "main-dark"])
def test_white_words_on_the_main_colour_can_be_read(ground: str) -> None:
    assert contrast("#fff", COLOURS[ground]) >= 7


def test_the_measure_of_contrast_is_the_standards() -> None:
    assert round(contrast("#000", "#fff"), 1) == 21.0
    assert round(contrast("#777", "#ffffff"), 2) == 4.48


def test_style_is_small() -> None:
    assert len(STYLE) < 16_000


@pytest.mark.parametrize("path", sorted((WEB / "icons").glob("*.svg")), ids=lambda path: path.stem)
def test_an_icon_is_only_a_shape(path: Path) -> None:
    text = path.read_text()
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="')
    assert re.findall(r"<(\w+)", text)[1:] and set(re.findall(r"<(\w+)", text)) <= {
        "svg",
        "g",
        "path",
        "circle",
        "rect",
        "polygon",
        "ellipse",
    }
    assert not re.search(r"\bid=|fill=|style=|href", text)
    assert len(text) < 2_000


def test_icons_carry_their_licence() -> None:
    assert "public domain" in (WEB / "icons" / "LICENCE.txt").read_text()
