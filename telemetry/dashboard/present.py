"""P Values as people read them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from telemetry.metrics import BY_NAME, Fewer, Value

_LAST = 253_402_300_799.0
"""9999-12-31T23:59:59Z: no date lies after it."""
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def ago(then: float | None, now: float) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``12 d ago``."""
    if not then:
        return "never"
    return "just now" if now - then < 60 else f"{span(now - then)} ago"


def span(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    seconds = min(_LAST, max(0.0, seconds))  # in this order, no number is none
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def instant(then: float | None) -> str:
    """A time in UTC, to the second; the nearest there is, for one that cannot be."""
    held = min(_LAST, max(0.0, then or 0.0))
    return datetime.datetime.fromtimestamp(held, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if then else ""


def share(used: float, carried: float) -> str:
    """How much of a line is in use: ``3.2 of 19.0 Mbit/s``."""
    size, unit = (1e6, "Mbit/s") if carried >= 1e6 else (1e3, "kbit/s")
    return f"{used / size:.1f} of {carried / size:.1f} {unit}"


def _scaled(number: float, unit: str) -> str:
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f} {prefix}{unit}"
    return f"{number:.0f} {unit}"


def shown(name: str, value: Value | None) -> str:
    """A metric's value with its unit."""
    if value is None:
        return "not known"
    metric = BY_NAME[name]
    if isinstance(value, (str, Fewer)):
        return str(value)
    if name == "uplink":
        return "up" if value else "down"
    if metric.unit == "s":
        return span(value)
    if metric.unit in ("B", "bit/s"):
        return _scaled(value, metric.unit)
    return f"{value:,.{max(0, metric.decimals)}f} {metric.unit}".strip()


def sparkline(points: Sequence[tuple[float, float]], since: float, until: float, width: int = 240, height: int = 36) -> str:
    """The ``d`` of an SVG path through points (time, value) scaled from 0 to their largest; a gap of half an hour breaks it."""
    top, span_ = max((value for _, value in points), default=0) or 1, max(1.0, until - since)
    parts, before = [], None
    for at, value in points:
        x, y = width * (at - since) / span_, height - 1 - (height - 2) * value / top
        parts.append(f"{'L' if before is not None and at - before < 1800 else 'M'}{x:.1f} {y:.1f}")
        before = at
    return "".join(parts)


def thin(points: Sequence[tuple[float, float]], most: int = 240) -> list[tuple[float, float]]:
    """At most about ``most`` points: the largest of each run, so that no peak is lost."""
    step = max(1, -(-len(points) // most))
    return [max(points[n : n + step], key=lambda point: point[1]) for n in range(0, len(points), step)]
