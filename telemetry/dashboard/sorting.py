"""P What the hub takes of the rows of one message, and why it refuses the rest: a value is looked at when it changes, not in every
row that carries it on."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.message import Wire
from telemetry.metrics import BY_NUMBER, PLAIN, refusal


class Sorter:
    """Takes rows one after the other. ``reasons``: every reason there was, once each; ``taken``: the values of the last row."""

    def __init__(self, smallest_count: int, *, unknown: bool = False) -> None:
        self._smallest = smallest_count
        self._before: Mapping[int, Wire] = {}
        self.reasons = {"unknown-metric"} if unknown else set[str]()
        self.taken: dict[int, Wire] = {}

    def take(self, values: Mapping[int, Wire]) -> dict[int, Wire]:
        """The values of a row that the hub takes."""
        before, was, taken = self._before, self.taken, dict[int, Wire]()
        for number, value in values.items():
            # The same object: carried on from the row before, and judged there.
            if before.get(number) is value:
                if number in was:
                    taken[number] = value
                continue
            bounds = PLAIN.get(number)
            plain = bounds is not None and type(value) is int and bounds[0] <= value <= bounds[1]
            why = None if plain else refusal(BY_NUMBER.get(number), value, self._smallest)
            if why is None:
                taken[number] = value
            else:
                self.reasons.add(why)
        self._before, self.taken = values, taken
        return taken
