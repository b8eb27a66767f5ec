"""P What stands on the box's screen and serial line: one short page, and a line for programs that read along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 79
READY = "campbox: ready "
"""How the line for programs begins; JSON follows."""

_CLOCKS = {
    "synced": "set by the network",
    "floor": "not set by the network yet: it may be late",
    "none": "not known",
}
_MARKS: dict[bool | None, str] = {True: "ok   ", False: "FAILS", None: "-    "}


@dataclass(frozen=True)
class Seen:
    """All the page tells. ``uplinks`` are interfaces with their addresses; ``portal`` seconds from the kernel's start to its first
    answer; ``failed`` systemd's units; the rest are facts as their services published them."""

    site: str
    site_id: str
    lan: Sequence[str]
    uplinks: Sequence[tuple[str, Sequence[str]]]
    portal: float | None
    failed: Sequence[str]
    slot: str
    clock: str
    card: Mapping[str, Any] = field(default_factory=dict)
    storage: Mapping[str, Any] = field(default_factory=dict)
    enrol: Mapping[str, Any] = field(default_factory=dict)
    selftest: Mapping[str, Any] = field(default_factory=dict)


def page(seen: Seen) -> list[str]:
    """Lines of printable ASCII, none wider than ``WIDTH``."""
    name = plain(seen.site) if seen.site.isascii() else ""  # the screen's font has no other letters
    rows = [
        ("site", f"{name} ({seen.site_id})" if name else seen.site_id),
        ("box", _text(seen.card.get("box")) or seen.site_id),
        ("people's side", ", ".join(seen.lan) or "no address"),
        *((f"uplink {interface}", ", ".join(addresses) or "no address yet") for interface, addresses in seen.uplinks),
        ("portal", "does not answer yet" if seen.portal is None else f"answers since {seen.portal:.1f} s after the start"),
        ("hub", _hub(seen)),
        ("clock", _CLOCKS.get(seen.clock, seen.clock)),
        ("services", f"failed: {', '.join(seen.failed)}" if seen.failed else "none failed"),
        *_troubles(seen),
        ("self-test", _selftest(seen.selftest)),
        *(("", line) for line in _checks(seen.selftest)),
        ("system", _system(seen)),
    ]
    rule = "=" * WIDTH
    return [rule, *(line for label, text in rows for line in _wrapped(label, text)), rule]


def ready_line(seen: Seen) -> str:
    """For programs; changes whenever there is news."""
    checks = _rows(seen.selftest)
    values = {
        "portal_seconds": None if seen.portal is None else round(seen.portal, 1),
        "failed_units": list(seen.failed),
        "enrol": _text(seen.enrol.get("state")) or None,
        "selftest": _text(seen.selftest.get("state")) or None,
        "selftest_failed": [_text(row.get("name")) for row in checks if row.get("ok") is False],
        "box": _text(seen.card.get("box")) or None,
        "site": seen.site_id,
        "card": _text(seen.card.get("state")) or None,
        "storage": _text(seen.storage.get("state")) or None,
        "slot": seen.slot,
    }
    return READY + json.dumps(values, sort_keys=True)


def plain(untrusted: str) -> str:
    """Without what a terminal would obey or cannot show."""
    return "".join(c if " " <= c <= "~" else "?" for c in untrusted)


def _hub(seen: Seen) -> str:
    """Without an identity nothing of the hub's runs that could say so."""
    nobody = "none" if seen.card and not seen.card.get("box") else "no word yet"
    return _told(seen.enrol) or nobody


def _troubles(seen: Seen) -> list[tuple[str, str]]:
    return [(label, why) for label, told in (("card", seen.card), ("storage", seen.storage)) if (why := _text(told.get("why")))]


def _told(facts: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (_text(facts.get("state")), _text(facts.get("why"))) if part)


def _selftest(told: Mapping[str, Any]) -> str:
    seconds = told.get("seconds")
    took = f" in {seconds:.0f} s" if isinstance(seconds, (int, float)) and told.get("state") != "running" else ""
    return (_text(told.get("state")) or "not run yet") + took


def _checks(told: Mapping[str, Any]) -> list[str]:
    lines = []
    for row in _rows(told):
        ok = row.get("ok")
        words = f"{_MARKS[ok if isinstance(ok, bool) else None]} {_text(row.get('name'))}: {_text(row.get('what'))}"
        mend = _text(row.get("mend"))
        lines.append(f"{words}; {mend}" if ok is False and mend else words)
    return lines


def _rows(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    checks = told.get("checks")
    return [row for row in checks if isinstance(row, dict)] if isinstance(checks, list) else []


def _system(seen: Seen) -> str:
    image = seen.card.get("image")
    values = image if isinstance(image, dict) else {}
    version, recipe = _text(values.get("campbox")), _text(values.get("recipe"))
    return ", ".join(part for part in (seen.slot, f"Campbox {version}" if version else "", recipe[:12]) if part)


def _wrapped(label: str, text: str) -> list[str]:
    room, words, lines = WIDTH - 16, plain(text).split(), [""]
    for word in words:
        for piece in [word[n : n + room] for n in range(0, len(word), room)]:
            if lines[-1] and len(lines[-1]) + 1 + len(piece) > room:
                lines.append("")
            lines[-1] += f" {piece}" if lines[-1] else piece
    head = plain(label)[:14]
    return [f" {head if not n else '':<14} {line}" for n, line in enumerate(lines)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
