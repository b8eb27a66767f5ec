"""P The rules of enrolment: a ticket is worth one key of one box, once; everything else is refused, some of it loudly.

The card carries a ticket's token; the hub keeps only its hash. The box makes its key itself and shows the token with a
certificate request. Who holds the token may enrol one key. The enrolled key itself is what counts afterwards: with it the same
certificate may be asked for again (an answer may have been lost on the way), and renewed without any token.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from appliance.errors import BadInput

TOKEN_BYTES = 32
TICKET_LIFE = 14 * 86_400
"""Seconds a ticket is good for: from the afternoon the cards are made to the day the boxes are put up."""

CERTIFICATE_LIFE = 365 * 86_400
"""Seconds a box's certificate is good for; the agent renews it long before."""


@dataclass(frozen=True)
class AlarmWords:
    """What an operator reads."""

    what: str
    mend: str


_COPIED = "Find out who held the card. Make a new ticket for the box if the wrong device enrolled first; the old key then ends."
ALARMS: dict[str, AlarmWords] = {
    "used-token-another-key": AlarmWords("A used token was shown with another key: the card was copied.", _COPIED),
    "token-of-another-box": AlarmWords("This box's token was shown by one that calls itself otherwise.", _COPIED),
}
"""Every kind of alarm that ``decide`` may raise."""

_TOKEN_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True)
class Ticket:
    """What the hub remembers of a token. Times are seconds since 1970.

    ``key`` is the SHA-256 (hex) of the public key that used it; ``superseded`` is true once a newer ticket was made or used
    for the same box.
    """

    box: str
    site: str
    issued: float
    expires: float
    key: str | None = None
    superseded: bool = False


@dataclass(frozen=True)
class Asked:
    """One request: the box it claims to be, the public key in its certificate request, and whether it showed a token."""

    box: str
    key: str
    with_token: bool


@dataclass(frozen=True)
class Issue:
    """Sign the certificate; ``first`` when this uses the ticket up."""

    first: bool


@dataclass(frozen=True)
class Refusal:
    """Say no. ``alarm`` names what an operator must hear of: somebody has a token that is not theirs."""

    code: str
    what: str
    mend: str
    alarm: str | None = None


Decision = Issue | Refusal

_NEW_TICKET = "make a new ticket for this box: campbox enrol ticket"


def decide(ticket: Ticket | None, asked: Asked, now: float) -> Decision:
    """What to do about a request. ``ticket`` is the one its token names or, without a token, the one its key has used."""
    if ticket is None:
        if asked.with_token:
            return Refusal("unknown-token", "this hub never gave out that token", _NEW_TICKET)
        return Refusal("unknown-key", "this key was never enrolled here", _NEW_TICKET)
    if ticket.box != asked.box:
        alarm = "token-of-another-box" if asked.with_token else None
        return Refusal("wrong-box", "this ticket belongs to another box", _NEW_TICKET, alarm)
    if ticket.key is not None and ticket.key != asked.key:
        mend = f"if that was not you, somebody copied the card; {_NEW_TICKET}"
        return Refusal("used-token", "the token was used before, with another key", mend, "used-token-another-key")
    if ticket.superseded:
        return Refusal("superseded", "a newer ticket was made for this box", "use the newer card, or make a new ticket")
    if ticket.key == asked.key:
        return Issue(first=False)
    if now >= ticket.expires:
        return Refusal("expired-token", "the token has expired", _NEW_TICKET)
    return Issue(first=True)


def words_of(kind: str) -> AlarmWords:
    """What is said of an alarm; also of one that another version of the hub has noted."""
    return ALARMS.get(kind, AlarmWords("an alarm that this version of the hub does not know", "bring the hub up to date"))


def day(seconds: float) -> str:
    """A moment as people at the hub read it, UTC; a dash for one that no calendar has."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return "-"


def token_hash(untrusted_token: str) -> str:
    """The SHA-256 (hex) under which a token is known. Raises BadInput unless it is 43 characters of URL-safe base 64.

    A token is 256 random bits, so a plain hash suffices: there is nothing to guess.
    """
    if len(untrusted_token) != 43 or not _TOKEN_CHARACTERS.issuperset(untrusted_token):
        raise BadInput("not a token", mend=_NEW_TICKET)
    return hashlib.sha256(untrusted_token.encode("ascii")).hexdigest()
