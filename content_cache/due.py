"""P When a box looks for a new catalogue, and whether it takes what is offered."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

MOST_LOST = 0.30
"""An offer that loses a larger part of the services is held until a person has looked."""
AFTER_REFUSAL = 900
"""Seconds before a refused offer is looked at again, so that a bad one does not eat the uplink."""
AFTER_PAUSE = 300
"""Seconds before content that stood back for people is tried again."""
LONGEST_STEP = 2 * AFTER_PAUSE


@dataclass(frozen=True)
class Last:
    """What the last attempts left behind; times are wall clock seconds, 0 when there was none.

    ``refused``: an offer was refused, held or put off. ``waited``: seconds for which content has stood back for people, at least 1
    while it does. ``saved``: the last time that was compared with other clocks.
    """

    succeeded: float = 0.0
    refused: float = 0.0
    waited: float = 0.0
    saved: float = 0.0


def is_due(last: Last, now: float, every: int, *, asked: bool) -> bool:
    """Never succeeded, long enough ago, asked by hand, or the clock went back (then nothing it says can be trusted)."""
    if asked or not (last.succeeded or last.refused):
        return True
    if now < last.succeeded or now < last.refused:
        return True
    if last.refused > last.succeeded:
        return now - last.refused >= min(AFTER_PAUSE if last.waited else AFTER_REFUSAL, every)
    return now - last.succeeded >= every


def after(last: Last, state: str, now: float, *, synced: bool) -> Last:
    """What is remembered of a look that ended in ``state`` at ``now``."""
    saved = now if synced else last.saved
    if state in ("current", "updated", "expired"):
        return Last(succeeded=now, saved=saved)
    if state in ("refused", "held", "later"):
        return Last(last.succeeded, refused=now, saved=saved)
    if state == "pausing":
        return Last(last.succeeded, refused=now, waited=max(1.0, stood_back(last, now)), saved=saved)
    return Last(last.succeeded, last.refused, last.waited, saved)


def stood_back(last: Last, now: float) -> float:
    """For how many seconds content has stood back for people by ``now``.

    From one look to the next no more than ``LONGEST_STEP``: a time server may set the clock by hours between the two.
    """
    return last.waited + min(LONGEST_STEP, max(0.0, now - last.refused)) if last.waited else 0.0


def invented(offered_sample: bool, site_is_sample: bool) -> str:
    """Why a sample is not taken, or ""."""
    return "invented sample content: only a demo may show it" if offered_sample and not site_is_sample else ""


def shrinkage(offered_services: int, stored_services: int | None) -> str:
    """Why an offer is held until a person has looked, or "". All that is known before it is fetched is how many there would be."""
    return _held(stored_services - offered_services, stored_services) if stored_services else ""


def lost(offered: Set[str], stored: Set[str]) -> str:
    """The same by the ids of the services: as many others do not stand in for those that people know."""
    return _held(len(stored - offered), len(stored))


def _held(gone: int, stored: int) -> str:
    if gone > stored * MOST_LOST:
        return f"held: {gone} of {stored} services would be gone; a person must look first"
    return ""
