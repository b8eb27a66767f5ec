"""E Work that takes long, in a thread of its own, one piece at a time; the gate answers others meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Later:
    """An answer that is not ready: ``work`` is done in the thread, then ``answer`` in the gate's own.

    Work that fails gives no bytes.
    """

    work: Callable[[], bytes]
    answer: Callable[[bytes], bytes]


class Background:
    """``bell`` can be read when ``finished`` holds something. Every ``answer`` is called, whether anyone still waits or not."""

    def __init__(self) -> None:
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = ThreadPoolExecutor(1)
        self._done = deque[tuple[Callable[[bytes], None], Future[bytes]]]()

    def begin(self, later: Later, send: Callable[[bytes], None]) -> None:
        """Do its work, later hand its answer to ``send``."""
        try:
            future = self._thread.submit(later.work)
        except RuntimeError as error:  # the kernel gives no thread: work that failed
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda done: self._ring(lambda given: send(later.answer(given)), done))

    def _ring(self, hand_over: Callable[[bytes], None], done: Future[bytes]) -> None:
        self._done.append((hand_over, done))
        os.eventfd_write(self.bell, 1)

    def finished(self) -> Iterator[Callable[[], None]]:
        """What is to be called now, in this thread, to hand the answers over."""
        os.eventfd_read(self.bell)
        try:
            while self._done:
                hand_over, done = self._done.popleft()
                given = b"" if done.exception() is not None else done.result()
                yield lambda hand_over=hand_over, given=given: hand_over(given)  # type: ignore[misc]
        finally:
            if self._done:  # handing one over failed: the others are not forgotten
                os.eventfd_write(self.bell, 1)

    def close(self) -> None:
        """End the thread after what it does now."""
        self._thread.shutdown(cancel_futures=True)
        os.close(self.bell)
