"""P How often passwords may be tried: by address, by account, and by everybody together. In memory only.

Each try costs a slow hash, and whoever guesses has more patience than the hub has processors. A browser that was inside before
(it holds a signed cookie) has an allowance of its own, so that strangers who guess cannot lock its owner out (OWASP Authentication
Cheat Sheet, "Device cookies").
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.limiter import LONGEST_NAME, Limiter, subscriber

PER_ADDRESS, PER_ACCOUNT, IN_ALL = (5, 1.0), (10, 0.2), (10, 4.0)
"""(tries at once, tries a second after that). All of them together cost a fifth of one processor at 50 ms a try."""
PER_BROWSER = (10, 0.2)


@dataclass(frozen=True)
class Guess:
    """Who tries: an address ("" where the front does not know it), the account's name, and the known browser it comes from."""

    address: str
    account: str
    browser: str = ""


def _limiter(rule: tuple[int, float], askers: int) -> Limiter:
    return Limiter(rule[0], rule[1], askers)


@dataclass
class Guesses:
    """The allowances. Not for several threads at once: whoever calls holds a lock."""

    addresses: Limiter = field(default_factory=lambda: _limiter(PER_ADDRESS, 2_000))
    accounts: Limiter = field(default_factory=lambda: _limiter(PER_ACCOUNT, 2_000))
    browsers: Limiter = field(default_factory=lambda: _limiter(PER_BROWSER, 500))
    everybody: Limiter = field(default_factory=lambda: _limiter(IN_ALL, 1))

    def allows(self, guess: Guess, now: float) -> bool:
        """Take one try; False when an allowance is used up. ``now`` is any steadily growing count of seconds."""
        if guess.browser:
            return self.browsers.allows(guess.browser, now)
        if guess.address and not self.addresses.allows(subscriber(guess.address), now):
            return False
        # Everybody's first: names that are made up faster than that would make it forget the account that is guessed at.
        return self.everybody.allows("", now) and self.accounts.allows(guess.account[:LONGEST_NAME], now)
