"""W Taking over one offered catalogue: whether, from whom, which file; then fetched, checked, stored and swapped in at once."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.config import SiteConfig
from appliance.errors import BadInput, NotSo, Refused, Unreachable
from appliance.layout import Layout
from appliance.moment import Moment
from content_cache import base_file, choice, due, layers, notice_board, part_file, patches, snapshot
from content_cache.carrier import Carrier
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, About, Store
from content_cache.fetching import Fetching, Later
from content_cache.laid import Laid
from content_cache.layers import Layer, Signed
from content_cache.lean_restore import restore
from content_cache.ledger import Ledger, OverBudget
from content_cache.line import PeopleFirst
from content_cache.mirror import address
from content_cache.part_file import PartFile
from content_cache.patches import Opened
from content_cache.resume import Missing
from content_cache.snapshot import Catalogue
from content_cache.targets import Edition, Offer

log = logging.getLogger(__name__)
REPOSITORY = "repository"
"""Folder of what a neighbour may fetch from this box, and its address at the front."""
TELL_EVERY = 2.0
"""Seconds between two words about progress."""


class Held(NotSo):
    """Too much would be gone: a person must look first."""


@dataclass(frozen=True)
class Wanted:
    """An offer, what organisations lay over it, and who carries the files."""

    offer: Offer
    layers: Sequence[Signed]
    carriers: Sequence[Carrier]


class Taking:
    """For one place and one run. ``held`` is the hash of an offer that is held."""

    sleep = staticmethod(time.sleep)

    def __init__(
        self, config: SiteConfig, layout: Layout, ledger: Ledger, moment: Moment, progress: Callable[[int, int], None]
    ) -> None:
        self.config, self.layout, self._progress = config, layout, progress
        self.folder = layout.service_data("content")
        self.parts = self.folder / "parts"
        self.store = Store(self.folder / FILE)
        self.laid = Laid(self.folder / "layers", self.folder / REPOSITORY)
        self.door = Fetching(config, layout, ledger, moment, self.parts, self._tell, lambda seconds: self.sleep(seconds))
        self.held = ""
        self._told = 0.0
        self._whole: PartFile | None = None

    def restore(self) -> None:
        """Build the store from the snapshot beside it where it is lost, damaged or of another Campbox: pages are never empty.

        Raises NotSo when the disk is full.
        """
        for serial in base_file.serials(self.folder) if not self.store.is_whole() else ():
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

    def take(self, wanted: Wanted, waited: float) -> bool:
        """Whether there was anything to take: it is then stored. ``waited``: seconds for which content has stood back for people.

        Raises Refused, Held, Later, OverBudget, PeopleFirst, Unreachable, NotSo for a full disk.
        """
        edition, about = wanted.offer.edition, self.store.about()
        signed = layers.edition(edition.snapshot, [one.file.sha256 for one in wanted.layers])
        if about is not None and (edition.serial, signed) == (about.serial, about.sha256):
            return False
        there = self._there(edition)
        if about is not None and (edition.serial < about.serial or (edition.serial == about.serial and there is None)):
            raise Refused("older than what this box has already seen (rollback)", mend="look whether the hub was restored")
        self._refuse_invented(edition.sample)
        self._hold(due.shrinkage(edition.services, self._services(about)), edition)
        opened = there or self._opened(wanted, about, waited)
        laid, waits = self._layers(wanted, waited)
        catalogue, laid = _applied(snapshot.read(opened.canonical), laid)
        identity = layers.edition(edition.snapshot, [layer.sha256 for _, layer in laid])
        if about is None or (edition.serial, identity) != (about.serial, about.sha256):
            self._store(catalogue, opened, edition, identity)
            self.laid.keep(laid)
        part_file.forget_others(self.parts, {one.file.sha256 for one in wanted.layers})
        if waits is not None:
            raise waits
        return True

    def _store(self, catalogue: Catalogue, opened: Opened, edition: Edition, identity: str) -> None:
        """What is inside counts, not what was said about it."""
        self._refuse_invented(catalogue.header.sample)
        about = self.store.about()
        stored = self.store.positions().keys() if self._services(about) else frozenset[str]()
        self._hold(due.lost({one.id for one in catalogue.records if one.entity == "service"}, stored), edition)
        base_file.keep(self.folder, edition.serial, opened.lean)
        build(self.folder / FILE, catalogue, edition.serial, identity)
        base_file.forget_others(self.folder, edition.serial)
        self._give(self._whole)

    def _give(self, part: PartFile | None) -> None:
        """To the neighbours."""
        if part is not None:
            part.move(self.folder / REPOSITORY / address(part.file.name, part.file.sha256))

    def _layers(self, wanted: Wanted, waited: float) -> tuple[list[tuple[Signed, Layer]], NotSo | None]:
        """Every organisation's layer as it is signed, or where it may not come yet the one that is here; and why it may not."""
        waits: NotSo | None = None
        laid = list[tuple[Signed, Layer | None]]()
        for one in wanted.layers:
            layer = self.laid.there(one)
            try:
                laid.append((one, layer or (self._layer(one, wanted.carriers, waited) if waits is None else self.laid.before(one))))
            except (Later, OverBudget, PeopleFirst, Unreachable) as error:
                waits = error
                laid.append((one, self.laid.before(one)))
        return [(one, layer) for one, layer in laid if layer is not None], waits

    def _layer(self, one: Signed, carriers: Sequence[Carrier], waited: float) -> Layer:
        content, part = self.door.fetch(one.file, one.file.length, carriers, waited)
        self._give(part)
        return Layer(one.organisation, content)

    def _there(self, edition: Edition) -> Opened | None:
        """The very snapshot, where it is here already: the store was lost, or only an organisation's layer is new."""
        kept = self._kept(edition.serial)
        return kept if kept is not None and _digest(kept.canonical) == edition.snapshot else None

    def _refuse_invented(self, sample: bool) -> None:
        if problem := due.invented(sample, self.config.catalogue.sample):
            raise Refused(problem, mend="look at the import at the hub")

    def _hold(self, problem: str, edition: Edition) -> None:
        if problem and edition.snapshot not in notice_board.released(self.layout):
            self.held = edition.snapshot
            raise Held(problem, mend="look at the catalogue's page at the hub")

    def _services(self, about: About | None) -> int | None:
        """How many people would miss: none of a sample."""
        return None if about is None or about.header.get("sample") else about.services

    def _opened(self, wanted: Wanted, about: About | None, waited: float) -> Opened:
        """The offered snapshot, fetched, its hash checked; a patch that does not lead there gives way to the whole."""
        offer, edition = wanted.offer, wanted.offer.edition
        base = base_file.read(self.folder, about.serial) if about is not None else None
        ways = choice.choices(offer, about.serial if about is not None and base is not None else 0)
        keep = {way.file.sha256 for way in ways} | {one.file.sha256 for one in wanted.layers}
        part_file.forget_others(self.parts, keep)
        for way in ways:
            try:
                made = choice.room(edition)
                untrusted, self._whole = self.door.fetch(way.file, made, wanted.carriers, waited)
                return patches.open_patch(untrusted, base, edition) if way.base and base else patches.open_full(untrusted, edition)
            except (Refused, BadInput, Missing) as error:
                if way is ways[-1]:
                    raise
                log.warning("the patch cannot be used, the whole is fetched: %s", error)
        raise AssertionError("there is always the whole")

    def _tell(self, done: int, total: int) -> None:
        if time.monotonic() - self._told >= TELL_EVERY:
            self._told = time.monotonic()
            self._progress(done, total)


def _applied(catalogue: Catalogue, laid: list[tuple[Signed, Layer]]) -> tuple[Catalogue, list[tuple[Signed, Layer]]]:
    """The catalogue with the layers over it, and those layers: an older one that no longer fits is left out meanwhile."""
    try:
        return layers.apply(catalogue, [layer for _, layer in laid]), laid
    except (Refused, BadInput):
        newest = [(one, layer) for one, layer in laid if layer.sha256 == one.file.sha256]
        if len(newest) == len(laid):
            raise
        return layers.apply(catalogue, [layer for _, layer in newest]), newest


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
