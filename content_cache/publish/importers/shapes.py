"""P Shapes of GeoJSON (RFC 7946 section 3.1): the middle of one, and its outline within bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

MOST_POINTS = 500
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_DIGITS = 6
"""Of a degree: a tenth of a metre."""
Point = tuple[float, float]


def centre(untrusted: Any) -> Point | None:
    """(latitude, longitude): the middle of the box around it. None where it cannot be read."""
    points = _points(untrusted)
    if not points:
        return None
    middle = [(min(axis) + max(axis)) / 2 for axis in zip(*points, strict=True)]
    return round(middle[1], _DIGITS), round(middle[0], _DIGITS)


def outline(untrusted: Any) -> str:
    """Its geometry as compact GeoJSON; "" for a point, for what cannot be read, or for more than ``MOST_POINTS`` points."""
    points = _points(untrusted)
    if not points or len(points) > MOST_POINTS or untrusted["type"] in ("Point", "MultiPoint"):
        return ""
    shape = {"type": untrusted["type"], "coordinates": _rounded(untrusted["coordinates"], _DEPTH[untrusted["type"]])}
    return json.dumps(shape, separators=(",", ":"))


def _points(untrusted: Any) -> list[Point]:
    """All its points as (longitude, latitude); [] where one of them is none."""
    if not isinstance(untrusted, dict) or untrusted.get("type") not in _DEPTH:
        return []
    try:
        return list(_walk(untrusted.get("coordinates"), _DEPTH[untrusted["type"]]))
    except ValueError:
        return []


def _walk(untrusted: Any, depth: int) -> Iterator[Point]:
    if not isinstance(untrusted, list):
        raise ValueError("no list")
    if depth:
        for part in untrusted:
            yield from _walk(part, depth - 1)
        return
    numbers = [c for c in untrusted[:2] if isinstance(c, (int, float)) and not isinstance(c, bool) and math.isfinite(c)]
    if len(numbers) < 2 or abs(numbers[0]) > 180 or abs(numbers[1]) > 90:
        raise ValueError("no point on this Earth")
    yield float(numbers[0]), float(numbers[1])


def _rounded(coordinates: Any, depth: int) -> Any:
    if depth:
        return [_rounded(part, depth - 1) for part in coordinates]
    return [round(float(c), _DIGITS) for c in coordinates[:2]]
