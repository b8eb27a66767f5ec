"""P Counts of people made safe to leave the box: noise, then suppression, one release a period. See docs/adr/0041.

The two-sided geometric mechanism (Ghosh, Roughgarden, Sundararajan 2009): noise k has probability (1-a)/(1+a) * a^|k| with
a = exp(-epsilon). A count that one device more or less changes by at most 1 is then epsilon-differentially private.
"""

from __future__ import annotations

import hmac
import math
from dataclasses import dataclass

from telemetry.metrics import Fewer

EPSILON = 1.0
"""The privacy loss of one release: 97 % of the noise lies within 3 of the true count."""
_BITS = 53


@dataclass(frozen=True)
class Released:
    """What was told of one count for one period, and is repeated until the period ends; None: nothing is told in it."""

    period: str
    value: int | Fewer | None


UNKNOWN = Released("", None)
"""Something may have been told in this period, and nobody knows what any more."""


def period_of(boot: str, uptime: float, length: int) -> str:
    """The name of the period (of ``length`` seconds) since boot: a wall clock that jumps neither adds nor stops releases."""
    return f"{boot}/{math.floor(uptime / length)}"


def release(before: Released | None, count: int, *, name: str, period: str, smallest: int, secret: bytes) -> Released:
    """The release of ``count`` for ``period``: the one made before if it is of this period, else a new one.

    After UNKNOWN nothing is told until the period ends: a second number for it would give away part of the noise.
    """
    if before is not None and before.period == period:
        return before
    if before == UNKNOWN:
        return Released(period, None)
    noisy = count + noise(secret, name, period)
    return Released(period, noisy if noisy >= smallest else Fewer(smallest))


def noise(secret: bytes, name: str, period: str, epsilon: float = EPSILON) -> int:
    """Noise for one count and period: the same for the same question, so that asking again does not average it away.

    ``secret`` is made on the box and never leaves it; without it the noise cannot be told from chance.
    """
    digest = hmac.digest(secret, f"campbox noise\n{name}\n{period}".encode(), "sha256")
    # Two independent uniforms in (0, 1): the difference of two geometric variables is the two-sided geometric one.
    first, second = (_uniform(digest[at : at + 8]) for at in (0, 8))
    return _geometric(first, epsilon) - _geometric(second, epsilon)


def _uniform(eight_bytes: bytes) -> float:
    return ((int.from_bytes(eight_bytes) >> (64 - _BITS)) + 0.5) / float(2**_BITS)


def _geometric(uniform: float, epsilon: float) -> int:
    """P(k) = (1 - a) a^k by inversion."""
    return math.floor(math.log(uniform) / -epsilon)
