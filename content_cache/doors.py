"""E Which services are open now: answered for all that share their hours at once, and once a minute."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterable, Mapping, Sequence

from content_cache import hours
from content_cache.catalogue_store import Store
from content_cache.hours import Open, Plans, State


class Doors:
    """Reads the store's timetables when the catalogue changes, and keeps the answers of the present minute."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._read: tuple[object, dict[int, tuple[Plans, ...]]] = (None, {})
        self._now: tuple[object, dict[int, State], frozenset[int] | None] = (None, {}, None)

    def states(self, timetables: Iterable[int], here: datetime.datetime) -> Mapping[int, State]:
        """Of at least these timetables at a moment in the site's time."""
        with self._lock:
            known, states, _ = self._minute(here)
            for timetable in timetables:
                if timetable not in states:
                    states[timetable] = _state(known.get(timetable, ()), here)
            return states

    def open(self, here: datetime.datetime) -> frozenset[int]:
        """The timetables that are open."""
        with self._lock:
            known, states, opened = self._minute(here)
            if opened is None:
                for timetable, groups in known.items():
                    if timetable not in states:
                        states[timetable] = _state(groups, here)
                opened = frozenset(one for one, state in states.items() if isinstance(state, Open))
                self._now = (*self._now[:2], opened)
            return opened

    def _minute(self, here: datetime.datetime) -> tuple[dict[int, tuple[Plans, ...]], dict[int, State], frozenset[int] | None]:
        generation = self._store.generation()
        if self._read[0] != generation or generation is None:
            bodies = self._store.timetables()
            if self._store.generation() != generation:  # it turned out to be damaged
                generation = None
            self._read = (generation, {id: tuple(hours.plans(group) for group in groups) for id, groups in bodies.items()})
        asked = (generation, here.replace(second=0, microsecond=0))
        if self._now[0] != asked:
            self._now = (asked, {}, None)
        return self._read[1], self._now[1], self._now[2]


def _state(groups: Sequence[Plans], here: datetime.datetime) -> State:
    return hours.best(hours.state_at(known, here) for known in groups)
