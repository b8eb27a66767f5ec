"""P What a line of the table of laws is made of: a fact, where its official text stands, and how far somebody checked it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from content_cache.legal.hosts import HOSTS, Host

LOOKED = "2026-11-22"
"""The day on which the table was last compared with what could be found; stored copies, no live page."""

MAY_BE_MISSING = ("refugees", "protocol")
"""Conventions whose absence pages tell; to be no party of another, a country leaves its line out."""


class How(Enum):
    """How far a fact was checked before a lawyer looks at it."""

    OFFICIAL = "read in a stored copy of an official page"
    COPY = "read in somebody else's copy or account"
    CITED = "address found where others cite it, page itself not seen"
    UNFOUND = "nothing found; written from memory"


@dataclass(frozen=True)
class Checked:
    """How a fact was checked, against what, on which day (ISO date), and what the reviewer should know besides."""

    how: How
    against: str = ""
    note: str = ""
    on: str = LOOKED

    def __post_init__(self) -> None:
        datetime.date.fromisoformat(self.on)
        if bool(self.against) is (self.how is How.UNFOUND):
            raise ValueError("a check names what it was made against; where nothing was found there is no such name")


@dataclass(frozen=True)
class Convention:
    """A treaty: its short and its whole name, the year it was made, and the page where its depositary lists the parties."""

    name: str
    title: str
    made: int
    source: str
    checked: Checked

    @property
    def host(self) -> Host:
        """Who keeps the page."""
        return host_of(self.source)


@dataclass(frozen=True)
class Party:
    """Since which year a country is bound (deposit of its ratification, accession or succession); None: it is not party."""

    year: int | None
    checked: Checked


@dataclass(frozen=True)
class Statute:
    """A law or an agreement that applies in a country; without ``source`` no official text was found on line."""

    name: str
    source: str | None
    checked: Checked

    @property
    def host(self) -> Host | None:
        """Who keeps the text, if it was found."""
        return host_of(self.source) if self.source else None


@dataclass(frozen=True)
class Review:
    """Who has read a country's line and when (ISO date)."""

    by: str
    on: str

    def __post_init__(self) -> None:
        datetime.date.fromisoformat(self.on)
        if not self.by.strip():
            raise ValueError("a review names its reviewer")


@dataclass(frozen=True)
class Law:
    """What applies in one country.

    ``parties`` has a line for every convention that is open to the country (keys of ``CONVENTIONS``); ``europe_only``: it holds
    the Convention of 1951 only for events in Europe.
    """

    parties: Mapping[str, Party]
    statutes: tuple[Statute, ...]
    europe_only: bool = False
    review: Review | None = None

    def __post_init__(self) -> None:
        silent = [key for key, party in self.parties.items() if party.year is None and key not in MAY_BE_MISSING]
        if silent or not self.statutes:
            raise ValueError(f"pages have no words for a country without a law, or not party to {silent}")


def host_of(address: str) -> Host:
    """Who keeps the page at ``address``. Raises ValueError for a page that is not sealed or not of the named official hosts."""
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.netloc not in HOSTS:
        raise ValueError(f"{address}: not https, or not of a host in content_cache/legal/hosts.py")
    return HOSTS[parts.netloc]
