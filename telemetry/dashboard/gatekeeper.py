"""W Whether a request comes from somebody of the hub: their session, or a name and password, which are tried at a bounded rate."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from appliance.layout import Layout
from telemetry.dashboard import admin, people
from telemetry.dashboard.admin import Account
from telemetry.dashboard.ended_sessions import EndedSessions
from telemetry.dashboard.guesses import Guess, Guesses

Answer = Literal["right", "wrong", "too many", "busy"]
"""What came of a try. "too many": this address, browser or account has used up its tries; "busy": others are being tried."""
SESSION_SECONDS = 12 * 3600
_WAITING, _PATIENCE = 2, 1.0
"""Threads that may wait for the one hash that is made at a time, and seconds they do: the others serve pages meanwhile."""
_REMEMBERED = 128


@dataclass(frozen=True)
class Session:
    """What the signed cookie holds."""

    id: str
    user: str
    account: str
    until: float

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> Session | None:
        """From a cookie of ours, of whatever version; None for one that is not whole."""
        id, user, account, until = (held.get(name) for name in ("id", "user", "account", "until"))
        if not (isinstance(id, str) and isinstance(user, str) and isinstance(account, str) and isinstance(until, (int, float))):
            return None
        return cls(id, user, account, float(until))

    def kept(self) -> dict[str, Any]:
        """For the cookie."""
        return {"id": self.id, "user": self.user, "account": self.account, "until": self.until}


class Gatekeeper:
    """One for each web process. Passwords are hashed one at a time (16 MB, 50 ms); right ones of programs are remembered."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._key = layout, secrets.token_bytes(32)
        self._hashing, self._waiting = threading.Lock(), threading.BoundedSemaphore(_WAITING)
        self._lock, self._guesses = threading.Lock(), Guesses()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self.ended = EndedSessions(layout)

    def check(self, guess: Guess, untrusted_password: str) -> Answer:
        """Try a password; takes as long for somebody who is not there."""
        account = self._account(guess.account)
        seen = f"{account.fingerprint}\0{guess.account}\0{untrusted_password}".encode("utf-8", "surrogatepass")
        mark = hmac.digest(self._key, seen, "sha256")
        with self._lock:
            if mark in self._known:
                self._known.move_to_end(mark)
                return "right"
            if not self._guesses.allows(guess, time.monotonic()):
                return "too many"
        right = self._hash(account, guess.account, untrusted_password)
        if right is None:
            return "busy"
        if right:
            with self._lock:
                self._known[mark] = None
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return "right" if right else "wrong"

    def _account(self, untrusted_user: str) -> Account:
        return people.find(self._layout, untrusted_user) or admin.load(self._layout)

    def _hash(self, account: Account, untrusted_user: str, untrusted_password: str) -> bool | None:
        """None when others are being tried for longer than a page may wait."""
        if not self._waiting.acquire(blocking=False):
            return None
        try:
            if not self._hashing.acquire(timeout=_PATIENCE):
                return None
            try:
                return account.accepts(untrusted_user, untrusted_password)
            finally:
                self._hashing.release()
        finally:
            self._waiting.release()

    def open(self, user: str) -> Session:
        """A new session of somebody whose password was right."""
        return Session(secrets.token_urlsafe(16), user, self._account(user).fingerprint, time.time() + SESSION_SECONDS)

    def holds(self, session: Session | None) -> bool:
        """Whether the session is good: in time, not ended, its account there with the same password."""
        if session is None or time.time() >= session.until or session.id in self.ended:
            return False
        account = people.find(self._layout, session.user)
        return account is not None and hmac.compare_digest(session.account, account.fingerprint)

    def still(self, session: Session | None, user: str) -> Callable[[], bool]:
        """Asks again later whether who is inside now still is: for answers that take long. None: came with a password."""
        if session is not None:
            return lambda: self.holds(session)
        fingerprint = self._account(user).fingerprint
        return lambda: (account := people.find(self._layout, user)) is not None and account.fingerprint == fingerprint
