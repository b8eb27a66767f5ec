"""R7: whatever goes wrong while the pages that stand ready are written, they are written again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.errors import NotSo
from captive_portal import refresher


class Enough(BaseException):
    pass


class Looks:
    """Fails in one way after the other, then well."""

    def __init__(self, faults: Iterator[Exception]) -> None:
        self.faults, self.well = faults, 0

    def look(self) -> bool:
        for fault in self.faults:
            raise fault
        self.well += 1
        return True


def test_r7_no_fault_ends_the_thread() -> None:
    slept = list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if looks.well == 2:
            raise Enough

    looks = Looks(iter([NotSo("full"), OSError(28, "full"), ValueError("odd"), KeyError("gone"), RecursionError()]))
    with pytest.raises(Enough):
        refresher.main(looks, sleep)  # type: ignore[arg-type]
    assert looks.well == 2 and slept.count(refresher.PACE) >= 6
