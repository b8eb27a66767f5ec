"""E Fetching one signed file piece by piece: from whoever carries it, on from the byte where it broke off."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.errors import NotSo, Refused, Unreachable
from content_cache.carrier import Carrier
from content_cache.mirror import address
from content_cache.part_file import PartFile
from content_cache.resume import Missing, Part, asking, start
from content_cache.targets import File

TRIES = 3
"""Attempts without one new byte before a carrier is given up for this time."""
PAUSE = 1.0
"""Seconds before the second attempt, twice as many before the third."""
DEADLINE = 780.0
"""Seconds for one file in one run, however slowly it drips: what came stays, and the next run goes on (a unit has 15 minutes)."""
Told = Callable[[int], None]


class Download:
    """One file. ``brake`` is told the length of each piece of a metered carrier and may wait, or raise PeopleFirst.

    ``progress`` hears how many bytes are here.
    """

    def __init__(
        self, folder: Path, file: File, brake: Told = lambda octets: None, progress: Told = lambda octets: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.part, self.file, self.brake, self.progress, self._sleep = PartFile(folder, file), file, brake, progress, sleep
        self.place, self._until = "", time.monotonic() + DEADLINE

    def run(self, carriers: Sequence[Carrier]) -> bytes:
        """The whole file, its hash checked. What came stays on disk if it fails.

        Raises Missing or Unreachable, Refused for what is not the signed file, NotSo for a full disk.
        """
        problem: NotSo = Missing("nobody carries this file", mend="it is tried again")
        for carrier in carriers:
            try:
                self._from(carrier)
                return self._checked()
            except (Refused, Unreachable) as error:
                # Another may carry it whole; the worst that was met is what is told.
                problem = error if isinstance(error, Refused) or not isinstance(problem, Refused) else problem
        raise problem

    def _from(self, carrier: Carrier) -> None:
        fruitless = bad = 0
        part = self.part.look()
        while part.length < self.file.length:
            before = part.length
            try:
                bad += not self._once(carrier, part)
                problem = Unreachable("it broke off", mend="it is tried again")
            except Missing:
                raise
            except Unreachable as error:
                problem = error
            if bad == TRIES:
                raise Refused("a length or hash is not the signed one", mend="look who changed the repository")
            part = self.part.look()
            fruitless = 0 if part.length > before else fruitless + 1
            if fruitless == TRIES or time.monotonic() > self._until:
                raise problem
            if part.length < self.file.length and not bad:
                self._sleep(PAUSE * max(1, fruitless))
        self.progress(part.length)

    def _once(self, carrier: Carrier, part: Part) -> bool:
        """One question; False when a piece was not the signed one. Raises Unreachable, Missing, Refused."""
        with carrier.get(address(self.file.name, self.file.sha256), asking(part, carrier.name)) as answer:
            at = start(answer.status, answer.headers, part.length, self.file.length)
            self.part.given_by(part, carrier.name, at.validator)
            self.place = carrier.place
            skip = at.skip
            for piece in answer.body:
                new = piece[skip:]
                skip -= len(piece) - len(new)
                if new and not self.part.append(new):
                    return False
                self.progress(self.part.length)
                if carrier.metered:
                    self.brake(len(piece))
                if time.monotonic() > self._until:
                    raise Unreachable("it took too long", mend="it goes on from there")
        return True

    def _checked(self) -> bytes:
        content = self.part.content()
        if len(content) != self.file.length or hashlib.sha256(content).hexdigest() != self.file.sha256:
            self.part.forget()
            raise Refused("a length or hash is not the signed one", mend="look who changed the repository")
        return content
