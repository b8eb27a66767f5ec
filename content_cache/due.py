"""P When a box looks for a new catalogue, and whether it takes what is offered."""

from __future__ import annotations

from dataclasses import dataclass

MOST_LOST = 0.30
"""An offer that loses a larger part of the services is held until a person has looked."""
AFTER_REFUSAL = 900
"""Seconds before a refused offer is looked at again, so that a bad one does not eat the uplink."""


@dataclass(frozen=True)
class Last:
    """What the last attempts left behind; times are wall clock seconds, 0 when there was none."""

    succeeded: float = 0.0
    refused: float = 0.0


def is_due(last: Last, now: float, every: int, *, asked: bool) -> bool:
    """Never succeeded, long enough ago, asked by hand, or the clock went back (then nothing it says can be trusted)."""
    if asked or not (last.succeeded or last.refused):
        return True
    if now < last.succeeded or now < last.refused:
        return True
    if last.refused > last.succeeded:
        return now - last.refused >= min(AFTER_REFUSAL, every)
    return now - last.succeeded >= every


def objection(offered_services: int, offered_sample: bool, stored_services: int | None, site_is_sample: bool) -> str:
    """Why an offer is not taken, or ""."""
    if offered_sample and not site_is_sample:
        return "invented sample content: only a demo may show it"
    if stored_services and offered_services < stored_services * (1 - MOST_LOST):
        return f"held: {stored_services - offered_services} of {stored_services} services would be gone; a person must look first"
    return ""
