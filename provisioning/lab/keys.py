"""E Single key presses from the terminal, and signals, as a queue of words."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

REBOOT_SIGNAL = signal.SIGRTMIN
"""Beside SIGUSR1 (cut) and SIGUSR2 (restore): reboot the box."""

_SIGNALS = {
    signal.SIGUSR1: "cut",
    signal.SIGUSR2: "restore",
    REBOOT_SIGNAL: "reboot",
    signal.SIGINT: "quit",
    signal.SIGTERM: "quit",
    signal.SIGHUP: "quit",
}
_KEYS = {"c": "cut", "r": "restore", "b": "reboot", "q": "quit", "\x03": "quit"}


class Quit(BaseException):
    """Asked to end while something was being brought up."""


class Wishes:
    """What people asked for and has not been done yet."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.patient = False
        """False while bringing up or taking down: then a wish to quit ends at once what is going on."""

    def take(self) -> list[str]:
        """Everything asked for since the last time, keys included."""
        if self.patient and sys.stdin is not None and sys.stdin.isatty():
            while select.select([sys.stdin], [], [], 0)[0] and (data := os.read(sys.stdin.fileno(), 1)):
                self.waiting.append(_KEYS.get(data.decode(errors="replace"), ""))
        taken = list[str]()
        while self.waiting:  # one by one: a signal in between adds to this list
            taken.append(self.waiting.pop(0))
        return [word for word in taken if word]

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        word = _SIGNALS[signal.Signals(number)] if number != REBOOT_SIGNAL else "reboot"
        if word == "quit" and not self.patient:
            raise Quit
        self.waiting.append(word)


@contextmanager
def listening() -> Iterator[Wishes]:
    """Signals and keys go to the wishes; the terminal is as before afterwards."""
    wishes = Wishes()
    before = {number: signal.signal(number, wishes._signalled) for number in _SIGNALS}
    saved: Any = None
    if sys.stdin is not None and sys.stdin.isatty():
        saved = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
    try:
        yield wishes
    finally:
        if saved is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Taking down is not interrupted by a second Ctrl-C."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
