"""P A person's own code: twelve digits, taken once and entered on another device; what is kept of it, and when it ends.

The first four digits say which record to look at, the rest is the secret: a try costs one slow hash, however many codes there are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from appliance.errors import BadInput

SELECTOR, SECRET = 4, 8
"""Digits."""
GOOD_DAYS = 30
"""Days after its last use on which a code ends; none is counted while the box does not know the date."""
MOST = 4_000
"""Codes kept at once; the one unused for longest makes room."""
SALT, DIGEST = 16, 32
"""Bytes."""


@dataclass(frozen=True)
class Code:
    """What is kept of one code: nothing that names a device.

    ``mark`` is the person's while one of their devices passes. ``until`` is the end of their session on the clock of ``now``; while
    they have a mark the kernel knows better. ``down`` and ``up`` are bytes carried under marks they had earlier in it. ``last_day``
    is the last day (since 1970) on which the code is good, None as long as the box has not known the date. ``spent``: bytes they
    had used of the volume of ``spent_day`` (proleptic ordinal, None where the date was not known) when last written or away.
    """

    selector: str
    salt: bytes
    digest: bytes
    until: float
    mark: int | None = None
    down: int = 0
    up: int = 0
    last_day: int | None = None
    spent: int = 0
    spent_day: int | None = None


Book = Mapping[str, Code]
"""Selector -> code."""


def split(untrusted_text: str) -> tuple[str, str] | None:
    """Selector and secret of what somebody typed: digits of any script, with spaces, dashes and marks of direction between them.

    None for what is no code.
    """
    digits = ""
    for sign in untrusted_text[:200]:
        digit = unicodedata.decimal(sign, None)
        if digit is not None:
            digits += str(digit)
        elif unicodedata.category(sign) not in ("Zs", "Pd", "Cf", "Cc"):
            return None
    return (digits[:SELECTOR], digits[SELECTOR:]) if len(digits) == SELECTOR + SECRET else None


def slow_hash(secret: str, salt: bytes) -> bytes:
    """RFC 7914 scrypt with 16 MiB: about 50 ms of a processor."""
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=DIGEST)


def free_selector(book: Book, draw: int) -> str:
    """A selector nobody has, by a random ``draw``."""
    free = [name for n in range(10**SELECTOR) if (name := f"{n:0{SELECTOR}}") not in book]
    return free[draw % len(free)]


def fits(code: Code | None, digest: bytes, day: int | None) -> bool:
    """Whether a try opens ``code``; the same time for a wrong secret, a code that has ended and one that is not there."""
    same = hmac.compare_digest(code.digest if code else bytes(DIGEST), digest)
    return same and code is not None and not ended(code, day)


def ended(code: Code, day: int | None) -> bool:
    """Whether its days are over, as far as the box knows the date (``day`` is None where it does not)."""
    return day is not None and code.last_day is not None and day > code.last_day


def used(code: Code, day: int | None) -> Code:
    """Its days begin anew."""
    return code if day is None else replace(code, last_day=day + GOOD_DAYS)


def dated(code: Code, day: int | None) -> Code:
    """Its days begin when the box first knows the date."""
    return used(code, day) if code.last_day is None else code


def superfluous(book: Book) -> str | None:
    """The code that makes room for another, or None while there is room: of somebody who is away, the one that would end first."""
    if len(book) < MOST:
        return None
    away = [code for code in book.values() if code.mark is None] or list(book.values())
    return min(away, key=lambda code: code.last_day or 0).selector


def seconds_left(code: Code, session: int, now: float) -> int:
    """What is left of the person's session; a whole one when nothing is."""
    left = int(code.until - now)
    return left if left > 0 else session


def spent_on(code: Code, date: int | None) -> int:
    """Bytes used of the volume of the day ``date``. Where a date is not known it is the same day: nobody gains by a power cut."""
    other = None not in (date, code.spent_day) and date != code.spent_day
    return 0 if other else code.spent


def as_json(code: Code, boot: str, now: float) -> dict[str, Any]:
    """What stands on disk beside the selector. The clock of ``now`` means something within one ``boot`` only."""
    return {
        "secret": base64.b64encode(code.salt + code.digest).decode(),
        "boot": boot,
        "at": int(now),
        "until": int(code.until),
        "mark": code.mark,
        "down": code.down,
        "up": code.up,
        "last_day": code.last_day,
        "spent": code.spent,
        "spent_day": code.spent_day,
    }


PASSING = ("boot", "at", "until", "mark")
"""What means something within one boot only, and would tell the hour: it is kept in RAM (docs/adr/0191)."""


def parted(value: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ``as_json`` gave, as what stands on the disk, with the seconds ``left`` of the session, and what is kept in RAM."""
    kept = {name: one for name, one in value.items() if name not in PASSING}
    passing = {name: one for name, one in value.items() if name in PASSING}
    return (kept | {"left": max(0, passing["until"] - passing["at"])} if len(passing) == len(PASSING) else kept), passing


def from_json(selector: str, value: Any, boot: str, now: float) -> Code:
    """Read it back, both parts together or what stood on the disk alone. Raises BadInput.

    After a reboot nobody passes, and what was left of the session when it was written is left.
    """
    try:
        value = {"spent": 0, "spent_day": None, **dict.fromkeys(PASSING), **value}
        secret = base64.b64decode(value["secret"], validate=True)
        alone = value["at"] is value["until"] is None
        left = int(value["left"]) if alone else int(value["until"]) - int(value["at"])
        until = now + max(0, left) if alone or value["boot"] != boot else int(value["until"])
        mark, last_day, spent_day = (
            None if value[name] is None else int(value[name]) for name in ("mark", "last_day", "spent_day")
        )
        if len(selector) != SELECTOR or not selector.isdecimal() or len(secret) != SALT + DIGEST:
            raise ValueError("not a code")
        salt, digest = secret[:SALT], secret[SALT:]
        code = Code(
            selector, salt, digest, until, mark, int(value["down"]), int(value["up"]), last_day, int(value["spent"]), spent_day
        )
        return code if not alone and value["boot"] == boot else replace(code, mark=None)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise BadInput("not a kept code", mend="it is left out; the person can take a new one") from error
