"""P Judging a phone's view of an uplink that comes and goes: how long it was told wrong, whether it was asked to tap, how often the
page changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Page = Literal["online", "offline", "captive", "nothing"]
"""What a phone gets when it asks for a web site: the site, the page that says the internet is down, the portal, no answer."""
LONGEST_WRONG = 15.0
"""Seconds a phone may be told wrong, by the house plan's table of what each phone gets."""


@dataclass(frozen=True)
class Change:
    """The uplink really came or went, ``at`` (monotonic seconds)."""

    at: float
    up: bool


@dataclass(frozen=True)
class Seen:
    """A phone asked at ``asked`` and knew at ``at`` (monotonic seconds) what it got."""

    asked: float
    at: float
    page: Page

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Seen:
        """Back again. Raises ValueError or TypeError for anything else."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Verdict:
    """``longest_wrong`` in seconds; ``too_many_at`` is when there had been more page changes than real ones, None if never."""

    changes: int
    looks: int
    page_changes: int
    longest_wrong: float
    asked_to_tap: int
    too_many_at: float | None

    @property
    def holds(self) -> bool:
        """Whether nobody was told wrong for too long, asked to tap, or bothered with pages that changed for nothing."""
        return self.looks > 0 and self.longest_wrong <= LONGEST_WRONG and not self.asked_to_tap and self.too_many_at is None

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.changes} real changes, {self.looks} looks: {self.page_changes} page changes, longest wrong "
            f"{self.longest_wrong:.1f} s, asked to tap {self.asked_to_tap} times: {'holds' if self.holds else 'does not hold'}"
        )


def judge(changes: Sequence[Change], seen: Sequence[Seen]) -> Verdict:
    """Judge what one phone saw, in the order of time. ``changes`` begins with the state before the first look.

    A look that a change fell into is neither right nor wrong, for nobody knows which of the two it met.
    """
    page: Page | None = None
    pages, many, wrong_since, longest = 0, None, None, 0.0
    for look in seen:
        if look.page != "nothing" and look.page != page:
            pages, page = pages + (page is not None), look.page
            real = sum(change.at <= look.at for change in changes) - 1
            many = look.at if many is None and pages > real else many
        state = _state(changes, look.asked)
        if state is None or state != _state(changes, look.at):
            continue
        if (look.page == "online") == state and look.page != "nothing":
            wrong_since = None
            continue
        # Wrong from the moment that made it so: a look cannot tell what was between it and the one before.
        wrong_since = look.asked if wrong_since is None else wrong_since
        longest = max(longest, look.at - wrong_since)
    taps = sum(look.page == "captive" for look in seen)
    return Verdict(len(changes) - 1, len(seen), pages, longest, taps, many)


def _state(changes: Sequence[Change], at: float) -> bool | None:
    """Whether the uplink was up; None before the first change."""
    return next((change.up for change in reversed(changes) if change.at <= at), None)
