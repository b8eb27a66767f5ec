"""P What the hub takes of the rows of one message, and why it refuses the rest: a value is looked at when it changes, not in every
row that carries it on."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.message import Wire
from telemetry.metrics import BY_NUMBER, refusal


class Sorter:
    """Takes rows one after the other. ``reasons``: every reason there was, once each; ``taken``: the values of the last row."""

    def __init__(self, smallest_count: int, *, unknown: bool = False) -> None:
        self._smallest = smallest_count
        self._before: Mapping[int, Wire] = {}
        self.reasons = {"unknown-metric"} if unknown else set[str]()
        self.taken: dict[int, Wire] = {}

    def take(self, values: Mapping[int, Wire]) -> dict[int, Wire]:
        """The values of a row that the hub takes."""
        before, taken = self._before, self.taken
        self._before, self.taken = values, {}
        for number, value in values.items():
            # The same object: carried on from the row before, and judged there.
            if number in before and before[number] is value:
                if number in taken:
                    self.taken[number] = value
            elif (why := refusal(BY_NUMBER.get(number), value, self._smallest)) is None:
                self.taken[number] = value
            else:
                self.reasons.add(why)
        return self.taken
