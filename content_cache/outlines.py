"""P Shapes of places: GeoJSON geometries (RFC 7946 section 3.1) of the catalogue -> lines on a small map."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from content_cache.geometry import Point

Line = tuple[Point, ...]
MOST_POINTS = 500
_DEPTH = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Lists between ``coordinates`` and a position."""


def read(untrusted: str) -> tuple[Line, ...]:
    """Its lines and rings; none for what is no shape, or too large to be drawn on a phone."""
    try:
        found = json.loads(untrusted)
        lines = _lines(found["coordinates"], _DEPTH[found["type"]])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return ()
    return tuple(lines) if sum(map(len, lines)) <= MOST_POINTS else ()


def _lines(value: Any, depth: int) -> list[Line]:
    if depth > 1:
        return [line for part in value for line in _lines(part, depth - 1)]
    return [tuple(_point(position) for position in value)]


def _point(position: Any) -> Point:
    longitude, latitude = float(position[0]), float(position[1])
    if not (math.isfinite(latitude) and abs(latitude) <= 90 and math.isfinite(longitude) and abs(longitude) <= 180):
        raise ValueError("no point of this world")
    return latitude, longitude


def path(lines: tuple[Line, ...], place: Callable[[Point], tuple[int, int]]) -> str:
    """The ``d`` of an SVG path, in the map's whole units; points that fall together are drawn once."""
    drawn = []
    for line in lines:
        dots = [place(point) for point in line]
        kept = [dot for at, dot in enumerate(dots) if at == 0 or dot != dots[at - 1]]
        if len(kept) > 1:
            drawn.append("M" + "L".join(f"{x} {y}" for x, y in kept))
    return "".join(drawn)
