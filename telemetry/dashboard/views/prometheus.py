"""W /metrics: Prometheus text exposition format 0.0.4, derived from the metric table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response

from telemetry.dashboard.views.boxes import reader
from telemetry.metrics import METRICS, Fewer, Metric

pages = Blueprint("prometheus", __name__)
_OWN = (
    ("campbox_box_online", "gauge", "1 while the box is connected", lambda box: int(box["online"])),
    ("campbox_box_last_seen_seconds", "gauge", "when the box was last heard, since 1970", lambda box: round(box["last_seen"], 1)),
)


@pages.get("/metrics")
def metrics() -> Response:
    """Everything the boxes last said."""
    text = exposition(reader().boxes(), reader().refusals())
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def exposition(boxes: list[dict[str, Any]], refusals: Iterable[Mapping[str, Any]]) -> str:
    """The text. A count too small to be told has no sample, but one of ``..._suppressed``."""
    lines: list[str] = []
    for name, kind, help_, value in _OWN:
        lines += _family(name, kind, help_, [({"box": box["box"]}, value(box)) for box in boxes])
    for metric in METRICS:
        lines += _metric(metric, boxes)
    told = [({"box": r["box"], "reason": r["reason"]}, r["count"]) for r in refusals]
    lines += _family("campbox_refused_total", "counter", "messages and values the hub refused", told)
    return "\n".join(lines) + "\n"


def _metric(metric: Metric, boxes: list[dict[str, Any]]) -> list[str]:
    name = f"campbox_{metric.name}" + ("_total" if metric.kind == "counter" else "")
    purpose = metric.purpose + (f" ({metric.unit})" if metric.unit else "")
    held = [(box["box"], box["latest"][metric.name]) for box in boxes if metric.name in box["latest"]]
    if metric.kind == "text":
        return _family(f"{name}_info", "gauge", purpose, [({"box": box, "value": str(value)}, 1) for box, value in held])
    lines = _family(name, metric.kind, purpose, [({"box": box}, value) for box, value in held if not isinstance(value, Fewer)])
    if metric.people:
        small = [({"box": box}, int(isinstance(value, Fewer))) for box, value in held]
        lines += _family(f"{name}_suppressed", "gauge", f"1 while {metric.name} is too small to be told", small)
    return lines


def _family(name: str, kind: str, help_: str, samples: list[tuple[dict[str, str], Any]]) -> list[str]:
    if not samples:
        return []
    head = [f"# HELP {name} {_escape(help_)}", f"# TYPE {name} {kind}"]
    return head + [f"{name}{{{','.join(_label(*pair) for pair in labels.items())}}} {value}" for labels, value in samples]


def _label(name: str, value: str) -> str:
    quoted = _escape(value).replace('"', '\\"')
    return f'{name}="{quoted}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
