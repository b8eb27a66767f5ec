"""What people ask of a running demo, by keys and signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from provisioning.lab.keys import REBOOT_SIGNAL, Wishes


class Late(list[str]):
    """While it is read, one more signal comes."""

    def __init__(self, wishes: Wishes, first: str) -> None:
        super().__init__([first])
        self._wishes = wishes

    def __iter__(self) -> Iterator[str]:
        yield from list.__iter__(self)
        self._wishes._signalled(signal.SIGUSR1, None)

    def pop(self, *place: int) -> str:  # type: ignore[override]
        taken = super().pop(*place)
        if taken != "cut":
            self._wishes._signalled(signal.SIGUSR1, None)
        return taken


def test_a_signal_that_comes_while_wishes_are_taken_is_not_lost() -> None:
    wishes = Wishes()
    wishes.waiting = Late(wishes, "restore")
    assert [*wishes.take(), *wishes.take()] == ["restore", "cut"]


def test_signals_are_wishes_in_words() -> None:
    wishes = Wishes()
    wishes.patient = True
    for number in (signal.SIGUSR1, signal.SIGUSR2, REBOOT_SIGNAL, signal.SIGTERM):
        wishes._signalled(number, None)
    assert wishes.take() == ["cut", "restore", "reboot", "quit"] and wishes.take() == []
