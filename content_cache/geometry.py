"""P Points of the catalogue -> distances and a small map, drawn from nothing else: no tiles, no outside world."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass

Point = tuple[float, float]
"""Latitude and longitude, WGS 84."""
WIDTH, HEIGHT, MARGIN = 320, 220, 36
_METRE = 6_371_008.8 * math.pi / 180
"""Metres of one degree of latitude, on a sphere: wrong by less than 0.6 %."""
SHORTEST_FRAME = 60.0
FARTHEST = 20_000.0
"""Metres: what is farther away is no help on foot and stands on no map."""
MOST_DOTS = 60


@dataclass(frozen=True)
class Neighbour:
    """Another place: its id and how many metres away it is, as the crow flies."""

    id: str
    metres: float


@dataclass(frozen=True)
class Dot:
    """A place on the map, in its units from the upper left corner; ``number`` is 0 for the nameless."""

    x: int
    y: int
    number: int


@dataclass(frozen=True)
class Sketch:
    """A map of the place in the middle. ``bar`` is the length of the scale on the map, ``bar_metres`` in the world.

    ``scale``: units of the map in a metre; ``origin`` the point in the middle.
    """

    here: Dot
    named: tuple[Dot, ...]
    others: tuple[Dot, ...]
    bar: int
    bar_metres: int
    origin: Point
    scale: float

    def at(self, point: Point) -> tuple[int, int]:
        """Where a point falls on the map, held to its edges and a little beyond."""
        east, north = offset(self.origin, point)
        x, y = round(WIDTH / 2 + east * self.scale), round(HEIGHT / 2 - north * self.scale)
        return max(-WIDTH, min(2 * WIDTH, x)), max(-HEIGHT, min(2 * HEIGHT, y))


def offset(origin: Point, other: Point) -> tuple[float, float]:
    """Metres to the east and to the north; near enough for a camp or a town."""
    east = (other[1] - origin[1] + 540) % 360 - 180
    return east * _METRE * math.cos(math.radians(origin[0])), (other[0] - origin[0]) * _METRE


def metres(origin: Point, other: Point) -> float:
    """How far two points are from each other."""
    return math.hypot(*offset(origin, other))


class Ground:
    """The points of one catalogue, ready to be asked: of several places at one point the first is named."""

    def __init__(self, points: Mapping[str, Point]) -> None:
        self.points = points
        named: dict[Point, str] = {}
        for id, point in points.items():
            named.setdefault(point, id)
        self._sorted = sorted((point, id) for point, id in named.items())

    def around(self, origin: Point, reach: float) -> list[tuple[Point, str]]:
        """Every point no farther to the north or south than ``reach`` metres."""
        far = reach / _METRE
        first = bisect.bisect_left(self._sorted, ((origin[0] - far, -math.inf), ""))
        return self._sorted[first : bisect.bisect_right(self._sorted, ((origin[0] + far, math.inf), ""))]

    def neighbours(self, place: str, most: int = 3) -> tuple[Neighbour, ...]:
        """The nearest other places, the nearest first; the circle grows until there are enough."""
        origin, reach = self.points[place], 250.0
        while True:
            near = ((metres(origin, point), id) for point, id in self.around(origin, reach) if point != origin)
            found = sorted(one for one in near if one[0] <= reach)[:most]
            if len(found) == most or reach >= FARTHEST:
                return tuple(Neighbour(id, far) for far, id in found)
            reach = min(reach * 4, FARTHEST)


def sketch(place: str, ground: Ground, named: tuple[Neighbour, ...]) -> Sketch | None:
    """A map that shows a place and its neighbours; None where it stands alone."""
    if not named:
        return None
    points = ground.points
    origin = points[place]
    walks = [offset(origin, points[one.id]) for one in named]
    east, north = (max(SHORTEST_FRAME, *(abs(walk[axis]) for walk in walks)) for axis in (0, 1))
    scale = min((WIDTH / 2 - MARGIN) / east, (HEIGHT / 2 - MARGIN) / north)

    def dot(walk: tuple[float, float], number: int) -> Dot:
        return Dot(round(WIDTH / 2 + walk[0] * scale), round(HEIGHT / 2 - walk[1] * scale), number)

    taken = {origin, *(points[one.id] for one in named)}
    rest = (dot(offset(origin, point), 0) for point, _ in ground.around(origin, HEIGHT / 2 / scale) if point not in taken)
    others = [one for one in rest if 8 <= one.x <= WIDTH - 8 and 8 <= one.y <= HEIGHT - 8][:MOST_DOTS]
    bar_metres = _round_length(WIDTH / 4 / scale)
    numbered = tuple(dot(walk, number) for number, walk in enumerate(walks, 1))
    return Sketch(dot((0, 0), 0), numbered, tuple(others), round(bar_metres * scale), bar_metres, origin, scale)


def _round_length(longest: float) -> int:
    """The largest of 10, 20, 50, 100 ... metres that is no longer."""
    power = 10 ** math.floor(math.log10(longest))
    return int(max(step * power for step in (1, 2, 5) if step * power <= longest))


def told(far: float) -> int:
    """Metres as people say them: in tens, from 1 km in hundreds."""
    step = 100 if far >= 1_000 else 10
    return max(10, round(far / step) * step)
