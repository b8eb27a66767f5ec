"""E Progress on a terminal: one line that is written over and wiped at the end; nothing at all where the output is no terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

Say = Callable[[str], None]


@contextlib.contextmanager
def line() -> Iterator[Say]:
    """What it gives shows what is being worked on, in standard error's last line; however it ends, that line is empty again."""
    if not sys.stderr.isatty():
        yield lambda words: None
        return
    try:
        yield lambda words: _write(f"\r\033[K{words[:79]}")
    finally:
        _write("\r\033[K")


def lines(words: str) -> None:
    """The same for work whose steps are to stay on the screen, a line each."""
    if sys.stderr.isatty():
        _write(f"{words}\n")


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone: nobody reads it, and what is worked on goes on
        sys.stderr.write(text)
        sys.stderr.flush()
