"""W Taking over one offered catalogue: whether, from whom, which file; then fetched, checked, stored and swapped in at once."""

from __future__ import annotations

import datetime
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from appliance import clock
from appliance.config import SiteConfig
from appliance.errors import BadInput, NotSo, Refused
from appliance.layout import Layout
from appliance.moment import Moment
from content_cache import allowance, base_file, choice, due, layers, line, notice_board, part_file, patches, snapshot
from content_cache.carrier import PIECE, Carrier
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, About, Store
from content_cache.choice import Choice
from content_cache.download import Download
from content_cache.layers import Layer
from content_cache.lean_restore import restore
from content_cache.ledger import Ledger, OverBudget
from content_cache.line import Brake
from content_cache.mirror import address
from content_cache.part_file import PartFile
from content_cache.patches import Opened
from content_cache.resume import Missing
from content_cache.targets import Edition, Offer

log = logging.getLogger(__name__)
REPOSITORY = "repository"
"""Folder of what a neighbour may fetch from this box, and its address at the front."""
TELL_EVERY = 2.0
"""Seconds between two words about progress."""


class Held(NotSo):
    """Too much would be gone: a person must look first."""


class Later(NotSo):
    """Not in these hours."""


@dataclass(frozen=True)
class Wanted:
    """An offer, what organisations lay over it, and who carries the files."""

    offer: Offer
    layers: Sequence[Layer]
    carriers: Sequence[Carrier]


class Taking:
    """For one place and one run. ``held`` is the hash of an offer that is held, ``place`` where the last file came from."""

    sleep = staticmethod(time.sleep)

    def __init__(
        self, config: SiteConfig, layout: Layout, ledger: Ledger, moment: Moment, progress: Callable[[int, int], None]
    ) -> None:
        self.config, self.layout, self.ledger, self.moment, self._progress = config, layout, ledger, moment, progress
        self.folder = layout.service_data("content")
        self.parts = self.folder / "parts"
        self.store = Store(self.folder / FILE)
        self.held = self.place = ""
        self._told = 0.0
        self._whole: PartFile | None = None

    def restore(self) -> None:
        """Build the store from the snapshot beside it where it is lost, damaged or of another Campbox: pages are never empty.

        Raises NotSo when the disk is full.
        """
        for serial in base_file.serials(self.folder) if self.store.about() is None else ():
            try:
                if self._restored(serial):
                    log.info("the store was built anew from the snapshot beside it")
                    return
            except BadInput as error:
                log.warning("the snapshot beside the store cannot be used: %s", error)

    def _restored(self, serial: int) -> bool:
        kept = self._kept(serial)
        catalogue = snapshot.read(kept.canonical) if kept else None
        if kept is None or catalogue is None or due.invented(catalogue.header.sample, self.config.catalogue.sample):
            return False
        build(self.folder / FILE, catalogue, serial, _digest(kept.canonical))
        return True

    def _kept(self, serial: int) -> Opened | None:
        """The snapshot of this serial that is here; none where it is in the form of another Campbox."""
        lean = base_file.read(self.folder, serial)
        try:
            return Opened(restore(lean), lean) if lean is not None else None
        except BadInput as error:
            log.warning("the snapshot beside the store cannot be used: %s", error)
            return None

    def take(self, wanted: Wanted, paused: float) -> bool:
        """Whether there was anything to take: it is then stored. ``paused``: since when content stands back for people.

        Raises Refused, Held, Later, OverBudget, PeopleFirst, Unreachable, NotSo for a full disk.
        """
        edition, about = wanted.offer.edition, self.store.about()
        identity = layers.edition(edition.snapshot, wanted.layers)
        if about is not None and (edition.serial, identity) == (about.serial, about.sha256):
            return False
        there = self._there(edition)
        if about is not None and (edition.serial < about.serial or (edition.serial == about.serial and there is None)):
            raise Refused("older than what this box has already seen (rollback)", mend="look whether the hub was restored")
        self._check(edition.services, edition.sample, edition, about)
        opened = there or self._opened(wanted, about, paused)
        catalogue = layers.apply(snapshot.read(opened.canonical), wanted.layers)
        # What is inside counts, not what was said about it.
        self._check(catalogue.count("service"), catalogue.header.sample, edition, about)
        base_file.keep(self.folder, edition.serial, opened.lean)
        build(self.folder / FILE, catalogue, edition.serial, identity)
        base_file.forget_others(self.folder, edition.serial)
        if self._whole is not None:
            self._whole.move(self.folder / REPOSITORY / address(self._whole.file.name, self._whole.file.sha256))
        part_file.forget_others(self.parts, set())
        return True

    def _there(self, edition: Edition) -> Opened | None:
        """The very snapshot, where it is here already: the store was lost, or only an organisation's layer is new."""
        kept = self._kept(edition.serial)
        return kept if kept is not None and _digest(kept.canonical) == edition.snapshot else None

    def _check(self, services: int, sample: bool, edition: Edition, about: About | None) -> None:
        if problem := due.invented(sample, self.config.catalogue.sample):
            raise Refused(problem, mend="look at the import at the hub")
        stored = None if about is None or about.header.get("sample") else about.services
        problem = due.shrinkage(services, stored)
        if problem and edition.snapshot not in notice_board.released(self.layout):
            self.held = edition.snapshot
            raise Held(problem, mend="look at the catalogue's page at the hub")

    def _opened(self, wanted: Wanted, about: About | None, paused: float) -> Opened:
        """The offered snapshot, fetched, its hash checked; a patch that does not lead there gives way to the whole."""
        offer, edition = wanted.offer, wanted.offer.edition
        base = base_file.read(self.folder, about.serial) if about is not None else None
        ways = choice.choices(offer, about.serial if about is not None and base is not None else 0)
        part_file.forget_others(self.parts, {way.file.sha256 for way in ways})
        for way in ways:
            try:
                untrusted = self._fetched(way, edition, wanted.carriers, paused)
                return patches.open_patch(untrusted, base, edition) if way.base and base else patches.open_full(untrusted, edition)
            except (Refused, BadInput, Missing) as error:
                if way is ways[-1]:
                    raise
                log.warning("the patch cannot be used, the whole is fetched: %s", error)
        raise AssertionError("there is always the whole")

    def _fetched(self, way: Choice, edition: Edition, carriers: Sequence[Carrier], paused: float) -> bytes:
        waited = max(0.0, clock.now().wall - paused) if paused else 0.0
        download = Download(self.parts, way.file, progress=self._tell(way.file.length), sleep=self.sleep)
        part = download.part.look()
        brake = Brake(lambda own: line.look(self.layout, own), waited, way.file.length - part.length, sleep=self.sleep)
        download.brake = lambda octets: self._came(octets, way.file.length - download.part.length, brake)
        allowed = self._allowed(way, part.length, carriers)
        download.part.set_apart(choice.room(edition, way.file, part.length))
        try:
            if all(carrier.metered for carrier in allowed) and part.length < way.file.length:
                brake.begin()
                self.ledger.expect(min(PIECE, way.file.length - part.length))
            content = download.run(allowed)
        finally:
            download.part.give_room()
        self.place = download.place or self.place
        self._whole = download.part
        return content

    def _allowed(self, way: Choice, have: int, carriers: Sequence[Carrier]) -> list[Carrier]:
        """Whoever costs nothing always; the metered link in the site's hours and while the month's volume is enough."""
        free = [carrier for carrier in carriers if not carrier.metered]
        here = datetime.datetime.fromtimestamp(self.moment.wall, ZoneInfo(self.config.site.timezone))
        if not allowance.may_begin(self.config.catalogue.hours, here, self.moment.trust):
            if not free:
                raise Later("outside the hours in which content may use the link", mend="it comes in those hours")
            return free
        if not choice.affordable(way.file, have, self.ledger.left):
            if not free:
                raise OverBudget("this month's volume is used up", mend="raise [catalogue] monthly_mb, or bring a USB stick")
            return free
        return list(carriers)

    def _came(self, octets: int, rest: int, brake: Brake) -> None:
        self.ledger.expect(min(PIECE, rest))
        brake.came(octets)

    def _tell(self, total: int) -> Callable[[int], None]:
        def tell(done: int) -> None:
            if time.monotonic() - self._told >= TELL_EVERY:
                self._told = time.monotonic()
                self._progress(done, total)

        return tell


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
