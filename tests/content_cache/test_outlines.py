"""Shapes of places on the map: what GeoJSON says, and nothing that is no shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.geometry import HEIGHT, WIDTH, Ground, sketch
from content_cache.outlines import MOST_POINTS, path, read

RING = [[35.0, 32.0], [35.001, 32.0], [35.001, 32.001], [35.0, 32.0]]


def test_rings_and_lines_are_read_latitude_first() -> None:
    ring = ((32.0, 35.0), (32.0, 35.001), (32.001, 35.001), (32.0, 35.0))
    assert read(json.dumps({"type": "Polygon", "coordinates": [RING]})) == (ring,)
    assert read(json.dumps({"type": "MultiPolygon", "coordinates": [[RING], [RING]]})) == (ring, ring)
    assert read(json.dumps({"type": "LineString", "coordinates": RING})) == (ring,)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"type": "Polygon"}', '{"type": "Circle", "coordinates": []}',
        '{"type": "Polygon", "coordinates": 5}', '{"type": "LineString", "coordinates": [[1, "x"]]}',
        '{"type": "LineString", "coordinates": [[1, 91], [1, 2]]}', '{"type": "LineString", "coordinates": [[NaN, 1], [1, 2]]}',
        json.dumps({"type": "LineString", "coordinates": [[1, 1]] * (MOST_POINTS + 1)}), "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_shape_is_not_drawn(text: str) -> None:
    assert read(text) == ()


@given(st.text(max_size=60) | st.recursive(st.none() | st.floats() | st.text(max_size=5), st.lists, max_leaves=20).map(json.dumps))
def test_no_text_breaks_the_page(text: str) -> None:
    read(text)
    for line in read(f'{{"type": "Polygon", "coordinates": {text}}}'):
        assert all(abs(latitude) <= 90 and abs(longitude) <= 180 for latitude, longitude in line)


POSITIONS = st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(list)


@given(st.lists(POSITIONS, max_size=6), st.lists(POSITIONS, max_size=6))
def test_a_shape_is_drawn_whole_or_not_at_all(ring: list[list[float]], hole: list[list[float]]) -> None:
    found = read(json.dumps({"type": "Polygon", "coordinates": [ring, hole]}))
    inside = all(abs(longitude) <= 180 and abs(latitude) <= 90 for longitude, latitude in (*ring, *hole))
    assert found == (tuple(tuple((lat, lon) for lon, lat in line) for line in (ring, hole)) if inside else ())


def test_a_path_has_no_more_points_than_the_map_can_show() -> None:
    assert path((((0.0, 0.0), (0.1, 0.0), (5.0, 5.0)),), lambda point: (int(point[0]), int(point[1]))) == "M0 0L5 5"
    assert path((((0.0, 0.0), (0.1, 0.0)),), lambda point: (0, 0)) == ""


@given(st.tuples(st.floats(-90, 90), st.floats(-180, 180)))
def test_no_point_is_drawn_far_outside_the_map(point: tuple[float, float]) -> None:
    ground = Ground({"here": (0.0, 0.0), "there": (0.001, 0.0)})
    drawn = sketch("here", ground, ground.neighbours("here"))
    assert drawn is not None
    x, y = drawn.at(point)
    assert -WIDTH <= x <= 2 * WIDTH and -HEIGHT <= y <= 2 * HEIGHT
