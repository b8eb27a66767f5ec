"""E What a running box says of itself: its processes, the gate, the facts of each service; and the words for it."""

from __future__ import annotations

from typing import Any

from appliance import facts, leftovers
from appliance.config import SiteConfig
from appliance.errors import Unreachable
from appliance.gate import client
from appliance.layout import Layout
from appliance.services import services

_REASONS = {
    "equal": "the line is shared equally among everyone who is using it",
    "alone": "nobody else is using the line",
    "uplink-down": "the internet is down",
}
_OF_THE_CARD = ("storage", "card")
"""Facts that only a box started from a card has."""
_STATES = {
    "captive": "held back: nobody tapped connect on it yet, or its time is over",
    "admitted": "online",
    "grace": "online without a tap, because the box was started again a short while ago",
}


def look(layout: Layout, config: SiteConfig) -> dict[str, Any]:
    """Services with their processes, the gate's counts, every service's facts; ``whole`` when all daemons run."""
    hub = config.hub is not None and layout.identity_file.exists()
    access = config.access
    table = services("box", radio=config.radio is not None, hub=hub, garden=bool(access.garden), api=access.api_name is not None)
    pids = leftovers.running(layout)
    rows = {s.name: {"kind": s.kind, "pids": pids.get(s.name, [])} for s in table}
    try:
        gate = client.ask(layout, {"do": "facts"})
    except Unreachable as error:
        gate = {"ok": False, "why": error.what}
    told = {name: facts.read(layout, name) for name in (*(s.name for s in table), *_OF_THE_CARD)}
    return {
        "whole": all(row["pids"] for row in rows.values() if row["kind"] == "daemon") and bool(gate.get("ok")),
        "site": str(config.site.id),
        "services": rows,
        "gate": gate,
        "facts": {name: value for name, value in told.items() if value},
    }


def words(state: dict[str, Any]) -> list[str]:
    """A few lines for a person."""
    lines = [f"{state['site']}: {'everything runs' if state['whole'] else 'something does not run'}"]
    for name, row in state["services"].items():
        at_times = {"timer": "runs at times", "oneshot": "ran at start"}.get(row["kind"], "DOES NOT RUN")
        lines.append(f"  {name:18} {'runs' if row['pids'] else at_times}")
    gate = state["gate"]
    if gate.get("ok"):
        why = ": the provider wants a login or money" if (state["facts"].get("gate") or {}).get("why") == "portal" else ""
        lines.append(f"uplink {gate['uplink']}{why}, {gate['people_online']} online, shaped by {gate['shaper']}")
    else:
        lines.append(f"gate: {gate.get('why')}")
    for name, told in state["facts"].items():
        if "state" in told:
            lines.append(f"{name}: {told['state']}{': ' if told.get('why') else ''}{told.get('why') or ''}")
    return lines


def explain_words(address: str, answer: dict[str, Any]) -> list[str]:
    """What the gate answered about one device, in words."""
    lines = [f"{address} is {_STATES[answer['state']]}"]
    left = answer.get("seconds_remaining")
    if left is not None:
        lines.append(f"for another {left // 3600} h {left % 3600 // 60} min")
    if quota := answer.get("quota"):
        told = f"{quota['bytes_remaining'] / 1e6:.0f} of {quota['bytes'] / 1e6:.0f} MB a day are left"
        lines.append(
            f"{told}; the next day begins in {quota['renews_seconds'] // 3600} h {quota['renews_seconds'] % 3600 // 60} min"
        )
    share = answer.get("share") or {}
    if share and answer["state"] != "captive":
        rate = f"{share['down_bps'] / 1e6:.1f} Mbit/s down and {share['up_bps'] / 1e6:.1f} up"
        people = f"{share['active_people']} people use the line now"
        lines.append(f"its share is {rate}, because {_REASONS.get(share['reason'], share['reason'])}; {people}")
    lines.append(f"the uplink is {answer['uplink']}")
    return lines
