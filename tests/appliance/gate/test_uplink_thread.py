"""R7: whatever goes wrong while the internet is looked for, it is looked for again, and it counts as not reached."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from appliance.gate import reachability, uplink_thread
from appliance.gate.known_answers import Said
from appliance.gate.reachability import PATIENCE, Heard
from appliance.gate.uplink import EVERY, EVERY_WHILE_FAILING, UplinkCheck

FAULTS = (RuntimeError("odd"), OSError(24, "no descriptor"), ValueError("odd"), KeyError("gone"), RecursionError(), MemoryError())


class Enough(BaseException):
    pass


class Asker:
    """Says one thing after the other, or fails with it; then there is no more."""

    def __init__(self, *says: Said | Exception) -> None:
        self.says: Iterator[Said | Exception] = iter(says)
        self.doubted = float("-inf")

    def look(self) -> Said:
        for one in self.says:
            if isinstance(one, Exception):
                raise one
            return one
        raise Enough


def looked(*says: Said | Exception) -> tuple[Heard, list[float]]:
    """What is known after these looks, and the pauses between them."""
    check, slept = UplinkCheck(["check.example:80"], rows=()), list[float]()
    check._asker = Asker(*says)  # type: ignore[assignment]
    with pytest.raises(Enough):
        uplink_thread.main(check, slept.append)
    return check.heard, slept


def test_r7_no_fault_ends_the_look_for_the_internet() -> None:
    heard, slept = looked(*FAULTS, "genuine")
    assert heard.reached is not None and slept[-1] == EVERY
    assert slept[:-1] == [EVERY_WHILE_FAILING] * len(FAULTS), "no busy loop, and none of the 15 s"
    again, _ = looked("genuine", *FAULTS, "genuine")
    assert again.reached is not None


def test_r7_a_fault_counts_as_not_reached() -> None:
    heard, _ = looked("genuine", *FAULTS)
    assert heard.reached is not None
    known = reachability.begin(heard.reached)
    assert reachability.judge(known, heard.reached, heard.reached + PATIENCE, heard).state == "down"


def test_r7_two_foreign_answers_with_a_fault_between_are_not_two_in_a_row() -> None:
    assert looked("foreign", "foreign")[0].refuted is not None
    assert looked("foreign", RuntimeError("odd"), "foreign")[0].refuted is None


def test_r7_a_fault_is_said_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        looked(ValueError("192.0.2.7 said no"), ValueError("192.0.2.7 said no"))
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("looking for the internet failed: ValueError") and "192.0.2.7" not in line
