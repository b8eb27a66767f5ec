"""P What needs somebody: a list derived from what the boxes said, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["serious", "soon"]
SILENT_AFTER = 1800.0
"""Seconds without a report after which a box counts as out of touch: three batches."""
GONE_AFTER = 300.0
"""The same when the broker has already seen its connection end: time for a restart."""

CERTIFICATE_DAYS = 14
"""Days left of a box's certificate below which somebody must look; it is renewed four months before its end."""


@dataclass(frozen=True)
class Incident:
    """One thing that needs somebody. ``since`` as far as it is known, in seconds since 1970."""

    box: str
    site: str
    kind: str
    severity: Severity
    what: str
    mend: str
    since: float | None


@dataclass(frozen=True)
class Rule:
    """When something is an incident: ``test`` takes what is known of a box and now, and gives the words, or None.

    ``mend`` says what to do, or takes what is known of the box and says it.
    """

    kind: str
    severity: Severity
    test: Callable[[Mapping[str, Any], float], str | None]
    mend: str | Callable[[Mapping[str, Any]], str]


def is_silent(box: Mapping[str, Any], now: float, heard_since: float = 0.0) -> bool:
    """Whether a box is out of touch; ``heard_since``: before that the hub itself heard nobody (hearing.heard_since)."""
    quiet = now - max(float(box["last_seen"]), heard_since)
    return quiet > SILENT_AFTER or (not box["online"] and quiet > GONE_AFTER)


def _silent(box: Mapping[str, Any], now: float) -> str | None:
    return "no report" if is_silent(box, now) else None


def _refused(box: Mapping[str, Any], _now: float) -> str | None:
    state, why = box["latest"].get("catalogue_state"), box["latest"].get("catalogue_why", "no reason told")
    if state not in ("refused", "held", "expired"):
        return None
    # What is held says so itself.
    return f"catalogue {why}" if str(why).startswith(f"{state}:") else f"catalogue {state}: {why}"


def _failed_lines(box: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What failed in the box's own test. Nothing once it says that all is well again: the lines may be older than that."""
    if box["latest"].get("selftest_failed") == 0:
        return []
    return [line for line in (box.get("selftest") or {}).get("checks", ()) if line["ok"] is False]


def _selftest(box: Mapping[str, Any], _now: float) -> str | None:
    lines, count = _failed_lines(box), box["latest"].get("selftest_failed") or 0
    if lines:
        return "the self-test failed: " + "; ".join(f"{line['name']}: {line['what']}" for line in lines)
    return f"the self-test failed in {count:.0f} of its lines" if isinstance(count, (int, float)) and count > 0 else None


def _mend_lines(box: Mapping[str, Any]) -> str:
    """The first line that failed is the first to mend: the others often hang on it."""
    mends = list(dict.fromkeys(line["mend"] for line in _failed_lines(box)))
    return " ".join(mends) or "Its page tells the lines within minutes."


def _at_least(name: str, limit: float, words: str) -> Callable[[Mapping[str, Any], float], str | None]:
    def test(box: Mapping[str, Any], _now: float) -> str | None:
        value = box["latest"].get(name)
        return words.format(value) if isinstance(value, (int, float)) and value >= limit else None

    return test


def _certificate(box: Mapping[str, Any], _now: float) -> str | None:
    left = box["latest"].get("certificate_left")
    if not isinstance(left, (int, float)) or left >= CERTIFICATE_DAYS:
        return None
    return f"its certificate ends in {left:.0f} days and is not renewed" if left > 0 else "its certificate ends today, or has ended"


RULES: tuple[Rule, ...] = (
    Rule("silent", "serious", _silent, "Call the site: is there power, is the uplink paid for?"),
    Rule(
        "catalogue",
        "serious",
        _refused,
        "The box goes on serving the one before. Publish again; if it refuses again, read its sync log.",
    ),
    Rule("selftest", "serious", _selftest, _mend_lines),
    Rule("disk", "serious", _at_least("disk_use", 95, "{:.0f} % of the card is full"), "Take out content, or send a larger card."),
    Rule("heat", "soon", _at_least("temperature", 80, "{:.0f} °C"), "Shade and air for the box."),
    Rule(
        "losing",
        "soon",
        _at_least("outbox_dropped", 1, "{:,} reports were given up"),
        "It was out of reach for over two weeks, or writes nothing: look at its card.",
    ),
    Rule("storing", "soon", _at_least("outbox_lost", 1, "{:,} measurements could not be stored"), "Make room, or send a new card."),
    Rule(
        "unreadable",
        "soon",
        _at_least("outbox_unreadable", 1, "{:,} reports could not be read back"),
        "Its card gives back other bytes than it was given: send a new one.",
    ),
    Rule(
        "certificate",
        "serious",
        _certificate,
        "It renews by itself as soon as it reaches the hub's enrolment; the reason stands on its own status page.",
    ),
)


def incidents(boxes: Iterable[Mapping[str, Any]], now: float, heard_since: float = 0.0) -> list[Incident]:
    """Everything that needs somebody, the serious first. No box is called silent for a time in which the hub heard nobody."""
    found = [
        _incident(box, rule, words)
        for box in boxes
        for rule in RULES
        if (words := rule.test(box, now)) is not None and (rule.kind != "silent" or is_silent(box, now, heard_since))
    ]
    order = [rule.kind for rule in RULES]
    return sorted(found, key=lambda incident: (incident.severity != "serious", order.index(incident.kind), incident.box))


def slowed(refusals: Iterable[Mapping[str, Any]], sites: Mapping[str, str]) -> list[Incident]:
    """Boxes that sent more than their share: rows of ``ReportReader.over_budget``, and the site of each box."""
    words = "it sends more than its share (messages refused: {:,}); the hub slows it alone"
    mend = "Is its software old, or does somebody else use its certificate? If nobody knows it, enrol the box anew."
    return [
        Incident(row["box"], sites.get(row["box"], ""), "over-budget", "soon", words.format(row["count"]), mend, row["last"])
        for row in refusals
    ]


def _incident(box: Mapping[str, Any], rule: Rule, words: str) -> Incident:
    since = box["last_seen"] if rule.kind == "silent" else None
    mend = rule.mend if isinstance(rule.mend, str) else rule.mend(box)
    return Incident(box["box"], box["site"], rule.kind, rule.severity, words, mend, since)
