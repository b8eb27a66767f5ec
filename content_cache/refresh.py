"""W One look for a new catalogue: ask every source in turn, take over what is newest and allowed, tell."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from appliance import clock, facts
from appliance.config import SiteConfig
from appliance.errors import BadInput, NotSo, Refused, Unreachable
from appliance.files import sweep, write_json
from appliance.layout import Layout
from appliance.moment import Moment
from content_cache import due, fetch, mirror, notice_board, sources, trusted_time
from content_cache.carrier import Carrier
from content_cache.fetch import Older, Source
from content_cache.fetching import Later
from content_cache.last_look import asked_by_hub, last_look, last_look_file, wish_file
from content_cache.layers import Signed
from content_cache.ledger import Ledger, OverBudget
from content_cache.line import PeopleFirst
from content_cache.taking import REPOSITORY, Held, Taking, Wanted

log = logging.getLogger(__name__)
OLDER = "older"
"""The state of a look at nothing but what is older: nobody need hear of it but who brought the stick."""


@dataclass(frozen=True)
class Outcome:
    """What a run found; goes into the facts."""

    state: str
    why: str


class Sync:
    """One run for one place, with ``given`` sources (a stick's, or a test's) or those of the place."""

    def __init__(self, config: SiteConfig, layout: Layout, given: Sequence[Source] | None = None) -> None:
        self.config, self.layout, self.given = config, layout, given
        self.folder = layout.service_data("content")
        self.last = last_look(layout)
        self.asked = asked_by_hub(layout)  # read before the look: a wish that comes during it is not taken for granted
        self.moment = self._moment()
        self.ledger = Ledger(self.folder / "spent.json", config, self.moment)
        self.taking = Taking(config, layout, self.ledger, self.moment, self._tell_progress)

    def _moment(self) -> Moment:
        known = fetch.trusted(sources.kept(self.layout))
        return trusted_time.at_least(clock.now(), self.last.saved, known.signed)

    def run(self) -> Outcome:
        """Look now. Never raises for what a hub, a stick or a network can do wrong."""
        with _alone(self.folder) as mine:
            if not mine:
                return Outcome("waiting", "another look is under way")
            sweep(self.folder)
            outcome = self._attempt()
            try:
                self._keep(outcome)
            except NotSo as error:
                # A full disk: what was found is told all the same.
                log.error("%s", error)
            if outcome.state != OLDER:
                self._tell(outcome)
        # Only now: a run that was killed on the way leaves the wish standing.
        if self.given is None:
            wish_file(self.layout).unlink(missing_ok=True)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        self.ledger.close()
        if self.given is None:
            last = due.after(self.last, outcome.state, clock.now().wall, synced=self.moment.trust == "synced")
            write_json(last_look_file(self.layout), asdict(last))
        if outcome.state in ("current", "updated", "expired"):
            mirror.lay(sources.kept(self.layout), self.folder / REPOSITORY)

    def _attempt(self) -> Outcome:
        try:
            self.taking.restore()
            there = sources.sources(self.config, self.layout, self.ledger.came) if self.given is None else self.given
            if not there:
                return Outcome("waiting", "not enrolled yet")
            return self._ask(there)
        except PeopleFirst as error:
            return Outcome("pausing", error.what)
        except (OverBudget, Later) as error:
            return Outcome("later", error.what)
        except Held as error:
            return Outcome("held", error.what)
        except Unreachable as error:
            return Outcome("offline", error.what)
        except (NotSo, BadInput) as error:
            return Outcome("refused", error.what)

    def _ask(self, there: Sequence[Source]) -> Outcome:
        """Every source brings its metadata; the newest decides, and whoever answered may carry the files."""
        offer, layers = None, list[Signed]()
        answered, problems = list[Source](), list[NotSo]()
        for source in there:
            try:
                found = source.offer(), source.layers()
                offer, layers = found
                answered.append(source)
                self._take_notices(source)
            except Older as error:
                # A neighbour or a stick may well be older than this box; a hub may not.
                problems += [error] if source.place == "hub" else []
                log.info("%s: %s", source.place, error.what)
            except (Refused, Unreachable) as error:
                log.info("%s: %s", source.place, error.what)
                problems.append(error)
        if not answered:
            # A source that lies is worse than one that is silent; a stick or a neighbour that is older is neither.
            problems.sort(key=lambda problem: not isinstance(problem, Refused))
            if not problems:
                return Outcome(OLDER, "this stick is older than what this box holds")
            raise problems[0]
        if offer is None:
            return Outcome("waiting", "the hub has published no catalogue yet")
        carriers: list[Carrier] = [source.carrier for source in answered]
        taken = self.taking.take(Wanted(offer, layers, carriers), due.stood_back(self.last, clock.now().wall))
        return self._judged("updated" if taken else "current", problems)

    def _take_notices(self, source: Source) -> None:
        try:
            notice_board.take(source, self.layout)
        except Unreachable as error:
            log.info("the notices come later: %s", error.what)

    def _judged(self, state: str, problems: Sequence[NotSo]) -> Outcome:
        """What was refused on the way is told even where another source had what was wanted."""
        refused = next((problem.what for problem in problems if isinstance(problem, Refused)), "")
        if refused:
            return Outcome("updated" if state == "updated" else "refused", refused)
        if self._expired():
            return Outcome("expired", "the signed metadata has expired")
        return Outcome(state, "")

    def _expired(self) -> bool:
        known = fetch.trusted(sources.kept(self.layout))
        return trusted_time.has_expired(known.expires, trusted_time.at_least(self.moment, self.last.saved, known.signed))

    def _tell_progress(self, done: int, total: int) -> None:
        told = facts.read(self.layout, "sync") or self._told(Outcome("waiting", "the first catalogue is on its way"))
        facts.tell(self.layout, "sync", {**told, "done": done, "total": total})

    def _tell(self, outcome: Outcome) -> None:
        facts.tell(self.layout, "sync", self._told(outcome))

    def _told(self, outcome: Outcome) -> dict[str, Any]:
        about = self.taking.store.about()
        return {
            "state": outcome.state,
            "why": outcome.why,
            "version": about.serial if about else 0,
            "services": about.services if about else 0,
            "snapshot_date": about.header["date"] if about else "",
            "sample": bool(about.header["sample"]) if about else False,
            "held": self.taking.held,
            "expired": self._expired(),
            "source": self.taking.door.place or str(facts.read(self.layout, "sync").get("source", "")),
            "done": 0,
            "total": 0,
            "budget_left": self.ledger.left,
            # What could not be asked stays asked.
            "asked": self.asked if outcome.state != "offline" else facts.read(self.layout, "sync").get("asked", 0),
        }


@contextmanager
def _alone(folder: os.PathLike[str]) -> Iterator[bool]:
    """Whether nobody else looks just now, a stick or the timer; until this ends nobody will."""
    descriptor = os.open(os.path.join(folder, "lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
