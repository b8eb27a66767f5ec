"""W One look for a new catalogue at the hub: verify, store, tell. ``content_cache.sync`` runs it when it is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from appliance import clock, facts
from appliance.config import SiteConfig
from appliance.errors import BadInput, NotSo, Refused, Unreachable
from appliance.files import read_json, write_json
from appliance.layout import Layout
from content_cache import due, notice_board, snapshot
from content_cache.catalogue_builder import build
from content_cache.catalogue_store import FILE, About, Store
from content_cache.due import Last
from content_cache.fetch import Offer, Source
from content_cache.last_look import asked_by_hub, last_look, last_look_file, wish_file


@dataclass(frozen=True)
class Outcome:
    """What a run found; goes into the facts."""

    state: str
    why: str


class Sync:
    """One run for one place. ``open_source`` is replaced in tests."""

    def __init__(self, config: SiteConfig, layout: Layout, open_source: Callable[..., Source] = Source) -> None:
        self.config, self.layout, self.open_source = config, layout, open_source
        self.folder = layout.service_data("content")
        self.store = Store(self.folder / FILE)
        self.asked = asked_by_hub(layout)  # read before the look: a wish that comes during it is not taken for granted

    def run(self) -> Outcome:
        """Look now. Never raises for what a hub or a network can do wrong."""
        wall, last = clock.now().wall, last_look(self.layout)
        outcome = self._attempt()
        if outcome.state in ("current", "updated"):
            write_json(last_look_file(self.layout), asdict(Last(succeeded=wall)))
        elif outcome.state == "refused":
            write_json(last_look_file(self.layout), asdict(Last(last.succeeded, refused=wall)))
        self._tell(outcome)
        # Only now: a run that was killed on the way leaves the wish standing.
        wish_file(self.layout).unlink(missing_ok=True)
        return outcome

    def _attempt(self) -> Outcome:
        try:
            source = self._source()
            if source is None:
                return Outcome("waiting", "not enrolled yet")
            offer = source.offer()
            notice_board.take(source, self.layout)
            if offer is None:
                return Outcome("waiting", "the hub has published no catalogue yet")
            return self._take(source, offer)
        except Unreachable as error:
            return Outcome("offline", error.what)
        except (NotSo, BadInput) as error:
            return Outcome("refused", error.what)

    def _source(self) -> Source | None:
        identity = self.layout.identity_dir
        place, root = read_json(identity / "catalogue.json"), identity / "root.json"
        if not isinstance(place, dict) or not isinstance(place.get("url"), str) or not root.exists():
            return None
        return self.open_source(place["url"], root.read_bytes(), identity / "ca.pem", self.folder / "tuf")

    def _take(self, source: Source, offer: Offer) -> Outcome:
        about = self.store.about()
        if about is not None and offer.serial == about.serial and offer.sha256 == about.sha256:
            return Outcome("current", "")
        if about is not None and offer.serial <= about.serial:
            raise Refused("older than what this box has already seen (rollback)", mend="look whether the hub was restored")
        self._check(offer.services, offer.sample, about)
        catalogue = snapshot.read(snapshot.unpack(source.fetch(offer)))
        # What is inside counts, not what was said about it.
        self._check(catalogue.count("service"), catalogue.header.sample, about)
        build(self.folder / FILE, catalogue, offer.serial, offer.sha256)
        source.forget_files(offer)
        return Outcome("updated", "")

    def _check(self, services: int, sample: bool, about: About | None) -> None:
        stored = None if about is None or about.header.get("sample") else about.services
        problem = due.objection(services, sample, stored, self.config.catalogue.sample)
        if problem:
            raise Refused(problem, mend="look at the import at the hub")

    def _tell(self, outcome: Outcome) -> None:
        about = self.store.about()
        told: dict[str, Any] = {
            "state": outcome.state,
            "why": outcome.why,
            "version": about.serial if about else 0,
            "services": about.services if about else 0,
            "snapshot_date": about.header["date"] if about else "",
            "sample": bool(about.header["sample"]) if about else False,
            # What could not be asked stays asked.
            "asked": self.asked if outcome.state != "offline" else facts.read(self.layout, "sync").get("asked", 0),
        }
        facts.publish(self.layout, "sync", told)
