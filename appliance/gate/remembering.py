"""W What the gate keeps for its next start: on the disk, and as a stamp beside the kernel's sets. Neither stops it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from appliance.errors import CampboxError, NotSo
from appliance.gate.elements import Stamp
from appliance.gate.knowledge import Memory

log = logging.getLogger(__name__)
AGAIN = 60.0
"""Seconds after which what could not be kept is tried again."""


class Remembering:
    """``kept`` is what stands on the disk; ``write`` keeps one there and raises NotSo, ``mark`` stamps the sets and raises
    CommandFailed; ``clock`` counts seconds steadily."""

    def __init__(
        self, kept: Memory | None, write: Callable[[Memory], None], mark: Callable[[Stamp], None], clock: Callable[[], float]
    ) -> None:
        self.memory = self._written = kept
        self._write, self._mark, self._clock = write, mark, clock
        self._stamped: Stamp | None = None
        self._due = 0.0
        self._complained = False

    def begin(self, stamped: Stamp | None) -> None:
        """The kernel's sets bear this stamp."""
        self._stamped = stamped

    def look(self, stamped: Stamp | None) -> None:
        """The kernel's sets bear this stamp: where a hand took theirs away, or they were made anew, they get it again."""
        if stamped != self._stamped:
            self._stamped, self._due = stamped, 0.0
            self.tick()

    def keep(self, memory: Memory) -> None:
        """Keep it from now on. Where disk or kernel does not take it, that is tried again now and then."""
        if memory != self.memory:
            self.memory, self._due = memory, 0.0
        self.tick()

    def is_on_disk(self, memory: Memory) -> bool:
        """Keep it, at first on the disk alone; whether the disk takes it."""
        self.memory = memory
        return self._on_disk()

    def tick(self) -> None:
        """Keep what is not kept yet."""
        if self.memory is not None and self._clock() >= self._due:
            self._on_disk()
            self._beside_the_sets(Stamp(self.memory.boot, self.memory.day))

    def _on_disk(self) -> bool:
        if self.memory is None or self.memory == self._written:
            return True
        try:
            self._write(self.memory)
        except NotSo as error:
            self._due = self._clock() + AGAIN
            if not self._complained:
                log.error("a restart within this boot goes by the kernel alone: %s", error)
            self._complained = True
            return False
        self._written, self._complained = self.memory, False
        return True

    def _beside_the_sets(self, stamp: Stamp) -> None:
        if stamp == self._stamped:
            return
        try:
            self._mark(stamp)
        except CampboxError as error:
            log.warning("the sets bear no stamp yet: %s", error)
            self._due = self._clock() + AGAIN
            return
        self._stamped = stamp
