"""E Which organisations may sign for their own services, as the signed repository says: keys, threshold, until when."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from content_cache import layers
from content_cache.publish.signing import SignedRepository

SOON = 60
"""Days before its end from which an organisation should sign anew."""


@dataclass(frozen=True)
class Delegate:
    """A delegated role, the ``paths`` it may sign, and ``version`` and end (UTC) of what it signed last; None for nothing yet."""

    organisation: str
    role: str
    keys: tuple[str, ...]
    threshold: int
    paths: tuple[str, ...]
    version: int | None = None
    expires: datetime.datetime | None = None

    def days(self, now: datetime.datetime) -> int | None:
        """Whole days until what it signed ends, below zero afterwards; None where it signed nothing."""
        return None if self.expires is None else (self.expires - now).days

    def ends_soon(self, now: datetime.datetime) -> bool:
        """Whether somebody must ask it to sign anew."""
        left = self.days(now)
        return left is not None and left < SOON


def warning(one: Delegate, name: str, now: datetime.datetime) -> str:
    """What somebody must know of one that ends soon or has ended."""
    left = one.days(now) or 0
    when = f"ends in {left} days" if left > 0 else "ends today" if left == 0 else "has ended"
    return f"the signature of {name} {when}: ask it to sign again."


def standing(repository: SignedRepository) -> list[Delegate]:
    """Every organisation's role, in the order of their names."""
    delegations = repository.targets().delegations
    return [_one(repository, role) for role in _organisations(delegations.roles or ())] if delegations else []


def _organisations(roles: Iterable[str]) -> list[str]:
    return sorted(role for role in roles if layers.organisation_of(role))


def _one(repository: SignedRepository, name: str) -> Delegate:
    delegations = repository.targets().delegations
    assert delegations is not None and delegations.roles is not None
    role, organisation = delegations.roles[name], layers.organisation_of(name)
    assert organisation is not None
    made = Delegate(organisation, name, tuple(role.keyids), role.threshold, tuple(role.paths or ()))
    if repository.newest(name) is None:
        return made
    signed = repository.open(name).signed
    expires = signed.expires if signed.expires.tzinfo else signed.expires.replace(tzinfo=datetime.UTC)
    return Delegate(made.organisation, name, made.keys, made.threshold, made.paths, signed.version, expires)
