"""W The one door for every file that is fetched: the site's hours, the month's volume, people first, room on the disk."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.config import SiteConfig
from appliance.errors import NotSo
from appliance.layout import Layout
from appliance.moment import Moment
from content_cache import allowance, choice, line
from content_cache.carrier import PIECE, Carrier
from content_cache.download import Download
from content_cache.ledger import Ledger, OverBudget
from content_cache.line import Brake
from content_cache.part_file import PartFile
from content_cache.targets import File


class Later(NotSo):
    """Not in these hours."""


class Fetching:
    """For one run of one place; parts of files stand in ``parts``. ``place`` is where the last file came from."""

    def __init__(
        self, config: SiteConfig, layout: Layout, ledger: Ledger, moment: Moment, parts: Path,
        progress: Callable[[int, int], None], sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.config, self.layout, self.ledger, self.moment, self.parts = config, layout, ledger, moment, parts
        self._progress, self._sleep = progress, sleep
        self.place = ""

    def fetch(self, file: File, made: int, carriers: Sequence[Carrier], waited: float) -> tuple[bytes, PartFile]:
        """The file, its hash checked. ``made``: bytes of disk for what is made of it; ``waited``: seconds content has stood back.

        Raises Refused, Later, OverBudget, PeopleFirst, Unreachable, NotSo for a full disk.
        """
        download = Download(self.parts, file, progress=lambda done: self._progress(done, file.length), sleep=self._sleep)
        part = download.part.look()
        brake = Brake(lambda own: line.look(self.layout, own), waited, file.length - part.length, sleep=self._sleep)
        download.brake = lambda octets: self._came(octets, file.length - download.part.length, brake)
        allowed = self._allowed(file, part.length, carriers)
        download.part.set_apart(max(0, file.length - part.length) + made)
        try:
            if all(carrier.metered for carrier in allowed) and part.length < file.length:
                brake.begin()
                self.ledger.expect(min(PIECE, file.length - part.length))
            content = download.run(allowed)
        finally:
            download.part.give_room()
        self.place = download.place or self.place
        return content, download.part

    def _allowed(self, file: File, have: int, carriers: Sequence[Carrier]) -> list[Carrier]:
        """Whoever costs nothing always; the metered link in the site's hours and while the month's volume is enough."""
        free = [carrier for carrier in carriers if not carrier.metered]
        here = datetime.datetime.fromtimestamp(self.moment.wall, ZoneInfo(self.config.site.timezone))
        if not allowance.may_begin(self.config.catalogue.hours, here, self.moment.trust):
            if not free:
                raise Later("outside the hours in which content may use the link", mend="it comes in those hours")
            return free
        if not choice.affordable(file, have, self.ledger.left):
            if not free:
                raise OverBudget("this month's volume is used up", mend="raise [catalogue] monthly_mb, or bring a USB stick")
            return free
        return list(carriers)

    def _came(self, octets: int, rest: int, brake: Brake) -> None:
        self.ledger.expect(min(PIECE, rest))
        brake.came(octets)
