"""P Results as a picture (SVG 1.1): how much of each budget is used, one bar each, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from provisioning.bench.report import Result, number

WIDTH, NAMES, ROW = 860, 430, 26
LEAST, MOST = 0.001, 10.0
"""Parts of a budget at the left and the right end; whatever is less or more is drawn there."""
_GREEN, _RED, _GREY = "#1b7f4d", "#b3261e", "#5f6b76"


def used(result: Result) -> float | None:
    """Which part of its budget a figure uses up: 1 is all of it, 0.1 a tenth. None without one, or where only zero is allowed."""
    if result.budget is None or result.budget.op == "==":
        return None
    parts = (result.value, result.budget.value) if result.budget.op == "<=" else (result.budget.value, result.value)
    return math.inf if parts[1] == 0 else parts[0] / parts[1]


def plot(title: str, results: Sequence[Result]) -> str:
    """One picture, readable on light and dark pages alike."""
    bars = [(result, part) for result in results if (part := used(result)) is not None]
    height = 70 + ROW * len(bars)
    limit, top = _place(1.0), 44
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" fill="#1c2329">{escape(title)}</text>',
        *(_scale(part, top, height) for part in (0.001, 0.01, 0.1, 10.0)),
        f'<line x1="{limit:g}" y1="{top - 6}" x2="{limit:g}" y2="{height - 22}" stroke="#1c2329" stroke-width="2"/>',
    ]
    for row, (result, part) in enumerate(bars):
        lines += _bar(result, part, top + ROW * row)
    lines += [
        f'<text x="{limit:g}" y="{height - 8}" text-anchor="middle" fill="#1c2329">budget</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _place(part: float) -> float:
    """Where on the picture a part of a budget stands."""
    inside = min(MOST, max(LEAST, part))
    return round(NAMES + (WIDTH - NAMES - 60) * math.log10(inside / LEAST) / math.log10(MOST / LEAST), 1)


def _scale(part: float, top: int, height: int) -> str:
    x = _place(part)
    return (
        f'<line x1="{x:g}" y1="{top - 6}" x2="{x:g}" y2="{height - 22}" stroke="#d5dade"/>'
        f'<text x="{x:g}" y="{height - 8}" text-anchor="middle" fill="{_GREY}">{part * 100:g} %</text>'
    )


def _bar(result: Result, part: float, y: int) -> list[str]:
    begin, end = _place(LEAST), _place(part)
    name = result.name.partition(" (")[0]
    return [
        f'<text x="{NAMES - 8}" y="{y + 13}" text-anchor="end" fill="#1c2329">{escape(name)}</text>',
        f'<rect x="{begin:g}" y="{y + 2}" width="{max(2, end - begin):g}" height="15" fill="{_GREEN if result.met else _RED}"/>',
        f'<text x="{max(end, begin + 2) + 5:g}" y="{y + 13}" fill="#1c2329" stroke="#ffffff" stroke-width="3" paint-order="stroke">'
        f"{escape(f'{number(result.value)} {result.unit}'.strip())}</text>",
    ]
