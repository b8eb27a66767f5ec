"""P When a row was measured, as well as it can be known: a box has no battery clock."""

from __future__ import annotations

from typing import Protocol

from appliance.moment import Trust


class Dated(Protocol):
    """A row of measurements, or a result: what a box says of when it was."""

    @property
    def uptime(self) -> int:
        """Seconds since boot."""

    @property
    def wall(self) -> int:
        """Seconds since 1970."""

    @property
    def trust(self) -> Trust:
        """How far ``wall`` is trusted."""


def date(row: Dated, sent: int | None, arrived: float) -> float:
    """Seconds since 1970.

    A synchronised clock is believed, unless it is ahead of the hub's. Else the row is dated back from its arrival by the uptime
    since then (``sent`` is the uptime at sending); a row of an earlier boot keeps what its box thought, never a time to come. What
    would lie before 1970 is 1970: the box's numbers cannot be true, and the row is past every retention.
    """
    if row.trust == "synced" and row.wall <= arrived + 60:
        return float(row.wall)
    if sent is not None and sent >= row.uptime:
        return max(0.0, arrived - (sent - row.uptime))
    return float(min(row.wall, arrived))
