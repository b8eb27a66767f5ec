"""P What to do about what a card says who this box is: taken once, kept, and never thrown away for something worse.

The data partition outlives a card whose boot partition is written anew, and the other way round; each may be missing or spoilt.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from appliance.errors import BadInput
from provisioning.identity import Identity, parse_identity

State = Literal["ready", "alone", "damaged", "another", "memory"]
LARGEST = 64 * 1024
"""Bytes; an identity file has 300."""

_NEW_CARD = "write the card again with a new ticket"


@dataclass(frozen=True)
class Card:
    """What the boot partition says."""

    identity: Identity
    token: str | None


@dataclass(frozen=True)
class Kept:
    """What this box took before; ``token`` is the SHA-256 of the token it took, empty before it had it in its own keeping."""

    identity: Identity
    token: str

    def as_json(self) -> dict[str, Any]:
        """For the data partition."""
        return {"identity": self.identity.as_json(), "token_sha256": self.token}


@dataclass(frozen=True)
class Found:
    """What there is at a start.

    ``card`` is None where the card has no identity, a text where it has one that cannot be read. ``keeps``: the data partition is
    mounted. ``hub``: the site file names one. ``in_hand``: a token or a certificate stands in the box's own keeping.
    """

    card: Card | str | None
    kept: Kept | None
    keeps: bool
    hub: bool
    in_hand: bool


@dataclass(frozen=True)
class Plan:
    """``identity``: who this box is from now on. ``take``: the token to take. ``set_aside``: what belongs to another box goes
    first. ``blank``: the token leaves the card, last of all."""

    state: State
    why: str = ""
    identity: Identity | None = None
    take: str | None = None
    set_aside: bool = False
    blank: bool = False


def decide(found: Found) -> Plan:
    """Every case; what is said is one line for whoever stands before the screen."""
    card, kept = found.card, found.kept.identity if found.kept else None
    if not found.keeps:
        return Plan("memory", "without its data partition this box cannot keep a key, so it does not report to the hub")
    if not found.hub:
        return Plan("alone", "the site file names no hub: this box reports to nobody")
    if isinstance(card, str):
        going_on = f"going on as {kept.box}" if kept else f"this box stands alone; {_NEW_CARD}"
        return Plan("damaged", f"the card's identity cannot be read: {card}; {going_on}", kept)
    if card is None:
        return Plan("ready", "", kept) if kept else Plan("alone", "there is no identity on the card: this box reports to nobody")
    if kept is not None and _differs(kept, card.identity) and card.token is None:
        why = f"the card names {card.identity.box} but carries no token; going on as {kept.box}; {_NEW_CARD}"
        return Plan("another", why, kept)
    return _with(card, found)


def _with(card: Card, found: Found) -> Plan:
    kept = found.kept
    if card.token is None:
        return Plan("ready", "", card.identity)
    taken = kept is not None and kept.token == fingerprint(card.token) and found.in_hand
    other = kept is not None and _differs(kept.identity, card.identity)
    return Plan("ready", "", card.identity, None if taken and not other else card.token, other, blank=True)


def _differs(one: Identity, other: Identity) -> bool:
    """Another box, or the same name at another hub: keys and unsent reports of the one are not the other's."""
    return (one.box, one.pin) != (other.box, other.pin)


def fingerprint(token: str) -> str:
    """Tells a token that was taken before; with 256 random bits nothing can be learnt from it."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_card(untrusted: bytes) -> Card:
    """Read a card's ``identity.json``. A token that was blanked is none. Raises BadInput."""
    values = _object(untrusted)
    identity = parse_identity(values)
    untrusted_token = values.get("token")
    if untrusted_token is not None and not isinstance(untrusted_token, str):
        raise BadInput("token is not a text")
    return Card(identity, (untrusted_token or "").strip() or None)


def read_kept(untrusted: bytes) -> Kept:
    """Read what ``Kept.as_json`` wrote. Raises BadInput."""
    values = _object(untrusted)
    token = values.get("token_sha256")
    return Kept(parse_identity(values.get("identity")), token if isinstance(token, str) else "")


def blanked(content: bytes, token: str) -> bytes:
    """The same file with spaces for the token: not a byte longer or shorter, so that nothing but its own sector is written.

    Raises BadInput when that would not do: the token is written in a way that hides it, or something else would change.
    """
    there = re.compile(rb'("token"\s*:\s*")' + re.escape(token.encode()) + rb'(?=")')
    after = there.sub(lambda found: found[1] + b" " * len(token.encode()), content)
    if read_card(after) != Card(read_card(content).identity, None):
        raise BadInput("the token is written in an odd way")
    return after


def _object(untrusted: bytes) -> dict[str, Any]:
    if len(untrusted) > LARGEST:
        raise BadInput("it is too long")
    try:
        values = json.loads(untrusted)
    except (ValueError, RecursionError) as error:
        raise BadInput("it is not JSON") from error
    if not isinstance(values, dict):
        raise BadInput("it is not an object")
    return values
