"""P Figures of fairness: how alike shares are, and the delays that ping prints."""

from __future__ import annotations

import re
from collections.abc import Collection

from appliance.errors import CommandFailed


def jain(shares: Collection[float]) -> float:
    """Jain's index (DEC-TR-301, 1984): 1 when all shares are equal, 1/n when one has everything. Raises ValueError for none."""
    squares = sum(share * share for share in shares)
    if not squares:
        raise ValueError("nobody got anything")
    return sum(shares) ** 2 / (len(shares) * squares)


def read_ping(text: str) -> list[float]:
    """Milliseconds of every echo that came back. Raises CommandFailed when none did."""
    found = [float(value) for value in re.findall(r" time=([0-9.]+) ms", text)]
    if not found:
        raise CommandFailed("no echo came back", where="ping")
    return found
