"""The small map: distances as on the ground, nearest first, nothing drawn outside it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_cache.geometry import FARTHEST, HEIGHT, WIDTH, Ground, Neighbour, metres, offset, sketch, told

POINTS = st.tuples(st.floats(-70, 70), st.floats(-180, 180))


def haversine(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The long way round, on a sphere."""
    lat, lon, lat2, lon2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))


@given(POINTS, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_distances_agree_with_the_sphere_within_a_camp_and_its_town(point: tuple[float, float], north: float, east: float) -> None:
    other = (point[0] + north, point[1] + east)
    assert metres(point, other) == pytest.approx(haversine(point, other), rel=0.005, abs=1)


def test_east_stays_east_across_the_date_line() -> None:
    assert offset((0, 179.999), (0, -179.999)) == pytest.approx((222.4, 0), abs=0.1)


def test_the_nearest_come_first_and_one_point_is_named_once() -> None:
    points = {"here": (0.0, 0.0), "gate": (0.0, 0.002), "tap": (0.001, 0.0), "twin": (0.001, 0.0), "city": (5.0, 5.0)}
    near = Ground(points).neighbours("here")
    assert [one.id for one in near] == ["tap", "gate"]
    assert near[0].metres == pytest.approx(111.2, abs=0.1)


@given(st.dictionaries(st.integers(0, 99).map(str), st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)), min_size=1))
def test_the_growing_circle_finds_what_a_look_at_every_point_finds(points: dict[str, tuple[float, float]]) -> None:
    place = min(points)
    plain = sorted(metres(points[place], point) for point in set(points.values()) - {points[place]})
    expected = [far for far in plain if far <= FARTHEST][:3]
    assert [one.metres for one in Ground(points).neighbours(place)] == expected


def test_a_place_alone_has_no_map() -> None:
    ground = Ground({"here": (1.0, 1.0), "far": (2.0, 1.0)})
    assert ground.neighbours("here") == () and sketch("here", ground, ()) is None


@given(st.dictionaries(st.integers(0, 99).map(str), st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)), min_size=2))
def test_nothing_is_drawn_outside_the_map(points: dict[str, tuple[float, float]]) -> None:
    place = min(points)
    ground = Ground(points)
    drawn = sketch(place, ground, ground.neighbours(place))
    for dot in (drawn.here, *drawn.named, *drawn.others) if drawn else ():
        assert 0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT
    assert drawn is None or 0 < drawn.bar <= WIDTH / 4 + 1


def test_north_is_up_and_east_is_right() -> None:
    points = {"here": (0.0, 0.0), "north": (0.002, 0.0), "east": (0.0, 0.003)}
    drawn = sketch("here", Ground(points), (Neighbour("north", 222.0), Neighbour("east", 333.0)))
    assert drawn is not None
    north, east = drawn.named
    assert north.y < drawn.here.y and north.x == drawn.here.x and east.x > drawn.here.x and east.y == drawn.here.y


@pytest.mark.parametrize(("far", "said"), [(3.0, 10), (124.0, 120), (996.0, 1000), (1234.0, 1200)])
def test_metres_are_told_round(far: float, said: int) -> None:
    assert told(far) == said
