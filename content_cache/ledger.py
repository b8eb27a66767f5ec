"""E The month's account of bytes fetched over the uplink, on disk: written before the bytes come, so that no kill hides any."""

from __future__ import annotations

import datetime
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.files import read_json, write_json
from appliance.moment import Moment
from content_cache.allowance import Spent, left, this_month

AHEAD = 32_768
"""Bytes entered at a time before they come."""


class OverBudget(NotSo):
    """This month's volume is used up."""


class Ledger:
    """The account of one box, kept in ``path``. ``budget`` is in bytes a month, None for no limit."""

    def __init__(self, path: Path, config: SiteConfig, moment: Moment) -> None:
        self.path = path
        mega = config.catalogue.monthly_mb
        self.budget = None if mega is None else int(mega * 1_000_000)
        today = datetime.datetime.fromtimestamp(moment.wall, ZoneInfo(config.site.timezone)).date()
        reset_day = next((uplink.reset_day for uplink in config.uplinks if uplink.reset_day), 1)
        self.spent = this_month(self._read(), today, reset_day, moment.trust)
        self.own = 0
        self._entered = self.spent.octets

    def _read(self) -> Spent:
        try:
            kept = read_json(self.path)
            return Spent(datetime.date.fromisoformat(kept["period"]).isoformat(), max(0, int(kept["octets"])))
        except (NotSo, KeyError, TypeError, ValueError, OverflowError):
            return Spent()

    @property
    def left(self) -> int | None:
        """Bytes that may still come; None without a limit."""
        return left(self.spent, self.budget)

    def expect(self, octets: int) -> None:
        """So many bytes are about to come. Raises OverBudget when there is not enough left, NotSo when the disk is full."""
        if self.left is not None and octets > self.left:
            raise OverBudget("this month's volume is used up", mend="raise [catalogue] monthly_mb, or bring a USB stick")
        if self.spent.octets + octets > self._entered:
            self._entered = self.spent.octets + max(octets, AHEAD)
            self._write(self._entered)

    def came(self, octets: int) -> None:
        """So many bytes came."""
        self.own += octets
        self.spent = Spent(self.spent.period, self.spent.octets + octets)

    def close(self) -> None:
        """Enter what really came. Raises NotSo when the disk is full."""
        if self._entered != self.spent.octets:
            self._entered = self.spent.octets
            self._write(self._entered)

    def _write(self, octets: int) -> None:
        if self.budget is not None:
            write_json(self.path, asdict(Spent(self.spent.period, octets)))
